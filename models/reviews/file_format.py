"""The format of a file, as its name says."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from models.reviews.compression import Compression
from models.reviews.errors import UsageError

Format = Literal["csv", "jsonl", "json", "parquet", "arrow"]
"""`json` is a list of objects, `jsonl` one JSON value a line; `json` and `arrow` are only read."""
TABLES: tuple[Format, ...] = ("parquet", "arrow")

PIPE = "-"
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
}
COMPRESSIONS: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How a file is written."""

    format: Format
    compression: Compression = "none"
    delimiter: str = ","
    """Of CSV that is written."""


def format_of(name: str, asked: str | None = None) -> FileFormat:
    """Return the format of a file by its name; of a pipe what was `asked` for, else JSON lines. Raises `UsageError`."""
    if name == PIPE:
        if asked not in (None, *get_args(Format)):
            raise UsageError(f"--format is one of {', '.join(get_args(Format))}")
        return FileFormat(asked or "jsonl")  # type: ignore[arg-type]
    path = Path(name.lower())
    compression = COMPRESSIONS.get(path.suffix, "none")
    suffix = Path(path.stem).suffix if compression != "none" else path.suffix
    if suffix not in SUFFIXES or (SUFFIXES[suffix] in TABLES and compression != "none"):
        known = ", ".join(SUFFIXES)
        raise UsageError(f"{name}: expected a file that ends in {known}; all but the last two also .gz or .zst")
    return FileFormat(SUFFIXES[suffix], compression, "\t" if suffix == ".tsv" else ",")
