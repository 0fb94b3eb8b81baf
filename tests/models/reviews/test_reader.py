"""Any table in any dialect and encoding is read back as it was written."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reviews.file_format import format_of
from models.reviews.json_records import plain
from models.reviews.reader import Streams, open_text
from models.reviews.records import ReadOptions
from models.reviews.rows import RowParser

ENCODINGS = {
    "utf-8": None,
    "utf-8-sig": None,
    "utf-16": None,
    "utf-32": None,
    "utf-16-be": "utf-16-be",
    "cp1252": "cp1252",
    "koi8_r": "koi8-r",
    "gb18030": "gb18030",
}
"""How a file is written, and what its reader is told."""

Table = list[dict[str, str]]


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, Table]:
    """An encoding, and rows that it can write."""
    encoding = draw(st.sampled_from(list(ENCODINGS)))
    tricky = st.sampled_from("\"'\\,;\t|\r\n a")
    texts = st.text(st.characters(codec=encoding) | tricky, max_size=12)
    return encoding, draw(st.lists(st.fixed_dictionaries({"id": texts, "text": texts, "label": texts}), max_size=4))


def read(path: Path, options: ReadOptions) -> Table:
    kind = format_of(path.name)
    text = open_text(Streams([str(path)], kind), kind.format, ["text", "label"], options)
    rows, _ = RowParser(kind.format, "text", text.columns).parse([record.content for _, record in text.rows])
    return [{name: plain(value) for name, value in row.items()} for row in rows.values]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@settings(max_examples=40)
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|"),
    quoting_and_end=st.sampled_from([(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r"), (csv.QUOTE_MINIMAL, "\r\n")]),
)
def test_csv(folder: Path, table: tuple[str, Table], delimiter: str, quoting_and_end: tuple[int, str]) -> None:
    (encoding, rows), (quoting, end) = table, quoting_and_end
    written = io.StringIO(newline="")
    dialect = {"delimiter": delimiter, "lineterminator": end, "quoting": quoting}
    writer = csv.DictWriter(written, ["id", "text", "label"], **dialect)  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(rows)
    (folder / "a.csv").write_bytes(written.getvalue().encode(encoding))
    assert read(folder / "a.csv", ReadOptions(encoding=ENCODINGS[encoding])) == rows


@settings(max_examples=40)
@given(
    table=tables(),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    ascii_only=st.booleans(),
    name=st.sampled_from(["a.jsonl.gz", "a.json.gz"]),
)
def test_json(folder: Path, table: tuple[str, Table], end: str, ascii_only: bool, name: str) -> None:
    encoding, rows = table
    lines = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
    written = end.join(lines) if "jsonl" in name else f"[{f',{end}'.join(lines)}]"
    (folder / name).write_bytes(gzip.compress(written.encode(encoding), 1))
    assert read(folder / name, ReadOptions(encoding=ENCODINGS[encoding])) == rows
