"""What the writer writes, the reader reads: any text, any columns, the answers beside them."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.reviews.columns import Unanswered
from models.reviews.errors import DataError
from models.reviews.file_format import format_of
from models.reviews.json_records import plain
from models.reviews.reader import Streams, open_tables, open_text
from models.reviews.records import ReadOptions
from models.reviews.rows import RowParser, Rows
from models.reviews.writer import Writer
from service.inference.columns import answer_columns


class Answer(NamedTuple):
    label: str
    probabilities: dict[str, float]
    words: int = 3
    unknown_rate: float = 0.25
    truncated: bool = False
    abstain: bool | None = None


TEXT = st.text(st.characters(codec="utf-8"))
NAMES = st.lists(TEXT.filter(lambda name: name not in ("", "text")), max_size=3, unique=True)
SHARE = st.floats(0, 1)
READ = (st.just(3), st.just(0.25), st.just(False), st.sampled_from([True, False, None]))
SHARES = st.fixed_dictionaries({"rotten": SHARE, 'fre,"sh': SHARE})
ANSWERS = st.builds(Answer, TEXT, SHARES, *READ) | st.builds(Unanswered, TEXT)


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[str, ...], list[dict[str, str]], list[Answer | Unanswered]]:
    columns = ("text", *draw(NAMES))
    rows = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, TEXT)), max_size=4))
    return columns, rows, draw(st.lists(ANSWERS, min_size=len(rows), max_size=len(rows)))


def write(path: Path, columns: tuple[str, ...], rows: list[dict[str, Any]], answers: list[object]) -> Writer:
    writer = Writer(format_of(path.name), answer_columns(("rotten", 'fre,"sh')), "new ", columns)
    path.write_bytes(writer.head() + writer.rows(Rows(rows), answers))
    return writer


def read(path: Path) -> list[Mapping[str, Any]]:
    """The rows of a file, as score reads them."""
    kind = format_of(path.name)
    streams = Streams([str(path)], kind)
    if kind.format == "parquet":
        parquet = open_tables(streams, ["text"])
        return [row for _, batch in parquet.batches for row in Rows(table=pa.Table.from_batches([batch])).values]
    text = open_text(streams, kind.format, ["text"], ReadOptions())
    rows, _ = RowParser(kind.format, "text", text.columns).parse([record.content for _, record in text.rows])
    return [{name: plain(value) for name, value in row.items()} for row in rows.values]


@pytest.mark.parametrize("name", ["o.csv", "o.tsv", "o.csv.gz", "o.csv.zst"])
@given(table=tables())
@settings(deadline=None)
def test_csv(tmp_path_factory: pytest.TempPathFactory, name: str, table: tuple[Any, ...]) -> None:
    columns, rows, answers = table
    path = tmp_path_factory.mktemp("csv") / name
    write(path, columns, rows, answers)
    assert read(path) == [
        row
        | {
            "new label": getattr(answer, "label", ""),
            "new probability_rotten": str(answer.probabilities["rotten"]) if isinstance(answer, Answer) else "",
            'new probability_fre,"sh': str(answer.probabilities['fre,"sh']) if isinstance(answer, Answer) else "",
            "new words": "3" if isinstance(answer, Answer) else "",
            "new unknown_rate": "0.25" if isinstance(answer, Answer) else "",
            "new truncated": "false" if isinstance(answer, Answer) else "",
            "new abstain": {True: "true", False: "false", None: ""}[getattr(answer, "abstain", None)],
            "new error": getattr(answer, "reason", ""),
        }
        for row, answer in zip(rows, answers, strict=True)
    ]


@pytest.mark.parametrize("name", ["o.jsonl", "o.ndjson.gz"])
@given(table=tables())
@settings(deadline=None)
def test_json_lines(tmp_path_factory: pytest.TempPathFactory, name: str, table: tuple[Any, ...]) -> None:
    columns, rows, answers = table
    path = tmp_path_factory.mktemp("json") / name
    write(path, columns, rows, answers)
    for row, answer, found in zip(rows, answers, read(path), strict=True):
        assert {column: found[column] for column in columns} == row
        if isinstance(answer, Unanswered):
            assert (found["new error"], found.get("new label")) == (answer.reason, None)
        else:
            assert found["new probabilities"] == answer.probabilities
            assert found["new abstain"] is answer.abstain
            assert (found["new label"], found["new words"], found["new truncated"]) == (answer.label, 3, False)


@given(table=tables())
@settings(deadline=None)
def test_parquet(tmp_path_factory: pytest.TempPathFactory, table: tuple[Any, ...]) -> None:
    columns, rows, answers = table
    path = tmp_path_factory.mktemp("parquet") / "o.parquet"
    write(path, columns, rows, answers)
    found = read(path) if rows else []
    assert [{column: row[column] for column in columns} for row in found] == rows
    assert [row["new label"] for row in found] == [getattr(answer, "label", None) for answer in answers]
    assert [row["new error"] for row in found] == [getattr(answer, "reason", None) for answer in answers]


def test_json_values_are_written_to_csv_as_they_stood(tmp_path: Path) -> None:
    values = {"big": b"123456789012345678901234567890", "x": b"1.10", "no": b"null", "yes": b"true", "deep": b'["a,b"]'}
    row = {"text": msgspec.Raw(b'"good"'), **{name: msgspec.Raw(raw) for name, raw in values.items()}}
    write(tmp_path / "o.csv", tuple(row), [row], [Unanswered("why")])
    (found,) = read(tmp_path / "o.csv")
    assert [found[name] for name in values] == ["123456789012345678901234567890", "1.10", "", "true", '["a,b"]']


def test_a_column_that_is_there_twice_or_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lack"):
        write(tmp_path / "o.csv", ("text",), [{"text": "good", "more": "1"}], [Unanswered("why")])
    with pytest.raises(DataError, match="--prefix"):
        write(tmp_path / "o.jsonl", ("text",), [{"text": "good", "new label": "1"}], [Unanswered("why")])


def parquet(**columns: object) -> io.BytesIO:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink


def test_columns_of_parquet_pass_through_as_they_are(tmp_path: Path) -> None:
    """Nanoseconds, years past 9999, durations, dictionaries, bytes: nothing of them is decoded."""
    arrays = {
        "text": pa.array(["good", "bad"], pa.large_string()),
        "when": pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns")),
        "late": pa.array([253402300800, 1], pa.timestamp("s")),
        "long": pa.array([1, 2], pa.duration("ns")),
        "kind": pa.array(["a", "b"]).dictionary_encode(),
        "raw": pa.array([b"\xff", None]),
        "bad": pa.Array.from_buffers(
            pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")]
        ).take([0, 0]),
    }
    path = tmp_path / "in.parquet"
    pq.write_table(pa.table(arrays), path)
    opened = open_tables(Streams([str(path)], format_of("in.parquet")), ["text"])
    table = pa.Table.from_batches([batch for _, batch in opened.batches])
    writer = Writer(format_of("o.parquet"), answer_columns(("rotten", "fresh")))
    out = pq.read_table(pa.BufferReader(writer.rows(Rows(table=table), [Unanswered("why")] * 2)))
    assert out.select(table.column_names).equals(table)
    lines = Writer(format_of("o.jsonl"), answer_columns(("rotten", "fresh"))).rows(
        Rows(table=table), [Unanswered("why")] * 2
    )
    first = msgspec.json.decode(lines.splitlines()[0])
    assert first == {
        "text": "good",
        "when": "2023-11-14 22:13:20.123456789",
        "late": "10000-01-01 00:00:00.000",
        "long": "1",
        "kind": "a",
        "raw": "\\xff",
        "bad": "\\xff",
        "error": "why",
    }
