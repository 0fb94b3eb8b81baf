"""An export that is killed while it trains goes on to what it would have written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gatescope.command_line import main
from models.bundle.files import STEP
from models.bundle.repository import versions

KILLED_WHILE_AN_EPOCH_IS_SAVED = """
import os, signal, sys
from gatescope.command_line import main

epochs = 0
def seen(event, arguments):
    global epochs
    if event == "os.rename" and ".checkpoints" in str(arguments[0]):
        epochs += 1
        if epochs == 2:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(seen)
main()
"""
SIZES = ["--hidden-size", "4", "--embedding-size", "4", "--min-count", "1", "--batch-size", "8"]
SETTINGS = ["--cells", "lstm", "--epochs", "3", "--learning-rate", "0.05", *SIZES]


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """80 reviews that one word tells apart."""
    rows = [f"{word} {number},{word}" for number in range(40) for word in ("good", "bad")]
    file = tmp_path / "reviews.csv"
    file.write_text("\n".join(["text,label", *rows]))
    return file


def test_killed_while_an_epoch_is_saved_and_gone_on_with(
    reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def arguments(repository: str, *more: str) -> list[str]:
        return ["export", "--data", str(reviews), *SETTINGS, "--repository", str(tmp_path / repository), *more]

    def graph(repository: str, *more: str) -> bytes:
        monkeypatch.setattr(sys, "argv", ["gatescope", *arguments(repository, *more)])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        return (tmp_path / repository / "lstm" / "1" / STEP).read_bytes()

    command = [sys.executable, "-c", KILLED_WHILE_AN_EPOCH_IS_SAVED, *arguments("killed")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == -signal.SIGKILL
    killed = tmp_path / "killed"
    assert not versions(killed, "lstm")
    assert len(list(killed.rglob("*.part"))) == 1
    assert graph("killed", "--resume") == graph("whole")
    assert not [name for _, _, names in os.walk(killed) for name in names if name.endswith(".part")]
