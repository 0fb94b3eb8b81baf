"""The files that paths, folders and globs mean: each once, none hidden, none an output."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from models.reviews.errors import DataError, UsageError
from models.reviews.file_format import PIPE, format_of

TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".swp", ".bak", ".crdownload", ".writing")
DESCRIPTIONS = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
"""Files of a Hugging Face data set that hold no rows. Its `cache-*.arrow` hold rows of other files."""


@dataclass(frozen=True, slots=True)
class Found:
    """The files to read, in order, and those of folders and globs that are left out: hidden, temporary, rowless."""

    names: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def find(given: Sequence[str], out: str | None = None) -> Found:
    """Return the files that `given` paths, folders and globs mean, by name; `out`, if any, is none of them.

    A file that can be reached by several paths is read once. Raises `DataError` where there is none and `UsageError`
    where an input is the output, or formats differ.
    """
    if PIPE in given:
        if len(given) > 1:
            raise UsageError("a pipe (-) is the only input")
        return Found((PIPE,))
    refuse_same(given, out)
    candidates = list(_once([each for name in given for each in _expanded(name)], out))
    names = tuple(str(each.path) for each in candidates if not each.hidden)
    if not names:
        raise DataError(f"no files to read in {', '.join(given)}")
    if len({format_of(name).format for name in names}) > 1:
        raise UsageError("the inputs are of several formats: read each in a run of its own")
    return Found(names, tuple(str(each.path) for each in candidates if each.hidden))


def without(names: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Return the files of `names` that are none of `others`, however they are spelt or linked."""
    left_out = {_identity(Path(name)) for name in others}
    return tuple(name for name in names if _identity(Path(name)) not in left_out)


def refuse_same(inputs: Sequence[str], out: str | None) -> None:
    """Raise `UsageError` where `out` is one of `inputs`, however it is spelt or linked."""
    target = None if out in (None, PIPE) else _identity(Path(str(out)))
    if target is not None and target in {_identity(Path(name)) for name in inputs if not Path(name).is_dir()}:
        raise UsageError(f"{out} is input and output at once")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file; links lead to the file that they name."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class _Candidate(NamedTuple):
    path: Path
    hidden: bool = False


def _once(candidates: Sequence[_Candidate], out: str | None = None) -> Iterator[_Candidate]:
    """Yield the candidates that lead to a file for the first time and not to `out`."""
    seen = {None, None if out is None else _identity(Path(out))}
    for candidate in candidates:
        identity = _identity(candidate.path)
        if identity not in seen:
            seen.add(identity)
            yield candidate


def _expanded(given: str) -> list[_Candidate]:
    path = Path(given)
    if path.is_dir():
        inside = (each for each in sorted(path.rglob("*")) if each.is_file() and _is_readable(each))
        return [_Candidate(each, _is_hidden(each.relative_to(path))) for each in inside]
    if not path.exists() and glob.has_magic(given):
        found = map(Path, glob.iglob(given, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute patterns
        files = [_Candidate(each, _is_hidden(Path(each.name))) for each in found if each.is_file()]
        files.sort(key=lambda file: (len(file.path.parts), file.path))  # of a loop of links the shortest way
        return sorted(_once(files))
    if not path.is_file():
        raise DataError(f"{given}: no such file")
    return [_Candidate(path)]


def _is_readable(path: Path) -> bool:
    """Return whether a file in a folder is read, or else named among those that are left out."""
    try:
        format_of(path.name)
    except UsageError:
        return path.suffix.lower() in TEMPORARY
    return True


def _is_hidden(inside: Path) -> bool:
    """Return whether a file is hidden, temporary, unfinished or without rows, by its path in the folder."""
    return (
        any(part.startswith((".", "_", "~")) for part in inside.parts)
        or any(part.endswith((".parts", ".states")) for part in inside.parts[:-1])
        or inside.suffix.lower() in TEMPORARY
        or inside.name in DESCRIPTIONS
        or (inside.name.startswith("cache-") and inside.suffix == ".arrow")
    )
