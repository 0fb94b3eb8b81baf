"""The targets of the fuzzer hold for the inputs that it begins with, and for those that `GATESCOPE_FUZZ_KEPT` has."""

import os
from importlib import import_module
from pathlib import Path

import pytest

from tests.fuzz.__main__ import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_known_is_no_fault(name: str, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_FUZZ_BUNDLE", str(repository / "lstm" / "1"))
    target = import_module(f"tests.fuzz.targets.{name}")
    kept = Path(os.environ.get("GATESCOPE_FUZZ_KEPT", "/nowhere"), name)
    for content in (*target.SEEDS, *(file.read_bytes() for file in sorted(kept.glob("*")))):
        target.run(content)
