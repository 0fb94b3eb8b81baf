"""JSON lines and lists: each value once, kept as it was written, with the true reason where it has no text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reviews.errors import DataError
from models.reviews.json_records import JsonLines, JsonList, json_row, plain
from models.reviews.records import NOT_UTF8, ReadOptions, Record

PLACES = st.lists(st.integers(0, 10_000), max_size=8)


def records(
    reader: JsonLines | JsonList, content: bytes, places: list[int] | None = None
) -> list[tuple[int, int, bytes | None]]:
    ends = sorted({place % (len(content) + 1) for place in places or []} | {len(content)})
    pieces = [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    found: list[Record] = [record for piece in pieces for record in reader.feed(piece)]
    return [(record.row, record.line, record.content) for record in [*found, *reader.end()]]  # type: ignore[misc]


@given(
    st.lists(st.text("ab\t é", max_size=5)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    PLACES,
)
def test_lines_are_those_of_the_whole_wherever_it_is_cut(
    lines: list[str], end: str, encoding: str, places: list[int]
) -> None:
    kept = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    wanted = [(row, number, line.encode()) for row, (number, line) in enumerate(kept, 1)]
    assert records(JsonLines(ReadOptions()), end.join(lines).encode(encoding), places) == wanted


@given(st.integers(0, 30), PLACES)
def test_a_line_too_long_is_given_up_and_the_next_is_whole(more: int, places: list[int]) -> None:
    content = b"good\n" + b"x" * (11 + more) + b"\nbad"
    found = records(JsonLines(ReadOptions(max_row_bytes=10)), content, places)
    assert found == [(1, 1, b"good"), (2, 2, None), (3, 3, b"bad")]


def test_a_line_that_is_not_utf8_is_said_and_the_others_stay() -> None:
    reader = JsonLines(ReadOptions())
    found = [*reader.feed(b'"caf\xe9"\n"good"\n'), *reader.end()]
    assert [record.fault for record in found] == [NOT_UTF8, None]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(st.lists(st.dictionaries(st.text(max_size=4), VALUES)), st.sampled_from([None, 1]))
def test_a_list_holds_its_elements_as_written(rows: list[dict[str, object]], indent: int | None) -> None:
    """NaN, Infinity and lone surrogates too, which are no JSON."""
    content = json.dumps(rows, indent=indent).encode()
    found = records(JsonList(ReadOptions()), content)
    assert [repr(json.loads(element or b"")) for _, _, element in found] == [repr(row) for row in rows]
    assert [row for row, _, _ in found] == list(range(1, len(rows) + 1))


def test_lines_of_a_list_are_counted_and_lines_alone_are_read_too() -> None:
    assert records(JsonList(ReadOptions()), b'[\n{"a": 1},\n\n{"a":\n2}\n]') == [
        (1, 2, b'{"a": 1}'),
        (2, 4, b'{"a":\n2}'),
    ]
    assert records(JsonList(ReadOptions()), b'{"a": 1}\n{"a": 2}') == [(1, 1, b'{"a": 1}'), (2, 2, b'{"a": 2}')]


@pytest.mark.parametrize("content", [b'[{"a": 1}', b'[{"a": 1},\n]', b"[1 2]", b"[", b'["a\xe9"]'])
def test_what_is_no_list_is_refused_with_its_line(content: bytes) -> None:
    with pytest.raises(DataError, match=r"line \d: not"):
        records(JsonList(ReadOptions()), content)


@pytest.mark.parametrize(
    ("line", "text", "error"),
    [
        (b'{"id": 7, "text": "good", "score": NaN}', "good", None),
        (b'{"id": 7, "text": "good", "score": -Infinity, "n": {"a": [NaN]}}', "good", None),
        (b'{"id": 7, "text": "good", "other": "\\ud83d"}', "good", None),
        (b'{"id": 7, "text": "ok \\ud83d"}', None, "column 'text' has half a character: a lone surrogate"),
        (b'{"id": 7, "text": 3}', None, "column 'text' holds no text"),
        (b'{"id": 7, "text": null}', None, "column 'text' holds no text"),
        (b'{"id": 7}', None, "no column 'text'"),
        (b'{"id": 7, "\\ud83d": 1, "text": "good", "x": NaN}', "good", None),
    ],
)
def test_a_row_keeps_its_columns_whatever_one_of_them_holds(line: bytes, text: str | None, error: str | None) -> None:
    row = json_row(line, "text")
    assert (row.text, row.error) == (text, error)
    assert plain(row.values["id"]) == 7
    assert len(row.values) == len(json.loads(line))


@pytest.mark.parametrize("line", [b"[]", b"3", b"{broken", b'{"a": 1', b'{"a" 1}', b'{"a": 1} x', b"{1: 2}", b"{,}"])
def test_what_is_no_object_is_said(line: bytes) -> None:
    assert json_row(line, "text") == ({}, None, "not a JSON object")


def test_a_string_is_a_text_alone() -> None:
    assert json_row(b'"good"', "text").text == "good"


@given(st.dictionaries(st.text(max_size=4), VALUES), st.floats())
def test_values_stay_as_written(values: dict[str, object], number: float) -> None:
    line = json.dumps({**values, "text": "good", "number": number}).encode()
    row = json_row(line, "text")
    own = {name: repr(json.loads(bytes(raw))) for name, raw in row.values.items()}
    assert own == {name: repr(value) for name, value in json.loads(line).items()}
