"""The repository of bundles: `<repository>/<model name>/<integer version>/`.

A version is immutable and appears atomically: it is written aside, flushed, and renamed into place.
"""

import errno
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from models.bundle.files import sync_folder, write
from models.bundle.manifest import Manifest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


def model_names(repository: Path) -> list[str]:
    """Return the models that have at least one version, by name."""
    if not repository.is_dir():
        return []
    found = (entry.name for entry in repository.iterdir() if entry.is_dir() and _NAME.fullmatch(entry.name))
    return sorted(name for name in found if versions(repository, name))


def versions(repository: Path, name: str) -> list[int]:
    """Return the versions of a model, lowest first. Folders that are no plain positive integer are ignored."""
    folder = repository / name
    if not _NAME.fullmatch(name) or not folder.is_dir():
        return []
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.is_dir() and _VERSION.fullmatch(entry.name))


Written = Callable[[int], tuple[Manifest, Mapping[str, bytes]]]
"""The manifest and the files of a bundle, for the version number that it gets."""


def publish(repository: Path, name: str, written: Written, gate: Callable[[Path], object]) -> Path:
    """Add the next version of a model and return its folder.

    `gate` looks at the bundle before it appears; what it raises is passed on, and nothing is left behind.
    """
    home = repository / name
    home.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=home))
    try:
        while True:
            version = max(versions(repository, name), default=0) + 1
            folder = aside / str(version)
            write(folder, *written(version))
            gate(folder)
            try:
                folder.rename(home / str(version))
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise
                shutil.rmtree(folder)
                continue
            sync_folder(home)
            return home / str(version)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if not any(home.iterdir()):
            home.rmdir()
