"""The compiled parts once more under AddressSanitizer and UndefinedBehaviorSanitizer.

    .venv/bin/python -m tests.native

Builds them with the sanitizers, every warning an error, in a copy of the checkout and runs there the tests that reach
them, with what `make fuzz` has kept. Takes a minute. Needs GCC and its sanitizers' libraries. Exits with 1 where a test
fails or a sanitizer speaks.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
FLAGS = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined"
STRICT = "-Wall -Wextra -Werror -Wno-unused-parameter"  # Python's conventions leave parameters unused
TESTS = (
    "tests/models/text/test_words.py",
    "tests/models/text/test_pattern.py",
    "tests/models/trace/test_recover.py",
    "tests/models/network/test_compiled_session.py",
    "tests/service/engine/test_parts.py",
    "tests/fuzz/test_targets.py",
)
LEFT_OUT = (".*", "repository", "build", "*.so", "*.egg-info", "__pycache__")


def main() -> int:
    """Build and run; returns the exit code of the tests."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "gatescope"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        built = Path(folder) / "built"
        install = [sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--target", str(built), str(copy)]
        flags = {"CFLAGS": f"{FLAGS} {STRICT}", "LDFLAGS": "-fsanitize=address,undefined", "PYTHONWARNINGS": "ignore"}
        subprocess.run(install, env=os.environ | flags, check=True)
        assert len(list(built.rglob("*.so"))) == 3, "something was not built"
        for name in ("tests", "pyproject.toml"):
            shutil.move(copy / name, built)
        watched = {
            "LD_PRELOAD": ":".join(map(_library, ("libasan.so", "libubsan.so"))),
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own
            "PYTHONPATH": str(built),
            "GATESCOPE_FUZZ_KEPT": str(ROOT / ".fuzz"),
        }
        tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
        return subprocess.run(tests, cwd=built, env=os.environ | watched, check=False).returncode


def _library(name: str) -> str:
    found = subprocess.run(["cc", f"-print-file-name={name}"], check=True, capture_output=True, text=True)
    return found.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
