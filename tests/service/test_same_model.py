"""Whoever asks, the service, `score` or `trace`, is answered by the same model and version."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from service.process import logs
from service.settings import read_settings
from tests.bundles import random_weights, write_bundle
from tests.service.conftest import running

TEXT = "Not bad at all"
Answer = tuple[float, str]
"""The probability of `fresh`, and what was said on standard error."""


def run(environment: Mapping[str, str], *given: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gatescope", *given],
        capture_output=True,
        text=True,
        input=text,
        timeout=60,
        check=True,
        env={**os.environ, **environment},
    )


def by_score(repository: Path, environment: Mapping[str, str]) -> Answer:
    arguments = ("score", "-", "--format", "jsonl", "--out", "-", "--repository", str(repository), "--json")
    done = run(environment, *arguments, text=json.dumps({"text": TEXT}) + "\n")
    return json.loads(done.stdout)["probabilities"]["fresh"], done.stderr


def by_trace(repository: Path, environment: Mapping[str, str]) -> Answer:
    done = run(environment, "trace", TEXT, "--json", "--repository", str(repository))
    return json.loads(done.stdout)["prediction"]["probabilities"]["fresh"], done.stderr


@pytest.fixture
def by_serve(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    def ask(repository: Path, environment: Mapping[str, str]) -> Answer:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        logs.configure("info", "json")
        with running(read_settings(repository=repository)) as service:
            fresh = service.predict(TEXT).json()["probabilities"]["fresh"]
        return fresh, capfd.readouterr().err

    return ask


@pytest.fixture
def everybody(by_serve: Callable[..., Answer]) -> Callable[..., list[Answer]]:
    def ask(repository: Path, **environment: str) -> list[Answer]:
        return [asked(repository, environment) for asked in (by_serve, by_score, by_trace)]

    return ask


@pytest.fixture
def copied(repository: Path, tmp_path: Path) -> Path:
    """The three models, with a second version of `lstm` that answers otherwise."""
    folder = Path(shutil.copytree(repository, tmp_path / "repository"))
    write_bundle(folder, "lstm", random_weights("lstm", seed=7))
    return folder


def test_the_default_model_of_the_environment_answers(repository: Path, everybody: Callable[..., list[Answer]]) -> None:
    lstm, gru = everybody(repository), everybody(repository, GATESCOPE_DEFAULT_MODEL="gru")
    for found in (lstm, gru):
        assert [fresh for fresh, _ in found] == pytest.approx([found[0][0]] * 3, abs=1e-4)
    assert abs(lstm[0][0] - gru[0][0]) > 1e-3


def test_a_broken_version_is_passed_over_and_named(
    repository: Path, copied: Path, everybody: Callable[..., list[Answer]]
) -> None:
    with (copied / "lstm" / "2" / "weights.safetensors").open("r+b") as file:
        file.truncate(1000)
    for (fresh, said), (expected, quiet) in zip(everybody(copied), everybody(repository), strict=True):
        assert fresh == pytest.approx(expected, abs=1e-5)
        assert "lstm/2/weights.safetensors" in said
        assert "lstm/2" not in quiet


def test_a_folder_that_says_it_is_another_version_is_passed_over_and_named(
    copied: Path, everybody: Callable[..., list[Answer]]
) -> None:
    expected = everybody(copied)
    shutil.copytree(copied / "lstm" / "1", copied / "lstm" / "3")
    for (fresh, said), (second, _) in zip(everybody(copied), expected, strict=True):
        assert fresh == pytest.approx(second, abs=1e-5)
        assert "lstm/3" in said
        assert "is lstm version 1" in said
