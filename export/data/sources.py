"""Which reviews are meant by a name or a path."""

from collections.abc import Callable, Sequence
from glob import has_magic
from pathlib import Path

from export.data.critics import critics, critics_long
from export.data.imdb import download, imdb
from export.data.own_files import OwnFiles, read_own
from export.data.reviews import Reviews
from export.data.tables import Columns
from export.data.wheels import cache_directory
from models.reviews.errors import DataError

BUILT_IN = ("critics", "critics-long", "imdb")
FREE_TEXTS = ("critics", "critics-long")
"""Reviews whose terms let a bundle pass their texts on: Apache-2.0."""


def load(
    data: str,
    *,
    data_dir: Path | None = None,
    columns: Columns | None = None,
    validation: str | None = None,
    test: str | None = None,
    labels: Sequence[str] | None = None,
    licence: str = "not stated",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reviews:
    """Return reviews by a built-in name (`critics`, `critics-long`, `imdb`), or from CSV, JSON or Parquet files.

    `data_dir` is where `imdb` lies (folder or archive; without it the archive is downloaded, `progress(done, total)`
    in bytes); `columns`, the files of `validation` and `test`, `labels` (their order) and `licence` are for own files.
    Raises `DataError`.
    """
    if data in BUILT_IN and (validation or test or (columns and columns.split)):
        raise DataError(f"{data} has splits of its own: --validation, --test and --split-column are for your own files")
    if data == "critics":
        return critics(cache_directory())
    if data == "critics-long":
        return critics_long(cache_directory())
    if data == "imdb":
        return imdb(data_dir or download(cache_directory(), progress))
    path = Path(data)
    if not path.suffix and not path.exists() and not has_magic(data):
        raise DataError(f"{data!r} is neither a file, a folder nor one of {', '.join(BUILT_IN)}")
    return read_own(OwnFiles(data, validation, test), columns or Columns(), labels, licence)
