"""Bundles with changed bytes, whose manifest says the hashes that they have: read, or refused by name."""

import os
import shutil
import struct
import tempfile
from pathlib import Path

from pydantic_core import from_json, to_json

from models.bundle.files import MANIFEST, InvalidBundle, describe, read

BUNDLE = Path(os.environ["GATESCOPE_FUZZ_BUNDLE"])
"""A small valid bundle."""
NAMES = sorted(file.name for file in BUNDLE.iterdir() if file.is_file())
SEEDS = tuple(struct.pack("<BI", number, place) + b"\x00\xff" for number in range(len(NAMES)) for place in (0, 40, 400))
_folder = Path(tempfile.mkdtemp(prefix="gatescope-fuzz-"))


def run(data: bytes) -> None:
    """The first byte chooses a file, the next four a place in it; the others are put there."""
    if len(data) < 5:
        return
    number, place = struct.unpack_from("<BI", data)
    name = NAMES[number % len(NAMES)]
    content = (BUNDLE / name).read_bytes()
    place %= len(content)
    folder = _folder / "1"
    shutil.copytree(BUNDLE, folder, dirs_exist_ok=True)
    (folder / name).write_bytes(content[:place] + data[5:] + content[place + len(data[5:]) :])
    if name != MANIFEST:
        _describe_anew(folder, name)
    try:
        read(folder)
    except InvalidBundle as error:
        assert str(folder) in str(error)


def _describe_anew(folder: Path, name: str) -> None:
    manifest = from_json((folder / MANIFEST).read_bytes())
    file = describe({name: (folder / name).read_bytes()})[name]
    manifest["files"][name] = file.model_dump()
    (folder / MANIFEST).write_bytes(to_json(manifest))
