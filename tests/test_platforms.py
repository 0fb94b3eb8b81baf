"""Where there is no /proc, no `sched_getaffinity` and no uvloop, as on macOS, one can export, score and serve."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

TAKEN_AWAY = """
import builtins, io, os, sys

for name in ("sched_getaffinity", "sched_setaffinity"):
    if hasattr(os, name):
        delattr(os, name)
sys.modules["uvloop"] = None

def without(opens):
    def opened(path, *arguments, **options):
        if str(path).startswith(("/proc", "/sys/fs/cgroup")):
            raise FileNotFoundError(2, "taken away by a test", str(path))
        return opens(path, *arguments, **options)
    return opened

builtins.open = io.open = without(io.open)
os.open = without(os.open)
"""
ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "gatescope"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of processes that every one of these is taken away from as it starts."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(TAKEN_AWAY)
    paths = [str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    looked = (
        "import os; print(hasattr(os, 'sched_getaffinity'))\ntry: open('/proc/self/stat')\nexcept OSError: print(1)"
    )
    said = subprocess.run([sys.executable, "-c", looked], env=found, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "1"]
    return found


def test_export(environment: dict[str, str], tmp_path: Path) -> None:
    table = tmp_path / "reviews.csv"
    lines = [f"{'a great' if n % 2 else 'a dull'} film {n},{'good' if n % 2 else 'bad'}" for n in range(80)]
    table.write_text("\n".join(["text,label", *lines]) + "\n")
    sizes = ["--hidden-size", "8", "--embedding-size", "8", "--min-count", "1", "--epochs", "8", "--batch-size", "8"]
    options = ["--data", table, "--repository", tmp_path, "--cells", "gru", "--learning-rate", "0.02", *sizes]
    subprocess.run([*COMMAND, "export", *map(str, options)], env=environment, cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / "gru" / "1" / "manifest.json").is_file()


def test_score(environment: dict[str, str], repository: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\na great film\nnot bad\n")
    options = ["--repository", str(repository), "in.csv", "--out", "out.jsonl"]
    subprocess.run([*COMMAND, "score", *options], env=environment, cwd=tmp_path, check=True, timeout=60)
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


def test_serve_in_one_process(environment: dict[str, str], repository: Path, tmp_path: Path) -> None:
    options = ["--repository", str(repository), "--port", "0", "--workers", "1"]
    with subprocess.Popen(
        [*COMMAND, "serve", *options], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            root = next(line.split()[1].rstrip("/") for line in process.stdout if line.startswith("  open"))
            body = json.dumps({"text": "a great film"}).encode()
            with urllib.request.urlopen(f"{root}/v1/predict", body, timeout=30) as answer:
                assert json.load(answer)["words"] == 3
            with urllib.request.urlopen(f"{root}/metrics", timeout=30) as answer:
                assert "gatescope_worker_memory_bytes" in answer.read().decode()
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
