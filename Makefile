PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RAY_VENV := .venv-ray

GATESCOPE_HOST ?= 127.0.0.1
GATESCOPE_PORT ?= 8000
export GATESCOPE_HOST GATESCOPE_PORT

.PHONY: run test test-cluster test-images check bench clean

run: $(VENV)/.installed
	$(BIN)/gatescope export --if-missing
	$(BIN)/gatescope serve

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest

test-cluster: $(RAY_VENV)/.installed
	$(RAY_VENV)/bin/python -m pytest tests/cluster

test-images: $(VENV)/.installed-dev
	$(BIN)/python -m tests.deploy.stages

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cpu,export]'
	touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[cpu,export,telemetry,dev]'
	touch $@

$(RAY_VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(RAY_VENV)
	$(RAY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[cpu,export,ray]' pytest
	touch $@

clean:
	rm -rf $(VENV) $(RAY_VENV) build *.egg-info
