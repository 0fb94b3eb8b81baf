"""`make fuzz`: coverage-guided fuzzing with Atheris. `python -m tests.fuzz [--seconds N] [TARGET ...]`.

Each target of `tests/fuzz/targets` is fuzzed for so long, in a process of the environment `.venv-fuzz`. What it finds
worth keeping stands in `.fuzz/TARGET`, where the next run goes on. Exits with 1 where there is a fault; its input is
then in `.fuzz/TARGET-crash-...`.

Atheris sees which lines of Python an input reaches, not which of C: `python -m tests.native` repeats all inputs that
are kept on compiled parts with sanitizers.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bundles import random_weights, write_bundle

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-fuzz" / "bin" / "python"
TARGETS = sorted(file.stem for file in (Path(__file__).parent / "targets").glob("[a-z]*.py"))


def main() -> int:
    """Fuzz the targets that are named, or all; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all where left out")
    parser.add_argument("--seconds", type=int, default=120, help="of each target")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        bundle = write_bundle(Path(folder), "lstm", random_weights("lstm"))
        environment = os.environ | {"GATESCOPE_FUZZ_BUNDLE": str(bundle)}
        failed = [name for name in given.targets or TARGETS if _fuzz(name, given.seconds, environment)]
    print(f"faults: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _fuzz(name: str, seconds: int, environment: dict[str, str]) -> int:
    """Fuzz one target; return its exit code."""
    print(f"--- {name}, {seconds} s", file=sys.stderr, flush=True)
    command = [str(PYTHON), "-m", "tests.fuzz.one", name, str(ROOT / ".fuzz" / name), str(seconds)]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
