"""A virtual environment for every peer, made by pip once and kept."""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

RUNTIME = "onnxruntime==1.32.0"
CHECKOUT = Path(__file__).parents[2]


def environment(folder: Path, *steps: Sequence[str]) -> Path:
    """The `bin` of an environment in which `pip install` has run with each of `steps`; made anew where they changed.

    The checkout is on its path: the words are cut by the same code everywhere.
    """
    wanted = hashlib.sha256(repr(steps).encode()).hexdigest()
    mark = folder / "made"
    if not mark.is_file() or mark.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        for step in steps:
            subprocess.run([folder / "bin" / "pip", "install", "-q", "--disable-pip-version-check", *step], check=True)
        packages = next((folder / "lib").glob("python*/site-packages"))
        (packages / "checkout.pth").write_text(f"{CHECKOUT}\n")
        mark.write_text(wanted)
    return folder / "bin"


def versions(binaries: Path, *names: str) -> str:
    """The installed versions of distributions, for people."""
    code = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    done = subprocess.run([binaries / "python", "-c", code, *names], capture_output=True, text=True, check=True)
    return done.stdout.strip()
