"""The service as its users run it: a process of its own, on a free port, stopped by a signal."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

GATESCOPE = (sys.executable, "-P", "-m", "gatescope")


@contextmanager
def serving(
    repository: Path, *options: str, command: Sequence[str] = GATESCOPE, folder: Path | None = None
) -> Iterator[str]:
    """The address of a service that is ready; it must end cleanly within 30 s of its stop signal."""
    arguments = [*command, "serve", "--repository", str(repository), "--port", "0", *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(arguments, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield _ready(process)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def _ready(process: subprocess.Popen[str]) -> str:
    """The address that the service prints, once it answers there that it is ready."""
    assert process.stdout
    line = next((line for line in process.stdout if "http://" in line), None)
    assert line, "the service ended before it was ready"
    root = "http://" + line.split("http://")[1].split("/")[0].strip()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{root}/health/ready"):
                return root
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError("the service did not become ready")
