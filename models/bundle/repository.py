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
from models.bundle.writing import clear, writing

ASIDE = ".writing-"

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

    `gate` looks at the bundle before it appears; what it raises is passed on, and nothing is left behind. What a killed
    process left behind goes, too.
    """
    home = repository / name
    home.mkdir(parents=True, exist_ok=True)
    clear(home, f"{ASIDE}*")
    with writing(home):
        aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=home))
        try:
            while not (appeared := _appear(repository, name, aside, written, gate)):
                pass
            return appeared
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            if not any(home.iterdir()):
                home.rmdir()


def clear_unfinished(repository: Path) -> None:
    """Remove the versions that killed processes have half written, and keep those that are being written."""
    for home in repository.iterdir() if repository.is_dir() else ():
        if home.is_dir() and _NAME.fullmatch(home.name):
            clear(home, f"{ASIDE}*")


def _appear(repository: Path, name: str, aside: Path, written: Written, gate: Callable[[Path], object]) -> Path | None:
    """Write the next version and rename it into place; return None where another process took its number."""
    version = max(versions(repository, name), default=0) + 1
    folder, place = aside / str(version), repository / name / str(version)
    write(folder, *written(version))
    gate(folder)
    try:
        folder.rename(place)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        shutil.rmtree(folder)
        return None
    sync_folder(place.parent)
    return place
