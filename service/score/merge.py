"""Parts to one output file, which appears when it is whole."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from models.bundle.files import sync_folder
from service.score.compression import arrow
from service.score.errors import DataError
from service.score.parts import Parts
from service.score.rendering import Renderer

PIECE = 2**20


def join(parts: Parts, renderer: Renderer) -> None:
    """Write `parts.out` from the parts and remove them. Raises `DataError` where Parquet parts don't agree."""
    aside = parts.folder / "joined"
    with aside.open("wb") as file:
        if renderer.kind.format == "parquet":
            _join_parquet(parts, renderer, file)
        else:
            file.write(renderer.head())
            for content in parts.contents():
                shutil.copyfileobj(content, file, PIECE)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(parts.out)
    sync_folder(parts.out.parent)
    parts.remove()


def _join_parquet(parts: Parts, renderer: Renderer, file: BinaryIO) -> None:
    pa = arrow()
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    try:
        schema = pa.unify_schemas(_schemas(parts, renderer), promote_options="permissive")
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for content in parts.contents():
                writer.write_table(pq.read_table(pa.BufferReader(content.read())).cast(schema))
    except pa.ArrowException as error:
        raise DataError(f"{parts.out}: the rows don't fit into one Parquet file ({error}): write .jsonl") from error


def _schemas(parts: Parts, renderer: Renderer) -> Iterator[Any]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    empty = arrow().BufferReader(renderer.part([], []))
    yield pq.read_schema(empty)
    for content in parts.contents():
        yield pq.read_schema(arrow().BufferReader(content.read()))


def check_writable(out: Path) -> None:
    """Raise `DataError` where `out` can't be written, before anything is scored."""
    if out.is_dir():
        raise DataError(f"{out}: is a folder")
    if not out.parent.is_dir():
        raise DataError(f"{out.parent}: no such folder")
    if not os.access(out.parent, os.W_OK):
        raise DataError(f"{out.parent}: may not be written to")
