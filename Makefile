PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RAY_VENV := .venv-ray
LOCK_VENV := .venv-lock
FUZZ_VENV := .venv-fuzz
AUDIT_VENV := .venv-audit
INSTALL := -m pip install --quiet --disable-pip-version-check --editable
IN_PROCESS := models export/data export/memory export/publish export/training service/api service/engine service/inference \
  service/metrics service/score service/tracing
FORMATTED := $(wildcard models/network/native/*) $(wildcard models/trace/*.[ch])
DISTRIBUTION := pyproject.toml setup.py $(wildcard models/text/*.[ch] models/trace/*.c models/network/native/*)

GATESCOPE_HOST ?= 127.0.0.1
GATESCOPE_PORT ?= 8000
export GATESCOPE_HOST GATESCOPE_PORT

.PHONY: run test coverage test-cluster test-faults test-images test-native fuzz check bench lock audit sbom docs clean

run: $(VENV)/.installed
	$(BIN)/gatescope export --if-missing
	$(BIN)/gatescope serve

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

coverage: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest $(IN_PROCESS:%=tests/%)
	$(BIN)/coverage report

test-cluster: $(RAY_VENV)/.installed
	$(RAY_VENV)/bin/python -m pytest tests/cluster

test-faults: $(VENV)/.installed-dev
	$(BIN)/python -m tests.load overload

test-images: $(VENV)/.installed-dev
	$(BIN)/python -m tests.deploy.stages

test-native: $(VENV)/.installed-dev
	$(BIN)/python -m tests.native

fuzz: $(VENV)/.installed-dev $(FUZZ_VENV)/.installed
	$(BIN)/python -m tests.fuzz

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(FORMATTED)
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks

lock:
	test -x $(LOCK_VENV)/bin/uv || { $(PYTHON) -m venv $(LOCK_VENV) && $(LOCK_VENV)/bin/python -m pip install --quiet uv; }
	deploy/requirements/lock.sh $(LOCK_VENV)/bin/uv

audit: $(AUDIT_VENV)/.installed
	for file in deploy/requirements/*.txt; do $(AUDIT_VENV)/bin/pip-audit --strict --disable-pip --require-hashes -r $$file || exit 1; done

sbom: $(AUDIT_VENV)/.installed
	mkdir -p dist
	for name in serve serve-cuda export; do $(AUDIT_VENV)/bin/cyclonedx-py requirements --output-reproducible \
	  --pyproject pyproject.toml -o dist/sbom-$$name.json deploy/requirements/$$name.txt || exit 1; done

docs: $(VENV)/.installed-dev
	$(BIN)/python -m tests.settings_page
	$(BIN)/python -m tests.service.metrics.documented
	$(BIN)/python -m tests.runbook_page

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(DISTRIBUTION) | $(VENV)/bin/python
	PYTHONWARNINGS=ignore $(BIN)/python $(INSTALL) '.[cpu,export]'
	touch $@

$(VENV)/.installed-dev: $(DISTRIBUTION) $(VENV)/.installed
	PYTHONWARNINGS=ignore $(BIN)/python $(INSTALL) '.[cpu,export,telemetry,dev]'
	touch $@

$(RAY_VENV)/.installed: $(DISTRIBUTION)
	$(PYTHON) -m venv $(RAY_VENV)
	PYTHONWARNINGS=ignore $(RAY_VENV)/bin/python $(INSTALL) '.[cpu,export,ray]' pytest
	touch $@

$(FUZZ_VENV)/.installed: $(DISTRIBUTION)
	$(PYTHON) -m venv $(FUZZ_VENV)
	PYTHONWARNINGS=ignore $(FUZZ_VENV)/bin/python $(INSTALL) '.[cpu,score]' atheris
	touch $@

$(AUDIT_VENV)/.installed:
	$(PYTHON) -m venv $(AUDIT_VENV)
	$(AUDIT_VENV)/bin/python -m pip install --quiet pip-audit cyclonedx-bom
	touch $@

clean:
	rm -rf $(VENV) $(RAY_VENV) $(LOCK_VENV) $(FUZZ_VENV) $(AUDIT_VENV) .fuzz build *.egg-info models/*/*.so .coverage
