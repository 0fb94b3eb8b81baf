"""`gatescope trace`, by way of the command itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.conftest import Running


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gatescope", "trace", *arguments]
    return subprocess.run(command, capture_output=True, text=True, input=text, timeout=60, check=False)


def test_the_verdict_its_words_and_its_units_are_drawn(repository: Path) -> None:
    done = run("Not bad at all", "--repository", str(repository))
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.startswith(("FRESH ", "ROTTEN "))
    assert "bias" in first
    for shown in ("bad", "p(fresh)", "turns:", "speaks for fresh", "unit"):
        assert shown in done.stdout


def test_a_running_service_says_the_same(repository: Path, served: Running) -> None:
    here, there = (
        json.loads(run("-", "--model", "gru", "--json", "--include", "memory", *where, text="Not bad").stdout)
        for where in (["--repository", str(repository)], ["--remote", f"http://127.0.0.1:{served.port}/"])
    )
    for trace in (here, there):
        del trace["timing_ms"]
    assert here == there


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["<br />"], 3, "empty"),
        (["a", "--model", "elman"], 3, "gru 1, lstm 1, rnn 1"),
        (["a", "--model", "lstm", "--version", "9"], 3, "lstm version 9"),
        (["a", "--target", "sweet"], 3, "rotten, fresh"),
        (["a", "--include", "everything"], 2, "memory"),
        (["a", "--remote", "http://127.0.0.1:9"], 3, "refused"),
    ],
)
def test_what_went_wrong_is_one_line(repository: Path, arguments: list[str], code: int, said: str) -> None:
    done = run(*arguments, "--repository", str(repository))
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
