"""What `gatescope` says without a command, and what it costs."""

import subprocess
import sys
from importlib.metadata import version

import pytest

HEAVY = ("torch", "onnx", "onnxruntime", "litestar", "sklearn", "pyarrow")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    loaded = f"print(set({HEAVY}) & set(sys.modules), file=sys.stderr)"
    code = f"import sys, gatescope.command\ntry: gatescope.command.main()\nfinally: {loaded}"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_the_version_is_that_of_the_distribution() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"gatescope {version('gatescope')}\n")


@pytest.mark.parametrize("arguments", [(), ("--help",), ("--version",)])
def test_nothing_heavy_is_loaded_to_say_what_there_is(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert "set()" in done.stderr
    assert arguments == ("--version",) or all(name in done.stdout for name in ("export", "serve", "score"))
