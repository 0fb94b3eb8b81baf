"""Texts of Parquet columns, whatever their type, and why a value is none."""

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.reviews.errors import DataError
from models.reviews.file_format import Format
from models.reviews.parquet_rows import batches, class_names, one_column, open_table, texts

NONE = "column 'text' holds no text"


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.string())]
)
def test_every_type_of_text_is_read(kind: pa.DataType) -> None:
    column = pa.array(["good", None, "café"]).cast(kind)
    assert texts(column, "text") == [("good", None), (None, NONE), ("café", None)]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()])
def test_bytes_that_are_not_utf8_are_one_rows_fault(kind: pa.DataType) -> None:
    offsets, content = pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer(b"\xffok")
    column = pa.Array.from_buffers(kind, 2, [None, offsets, content])
    assert texts(column, "text") == [(None, "column 'text' is not UTF-8"), ("ok", None)]


def test_numbers_are_no_text() -> None:
    assert texts(pa.array([1, 2]), "text") == [(None, NONE)] * 2


def test_a_column_must_be_there_once() -> None:
    schema = pa.schema([("text", pa.string()), ("id", pa.int64()), ("id", pa.int64())])
    assert one_column("in", schema, "text") == 0
    with pytest.raises(DataError, match=r"in: column 'id' stands 2 times"):
        one_column("in", schema, "id")
    with pytest.raises(DataError, match=r"in: no column 'review'; there are text, id, id"):
        one_column("in", schema, "review")


def test_only_what_is_asked_for_is_read() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "text": ["good"]}), sink)
    file = open_table("in", "parquet", sink)
    assert [batch.schema.names for batch in batches("in", file, ["text"])] == [["text"]]


@pytest.mark.parametrize(("kind", "content"), [("parquet", b"PAR1"), ("arrow", b"text,label\n"), ("arrow", b"ARROW1")])
def test_what_is_no_table_is_said(kind: Format, content: bytes) -> None:
    with pytest.raises(DataError, match=f"in: not readable as {kind.capitalize()}"):
        open_table("in", kind, io.BytesIO(content))


@pytest.mark.parametrize("write", [pa.ipc.new_stream, pa.ipc.new_file])
def test_arrow_is_read_in_batches_of_a_size(write: Callable[..., Any]) -> None:
    table, sink = pa.table({"id": range(3000), "text": ["good"] * 3000}), io.BytesIO()
    with write(sink, table.schema) as writer:
        writer.write_table(table)
    found = list(batches("in", open_table("in", "arrow", io.BytesIO(sink.getvalue())), ["text"]))
    assert [batch.schema.names for batch in found] == [["text"]] * 3
    assert [len(batch) for batch in found] == [1024, 1024, 952]
    cut = sink.getvalue()[: len(sink.getvalue()) // 2]
    with pytest.raises(DataError, match="in: "):
        list(batches("in", open_table("in", "arrow", io.BytesIO(cut))))


@pytest.mark.parametrize(
    "metadata", [None, {"huggingface": "["}, {"huggingface": "{}"}, {"huggingface": '{"info": 1}'}]
)
def test_a_schema_that_names_no_classes_has_none(metadata: dict[str, str] | None) -> None:
    assert class_names(pa.schema([("label", pa.int64())], metadata)) == {}
