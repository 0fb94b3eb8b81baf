"""Which files are scored: paths, folders, globs or a pipe to files of one format, opened one after another."""

import glob
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from service.score.compression import Compression, decompressed
from service.score.errors import DataError, UsageError

Format = Literal["csv", "jsonl", "parquet"]

PIPE = "-"
SUFFIXES: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True, slots=True)
class Kind:
    """How a file is written, as its name says."""

    format: Format
    compression: Compression = "none"


def kind_of(name: str, asked: str | None = None) -> Kind:
    """The kind of a file by its name; of a pipe what was `asked` for, JSON lines by default. Raises `UsageError`."""
    if name == PIPE:
        if asked not in (None, *get_args(Format)):
            raise UsageError(f"--format is one of {', '.join(get_args(Format))}")
        return Kind(asked or "jsonl")  # type: ignore[arg-type]
    path = Path(name.lower())
    compression = COMPRESSIONS.get(path.suffix, "none")
    suffix = Path(path.stem).suffix if compression != "none" else path.suffix
    if suffix not in SUFFIXES or (suffix == ".parquet" and compression != "none"):
        raise UsageError(f"{name}: expected {', '.join(SUFFIXES)}; all but Parquet also .gz or .zst")
    return Kind(SUFFIXES[suffix], compression)


def find(given: Sequence[str], out: str) -> list[str]:
    """The files that paths, folders and globs mean, in a fixed order, without `out`. Raises `DataError` and
    `UsageError`.
    """
    if PIPE in given:
        if len(given) > 1:
            raise UsageError("a pipe (-) is the only input")
        return [PIPE]
    found = [name for each in given for name in _expanded(each, out)]
    if out in found:
        raise UsageError(f"{out} is input and output at once")
    if not found:
        raise DataError(f"no files to score in {', '.join(given)}")
    if len({kind_of(name).format for name in found}) > 1:
        raise UsageError("the inputs are of several formats: score each in a run of its own")
    return found


def _expanded(given: str, out: str) -> list[str]:
    path = Path(given)
    if path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file() and not _is_of(each, out))
        return [str(each) for each in inside if _is_scorable(each)]
    if not path.exists() and glob.has_magic(given):
        found = glob.iglob(given, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute patterns
        return sorted(name for name in found if Path(name).is_file() and not _is_of(Path(name), out))
    if not path.is_file():
        raise DataError(f"{given}: no such file")
    return [given]


def _is_of(path: Path, out: str) -> bool:
    """Whether `path` is the output or one of its parts."""
    return path.resolve() == Path(out).resolve() or any(parent.name.endswith(".parts") for parent in path.parents)


def _is_scorable(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return bool(suffixes) and (suffixes[-1] in SUFFIXES or (suffixes[-1] in COMPRESSIONS and len(suffixes) > 1))


class Streams:
    """The files one after another, decompressed; `done` of `total` bytes are read, None for a pipe."""

    def __init__(self, names: Sequence[str], kind: Kind) -> None:
        self.names, self._kind = names, kind
        self.total = None if PIPE in names else sum(Path(name).stat().st_size for name in names)
        self._before, self._file = 0, None

    _file: BinaryIO | None

    @property
    def done(self) -> int:
        """Bytes read so far, of compressed files the compressed ones."""
        return self._before + (self._file.tell() if self._file is not None and not self._file.closed else 0)

    def __iter__(self) -> Iterator[tuple[str, BinaryIO]]:
        for name in self.names:
            if name == PIPE:
                yield "standard input", sys.stdin.buffer
                continue
            with Path(name).open("rb") as self._file:
                compression = self._kind.compression if len(self.names) == 1 else kind_of(name).compression
                yield name, decompressed(self._file, compression)
                self._before += self._file.seek(0, 2)
