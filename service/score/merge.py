"""Parts to one output file, which appears when it is whole."""

import os
import shutil
from pathlib import Path
from typing import Any, BinaryIO

from models.bundle.files import sync_folder
from models.reviews.compression import arrow
from models.reviews.errors import DataError
from models.reviews.writer import Writer
from service.score.parts import Parts

PIECE = 2**20
GROUP_BYTES = 64 * 2**20
"""A row group of Parquet is written once its rows need more in memory."""


def merge(parts: Parts, writer: Writer) -> None:
    """Write `parts.out` from the parts and remove them. Raises `DataError` where Parquet parts don't agree."""
    aside = parts.folder / "joined"
    with aside.open("wb") as file:
        if writer.file.format == "parquet":
            _merge_parquet(parts, file)
        else:
            file.write(writer.head())
            for content in parts.contents():
                shutil.copyfileobj(content, file, PIECE)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(parts.out)
    sync_folder(parts.out.parent)
    parts.remove()


def _merge_parquet(parts: Parts, file: BinaryIO) -> None:
    pa = arrow()
    import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

    try:
        schema = _common_schema([pq.read_schema(pa.BufferReader(content.read())) for content in parts.contents()])
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            group: list[Any] = []
            for content in parts.contents():
                table = pq.read_table(pa.BufferReader(content.read()))
                group.append(table if table.schema.equals(schema) else table.cast(schema))
                if sum(each.nbytes for each in group) > GROUP_BYTES:
                    writer.write_table(pa.concat_tables(group))
                    group = []
            if group:
                writer.write_table(pa.concat_tables(group))
    except pa.ArrowException as error:
        raise DataError(f"{parts.out}: the rows don't fit into one Parquet file ({error}): write .jsonl") from error


def _common_schema(schemas: list[Any]) -> Any:
    """Return a schema that all parts can be cast to."""
    first = schemas[0]
    if all(schema.equals(first) for schema in schemas):
        return first
    return arrow().unify_schemas(schemas, promote_options="permissive")


def check_writable(out: Path) -> None:
    """Raise `DataError` where `out` can't be written, before anything is scored."""
    if out.is_dir():
        raise DataError(f"{out}: is a folder")
    if not out.parent.is_dir():
        raise DataError(f"{out.parent}: no such folder")
    if not os.access(out.parent, os.W_OK):
        raise DataError(f"{out.parent}: may not be written to")
