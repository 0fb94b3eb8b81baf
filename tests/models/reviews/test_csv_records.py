"""CSV as people write it, in pieces cut anywhere: each row once, whole, with its row and line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reviews.csv_records import CsvRecords, NoColumn
from models.reviews.errors import DataError
from models.reviews.records import NOT_UTF8, ReadOptions, Record

HEADER = ["id", "text"]


def records(
    content: bytes, options: ReadOptions | None = None, places: list[int] | None = None
) -> tuple[tuple[str, ...] | None, list[Record]]:
    """The columns and the records of a file that comes in pieces."""
    reader = CsvRecords(["text"], options or ReadOptions())
    ends = sorted({place % (len(content) + 1) for place in places or []} | {len(content)})
    pieces = [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    found = [record for piece in pieces for record in reader.feed(piece)]
    found += reader.end()
    return reader.columns, found


def fields(content: bytes, **options: object) -> list[object]:
    return [record.content for record in records(content, ReadOptions(**options))[1]]  # type: ignore[arg-type]


ROWS = st.lists(st.lists(st.text("ab\",;\t|'\r\n é", max_size=6), min_size=2, max_size=2), max_size=6)
PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@given(
    ROWS,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    PLACES,
)
def test_every_dialect_is_found_wherever_it_is_cut(
    rows: list[list[str]], delimiter: str, end: str, encoding: str, places: list[int]
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([HEADER, *rows])
    columns, found = records(text.getvalue().encode(encoding), places=places)
    assert columns == ("id", "text")
    assert [record.content for record in found] == rows
    assert [record.row for record in found] == list(range(1, len(rows) + 1))
    assert not any(record.fault for record in found)


@given(st.lists(st.tuples(st.text("ab,;\n", max_size=5), st.text('ab"', min_size=1, max_size=9)), max_size=5), PLACES)
def test_backslashes_before_quotes(rows: list[tuple[str, str]], places: list[int]) -> None:
    """The first row shows it."""
    rows = [("0", 'he said "no" film'), *rows]
    text = io.StringIO(newline="")
    dialect = {"escapechar": "\\", "doublequote": False, "quoting": csv.QUOTE_ALL, "lineterminator": "\n"}
    csv.writer(text, **dialect).writerows([HEADER, *rows])  # type: ignore[arg-type]
    found = records(text.getvalue().encode(), places=places)[1]
    assert [record.content for record in found] == [list(row) for row in rows]


def test_a_quote_inside_a_field_is_a_character() -> None:
    assert fields(b'id,text\n1,a 5" screen\n2,bad\n') == [["1", 'a 5" screen'], ["2", "bad"]]


def test_backslashes_that_are_right_as_they_stand_stay() -> None:
    assert fields(b'id,text\n1,"c:\\dir\\"\n2,"a \\ b"\n') == [["1", "c:\\dir\\"], ["2", "a \\ b"]]


def test_rows_and_lines_are_counted_from_1_and_blank_lines_are_no_rows() -> None:
    found = records(b'id,text\n\n1,"two\nlines"\n\r\n2,x\n')[1]
    assert [(record.row, record.line) for record in found] == [(1, 3), (2, 6)]


def test_the_line_that_spreadsheets_write_names_the_delimiter() -> None:
    assert fields(b"sep=;\nid;text\n1;a,b\n") == [["1", "a,b"]]


def test_a_given_delimiter_or_encoding_wins() -> None:
    assert fields(b"id:text\n1:a,b\n", delimiter=":") == [["1", "a,b"]]
    assert fields("id,text\n1,caf\xe9\n".encode("latin-1"), encoding="latin-1") == [["1", "café"]]
    assert fields("id,text\n1,café\n".encode("utf-16-le"), encoding="utf-16-le") == [["1", "café"]]


def test_what_is_wrong_with_one_row_stays_with_it() -> None:
    content = b'id,text\n1,caf\xe9\n2,"a" b\n3,good\n4,"never closed\n'
    faults = [(record.row, record.line, record.fault) for record in records(content)[1] if record.fault]
    assert faults == [
        (1, 2, NOT_UTF8),
        (2, 3, "not CSV: ',' expected after '\"'"),
        (4, 5, "not CSV: a quote is never closed"),
    ]
    assert records(content)[1][1].content == ["2", "a b"]


@given(st.integers(0, 30), st.sampled_from(["x", "x\n", '""']), PLACES)
def test_a_row_too_long_is_given_up_and_the_next_is_whole(more: int, filling: str, places: list[int]) -> None:
    long = f'2,"{filling * (20 + more)}"\n'.encode()
    found = records(b"id,text\n1,good\n" + long + b"3,bad\n", ReadOptions(max_row_bytes=15), places)[1]
    assert [(record.row, record.content) for record in found] == [(1, ["1", "good"]), (2, None), (3, ["3", "bad"])]
    assert found[2].line == 4 + long.count(b"\n") - 1
    assert "15 bytes" in str(found[1].fault)


def test_a_field_may_be_longer_than_the_csv_module_likes() -> None:
    assert fields(b"id,text\n1," + b"x" * 200_000 + b"\n") == [["1", "x" * 200_000]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"id,review\n1,good\n", "no column 'text'; there are id, review"),
        (b"id,text,id\n1,good,2\n", "column 'id' stands twice"),
        (b'id,"text\n', "the header: not CSV"),
        (b"id,text,caf\xe9\n", "the header: not UTF-8"),
    ],
)
def test_a_wrong_header_is_named(content: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        records(content)


@given(PLACES)
def test_a_header_too_long_is_named_wherever_it_is_cut(places: list[int]) -> None:
    with pytest.raises(DataError, match="the header: longer than 15 bytes"):
        records(b"id;text;stars;when\n1;good;2;3\n", ReadOptions(max_row_bytes=15), places)


@given(PLACES)
def test_a_line_that_ends_with_a_backslash_goes_on_wherever_it_is_cut(places: list[int]) -> None:
    content = b'id,text\n1,"a \\"good\\" film"\n2,not\\\nbad\n' + b"3,good\n" * 9
    found = records(content, ReadOptions(max_row_bytes=40), places)[1]
    assert [record.content for record in found][:2] == [["1", 'a "good" film'], ["2", "not\nbad"]]
    assert len(found) == 11


def test_the_columns_that_are_there_are_known() -> None:
    with pytest.raises(NoColumn) as error:
        records(b"id;review;stars\n")
    assert error.value.columns == ("id", "review", "stars")


def test_bytes_that_do_not_fit_a_given_encoding_are_refused() -> None:
    with pytest.raises(DataError, match=r"not utf-16.*--encoding"):
        records(b"\xff\xfet\x00e\x00x\x00t\x00\n\x00\x00\xd8a\x00")


def test_an_empty_file_has_no_columns() -> None:
    assert records(b"") == (None, [])
    assert records(b"\n\n") == (None, [])
