import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from export.data.reviews import DataError, Row
from export.data.sources import load
from export.data.tables import Columns, read_table

RECORDS = [
    {"review": "Good, really", "stars": 5, "film": "x"},
    {"review": "bad\nvery bad", "stars": 1, "film": "y"},
    {"review": "naïve 👍", "stars": 3, "film": "x"},
]
COLUMNS = Columns("review", "stars", "film")


def _write(folder: Path, kind: str) -> Path:
    path = folder / f"own.{kind}"
    if kind == "csv":
        lines = [f'"{one["review"]}",{one["stars"]},{one["film"]}' for one in RECORDS]
        path.write_text("\n".join(["review,stars,film", *lines]), "utf-8")
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(one) for one in RECORDS) + "\n\n", "utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(RECORDS), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, kind: str) -> None:
    expected = [Row(str(one["review"]), str(one["stars"]), str(one["film"])) for one in RECORDS]
    assert list(read_table(_write(tmp_path, kind), COLUMNS)) == expected


def test_a_file_is_loaded_under_its_own_name(tmp_path: Path) -> None:
    reviews = load(str(_write(tmp_path, "parquet")), columns=COLUMNS, labels=["1", "5", "3"], licence="mine")
    assert (reviews.name, reviews.source, reviews.licence) == ("own", "own.parquet", "mine")
    assert reviews.labels == ("1", "5", "3")
    assert reviews.targets.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"text,label\ngood,1\nbad\n", r"a\.csv, line 3, column 'label': no value"),
        ("a.csv", b"text,label\ngood,1\n , 2\n", r"a\.csv, line 3, column 'text': no value"),
        ("a.csv", b"text,label\ngood,1,2\n", r"a\.csv, line 2: more fields"),
        ("a.csv", b"body,label\ngood,1\n", r"a\.csv, line 2: no column 'text'; there are body, label"),
        ("a.csv", b"text,label\n<br />,1\n", r"a\.csv, line 2, column 'text': no words"),
        ("a.csv", b'text,label\n"good,1\n', r"a\.csv, line 1: unexpected end"),
        ("a.csv", b"text,label\ngood,1\nb\xe9d,2\n", r"a\.csv, line 3: not UTF-8"),
        ("a.jsonl", b'{"text": "good", "label": 1}\n{"text"\n', r"a\.jsonl, line 2: not JSON"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl, line 1: not a JSON object"),
        ("a.jsonl", b'{"text": ["good"], "label": 1}\n', r"line 1, column 'text': no value"),
        ("a.ndjson", b'{"text": "good", "label": null}\n', r"line 1, column 'label': no value"),
        ("a.parquet", b"PAR1", r"a\.parquet: not readable as Parquet"),
        ("a.xlsx", b"", r"a\.xlsx: expected a file that ends in"),
    ],
)
def test_what_is_wrong_is_said_and_where(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(read_table(tmp_path / name, Columns()))


def test_a_file_that_is_empty_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    with pytest.raises(DataError, match=r"a\.csv: no reviews"):
        load(str(tmp_path / "a.csv"))
    with pytest.raises(DataError, match=r"b\.csv: no such file"):
        load(str(tmp_path / "b.csv"))
    with pytest.raises(DataError, match=r"'cricits' is neither a file nor one of critics, critics-long, imdb"):
        load("cricits")
