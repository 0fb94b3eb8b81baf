"""Files as people bring them: every row of the tables in `docs/files.md` is one case here, under the same name."""

import gzip
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from export.data.tables import Columns, read_table
from models.reviews.errors import DataError
from models.reviews.records import ReadOptions

PAGE = Path(__file__).parents[3] / "docs" / "files.md"


class Case(NamedTuple):
    """A file, how it is read, and what comes of it: texts with their labels, or what is said."""

    name: str
    content: bytes
    found: list[tuple[str, str]] | str
    read: ReadOptions = ReadOptions()
    skipped: int = 0


def _lines(*objects: Mapping[str, Any] | str) -> bytes:
    return "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in objects).encode()


def _parquet(**columns: Any) -> bytes:
    return _of_table(pa.table(columns))


def _of_table(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


CLASSES = {"info": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}
NAMED = pa.table({"text": ["good", "bad", "so so"], "label": [1, 0, -1]}).replace_schema_metadata(
    {"huggingface": json.dumps(CLASSES)}
)
GOOD, BAD, CAFE = ("good, really", "1"), ("bad", "0"), ("café “x”", "1")
TABLE = b'text,label\n"good, really",1\nbad,0\n'
BOTH = [GOOD, BAD]
ROW = {"text": "good, really", "label": 1}

CASES = {
    # encodings
    "UTF-8 with a byte order mark": Case("a.csv", b"\xef\xbb\xbf" + TABLE, BOTH),
    "UTF-16 with a byte order mark": Case("a.csv", TABLE.decode().encode("utf-16"), BOTH),
    "UTF-16, tabs, from a spreadsheet": Case("a.csv", "text\tlabel\ncafé “x”\t1\n".encode("utf-16"), [CAFE]),
    "Windows-1252, named": Case(
        "a.csv", "text,label\ncafé “x”,1\n".encode("cp1252"), [CAFE], ReadOptions(encoding="cp1252")
    ),
    "Windows-1252, not named": Case(
        "a.csv", "text,label\ncafé “x”,1\n".encode("cp1252"), "row 1, line 2: not UTF-8.*--encoding"
    ),
    "Shift JIS, named": Case(
        "a.csv", "text,label\n良い,1\n".encode("shift_jis"), [("良い", "1")], ReadOptions(encoding="shift_jis")
    ),
    "the wrong encoding named": Case(
        "a.csv", "text,label\ncafé,1\n".encode(), "not ascii.*--encoding", ReadOptions(encoding="ascii")
    ),
    "a NUL byte in a text": Case("a.csv", b"text,label\ngo\x00od,1\n", [("go\x00od", "1")]),
    # delimiters, quotes and lines
    "semicolons": Case("a.csv", b'text;label\n"good, really";1\nbad;0\n', BOTH),
    "tabs in .tsv": Case("a.tsv", b"text\tlabel\ngood, really\t1\nbad\t0\n", BOTH),
    "tabs in .csv": Case("a.csv", b"text\tlabel\ngood, really\t1\nbad\t0\n", BOTH),
    "pipes": Case("a.csv", b"text|label\ngood, really|1\nbad|0\n", BOTH),
    "the line `sep=;`": Case("a.csv", b'sep=;\ntext;label\n"good, really";1\nbad;0\n', BOTH),
    "another delimiter, named": Case("a.csv", b"text^label\ngood, really^1\nbad^0\n", BOTH, ReadOptions(delimiter="^")),
    "a decimal comma between semicolons": Case("a.csv", b"text;label\ngood, really;4,5\n", [("good, really", "4,5")]),
    "lines that end in CR LF": Case("a.csv", TABLE.replace(b"\n", b"\r\n"), BOTH),
    "lines that end in CR": Case("a.csv", TABLE.replace(b"\n", b"\r"), BOTH),
    "a line break in quotes": Case("a.csv", b'text,label\n"good,\nreally",1\n', [("good,\nreally", "1")]),
    "quotes doubled": Case("a.csv", b'text,label\n"a ""good"" film",1\n', [('a "good" film', "1")]),
    "quotes after backslashes": Case("a.csv", b'text,label\n"a \\"good\\", film",1\n', [('a "good", film', "1")]),
    "a quote inside an unquoted text": Case(
        "a.csv", b'text,label\na 5" screen,1\nbad,0\n', [('a 5" screen', "1"), BAD]
    ),
    "a quote that is never closed": Case("a.csv", b'text,label\nbad,0\n"good,1\n', "row 2, line 3: .*never closed"),
    "blank lines": Case("a.csv", b'text,label\n\n"good, really",1\n\n\nbad,0', BOTH),
    "a text longer than 131,072 characters": Case(
        "a.csv", b"text,label\n" + b"x" * 200_000 + b",1\n", [("x" * 200_000, "1")]
    ),
    # columns
    "an index column without a name": Case("a.csv", b',text,label\n0,"good, really",1\n1,bad,0\n', BOTH),
    "several columns without a name": Case("a.csv", b',,text,label\n0,7,"good, really",1\n1,7,bad,0\n', BOTH),
    "a delimiter at the end of every row": Case(
        "a.csv", b"text,label\nbad,0,\n", "row 1, line 2: 3 fields, the header names 2"
    ),
    "a row with too few fields": Case(
        "a.csv", b"text,label\nbad,0\nbad\n", "row 2, line 3: 1 fields, the header names 2"
    ),
    "a column that stands twice": Case("a.csv", b"text,label,text\na,1,b\n", "column 'text' stands twice"),
    "the column under another name": Case(
        "a.csv", b"Text,label\nbad,0\n", "no column 'text'; there are Text, label.*--text-column"
    ),
    "no header": Case("a.csv", b"bad,0\n", "no column 'text'; there are bad, 0"),
    "an empty file": Case("a.csv", b"", "empty"),
    "only a header": Case("a.csv", b"text,label\n", []),
    # labels and texts
    "numbers, 1.0 and 1": Case("a.csv", b"text,label\na,1.0\nb,1\n", [("a", "1.0"), ("b", "1")]),
    "labels with spaces, commas, brackets, any script": Case(
        "a.csv",
        'text,label\na, so so \nb,"[x], y"\nc,плохо\nd,👍\n'.encode(),
        [("a", "so so"), ("b", "[x], y"), ("c", "плохо"), ("d", "👍")],
    ),
    "true and false": Case(
        "a.jsonl", _lines({"text": "a", "label": True}, {"text": "b", "label": False}), [("a", "true"), ("b", "false")]
    ),
    "a row without text or label": Case("a.csv", TABLE + b",1\nbad,\n ,0\n", BOTH, skipped=3),
    "a label that is null or NaN": Case("a.jsonl", _lines(ROW, '{"text": "a", "label": null}'), [GOOD], skipped=1),
    "a label that is a list": Case(
        "a.jsonl", _lines({"text": "a", "label": ["x", "y"]}), "no reviews.*'label' holds several values"
    ),
    "a text of markup alone": Case("a.csv", TABLE + b"<br />,1\n", BOTH, skipped=1),
    # JSON
    "JSON lines with blank lines and CR LF": Case(
        "a.jsonl", _lines(ROW, "", {"text": "bad", "label": 0}).replace(b"\n", b"\r\n"), BOTH
    ),
    "JSON lines named .json": Case("a.json", _lines(ROW, {"text": "bad", "label": 0}), BOTH),
    "a JSON list": Case("a.json", json.dumps([ROW, {"text": "bad", "label": 0}], indent=1).encode(), BOTH),
    "a JSON object around the list": Case(
        "a.json", json.dumps({"data": [ROW]}).encode(), "no column 'text'; there are data.*--text-column"
    ),
    "a JSON list cut off": Case("a.json", b'[{"text": "bad", "label": 0},', "line 1: not"),
    "NaN, Infinity or half a character elsewhere": Case(
        "a.jsonl", _lines('{"text": "bad", "label": 0, "x": NaN, "y": -Infinity, "z": "\\ud83d"}'), [BAD]
    ),
    "half a character in the text": Case(
        "a.jsonl", _lines(ROW, '{"text": "bad \\ud83d", "label": 0}'), [GOOD], skipped=1
    ),
    "a Python dict": Case("a.jsonl", b"{'text': 'bad', 'label': 0}\n", "row 1, line 1: not a JSON object"),
    "a text that is a list of tokens": Case("a.jsonl", _lines(ROW, {"text": ["bad"], "label": 0}), [GOOD], skipped=1),
    # Parquet
    "Parquet with categories and large strings": Case(
        "a.parquet",
        _parquet(
            text=pa.array(["good, really", "bad"], pa.large_string()),
            label=pa.array(["1", "0"]).dictionary_encode(),
        ),
        BOTH,
    ),
    "Parquet with texts as bytes": Case("a.parquet", _parquet(text=[b"bad", b"\xff"], label=[0, 1]), [BAD], skipped=1),
    "Parquet with nanoseconds and durations elsewhere": Case(
        "a.parquet",
        _parquet(
            text=["bad"], label=[0], at=pa.array([2**62], pa.timestamp("ns")), took=pa.array([1], pa.duration("ns"))
        ),
        [BAD],
    ),
    "a Hugging Face data set in Parquet, with names of its labels": Case(
        "a.parquet", _of_table(NAMED), [("good", "pos"), ("bad", "neg")], skipped=1
    ),
    "a Hugging Face data set as it is saved to disk, in Arrow": Case(
        "a.arrow", _arrow(NAMED), [("good", "pos"), ("bad", "neg")], skipped=1
    ),
    "Parquet with a column twice elsewhere": Case(
        "a.parquet", _of_table(pa.table([["bad"], [0], [1], [2]], names=["text", "label", "x", "x"])), [BAD]
    ),
    # compression and other formats
    "gzip of several members": Case("a.csv.gz", gzip.compress(TABLE[:20]) + gzip.compress(TABLE[20:]), BOTH),
    "gzip cut off": Case("a.csv.gz", gzip.compress(TABLE)[:-9], "after row .*end"),
    "Zstandard": Case("a.csv.zst", pa.Codec("zstd").compress(TABLE, asbytes=True), BOTH),
    "named .gz, but is none": Case("a.csv.gz", TABLE, "[Nn]ot a gzip"),
    "`__label__` lines of fastText": Case("a.txt", b"__label__1 good\n", "expected a file that ends in .csv"),
    "a spreadsheet": Case("a.xlsx", b"PK", "expected a file that ends in .csv"),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_happens_to_a_file(tmp_path: Path, kind: str) -> None:
    case = CASES[kind]
    file = tmp_path / case.name
    file.write_bytes(case.content)
    columns = Columns(read=case.read)
    if isinstance(case.found, str):
        with pytest.raises(DataError, match=case.found) as error:
            read_table(str(file), columns)
        assert case.name in str(error.value)
    else:
        found = read_table(str(file), columns)
        assert [(row.text, row.label) for row in found.rows] == case.found
        assert len(found.skipped) == case.skipped


def test_the_page_and_the_cases_have_the_same_rows() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [row for row in rows if row not in {"you bring", "---"}] == list(CASES)
