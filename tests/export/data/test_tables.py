import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from export.data.remarks import remarks
from export.data.reviews import Review
from export.data.sources import load
from export.data.tables import Columns, LabelledRows, read_table
from models.reviews.errors import DataError

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
    expected = [Review(str(one["review"]), str(one["stars"]), str(one["film"])) for one in RECORDS]
    assert read_table(str(_write(tmp_path, kind)), COLUMNS) == LabelledRows(tuple(expected))


def test_labels_are_what_the_file_says(tmp_path: Path) -> None:
    written = ["1", "1.0", "true", '"[/neg]"', '"bad, very"', '"\u0936"']
    lines = "".join(f'{{"text": "good", "label": {label}}}\n' for label in written)
    (tmp_path / "a.jsonl").write_text(lines, "utf-8")
    labels = [row.label for row in read_table(str(tmp_path / "a.jsonl"), Columns()).rows]
    assert labels == ["1", "1.0", "true", "[/neg]", "bad, very", "\u0936"]
    pq.write_table(pa.table({"text": ["a", "b"], "label": [True, False]}), tmp_path / "a.parquet")
    assert [row.label for row in read_table(str(tmp_path / "a.parquet"), Columns()).rows] == ["true", "false"]


@pytest.mark.parametrize(
    ("name", "content", "skipped"),
    [
        ("a.csv", b"text,label\ngood,1\nbad,\n", "a.csv, row 2, line 3: column 'label' has no value"),
        ("a.csv", b"text,label\ngood,1\n , 2\n", "a.csv, row 2, line 3: column 'text' has no words"),
        ("a.csv", b"text,label\ngood,1\n<br />,1\n", "a.csv, row 2, line 3: column 'text' has no words"),
        (
            "a.jsonl",
            b'{"text": "good", "label": 1}\n{"text": ["good"], "label": 1}\n',
            "a.jsonl, row 2, line 2: column 'text' holds no text",
        ),
        (
            "a.ndjson",
            b'{"text": "good", "label": 1}\n{"text": "good", "label": null}\n',
            "a.ndjson, row 2, line 2: column 'label' has no value",
        ),
        ("a.jsonl", b'{"text": "good", "label": 1}\n{"label": 1}\n', "a.jsonl, row 2, line 2: no column 'text'"),
    ],
)
def test_rows_without_text_or_label_are_skipped_and_said(
    tmp_path: Path, name: str, content: bytes, skipped: str
) -> None:
    (tmp_path / name).write_bytes(content)
    found = read_table(str(tmp_path / name), Columns())
    assert [row.text for row in found.rows] == ["good"]
    assert found.skipped == (f"{tmp_path}/{skipped}",)
    with pytest.raises(DataError, match=re.escape(skipped)):
        read_table(str(tmp_path / name), Columns(strict=True))


def test_only_the_columns_that_are_named_are_decoded(tmp_path: Path) -> None:
    when = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns"))
    table = pa.Table.from_arrays([pa.array([b"good"]), pa.array(["1"]), when, when], ["text", "label", "id", "id"])
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_table(str(tmp_path / "a.parquet"), Columns()).rows == (Review("good", "1"),)
    with pytest.raises(DataError, match="'id' stands 2 times"):
        read_table(str(tmp_path / "a.parquet"), Columns(group="id"))


def test_folders_dialects_and_encodings_are_read(tmp_path: Path) -> None:
    for name, content in (("a.csv", "text;label\ngood;1\n"), ("b.csv", "text;label\ncafé;2\n")):
        (tmp_path / name).write_bytes(content.encode("utf-16"))
    assert [row.text for row in read_table(str(tmp_path), Columns()).rows] == ["good", "café"]


def test_a_file_is_loaded_under_its_own_name(tmp_path: Path) -> None:
    reviews = load(str(_write(tmp_path, "parquet")), columns=COLUMNS, labels=["1", "5", "3"], licence="mine")
    assert (reviews.name, reviews.source, reviews.licence) == ("own", "own.parquet", "mine")
    assert reviews.labels == ("1", "5", "3")
    assert reviews.targets.tolist() == [1, 0, 2]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"text,label\ngood,1\nbad\n", r"a\.csv, row 2, line 3: 1 fields, the header names 2"),
        ("a.csv", b"text,label\ngood,1,2\n", r"a\.csv, row 1, line 2: 3 fields, the header names 2"),
        ("a.csv", b"body,label\ngood,1\n", r"a\.csv: no column 'text'; there are body, label"),
        ("a.csv", b"text,label\n,1\n", r"a\.csv: no reviews: no row has a text and a label"),
        ("a.csv", b'text,label\n"good,1\n', r"a\.csv, row 1, line 2: not CSV: a quote is never closed"),
        ("a.csv", b"text,label\ngood,1\nb\xe9d,2\n", r"a\.csv, row 2, line 3: not UTF-8.*--encoding"),
        ("a.jsonl", b'{"text": "good", "label": 1}\n{"text"\n', r"a\.jsonl, row 2, line 2: not a JSON object"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl, row 1, line 1: not a JSON object"),
        ("a.jsonl", b'{"body": "good", "label": 1}\n', r"a\.jsonl: no column 'text'; there are body, label"),
        ("a.parquet", b"PAR1", r"a\.parquet: not readable as Parquet"),
        ("a.xlsx", b"", r"a\.xlsx: expected a file that ends in"),
    ],
)
def test_what_is_wrong_is_said_and_where(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(str(tmp_path / name), Columns())


def test_a_file_that_is_empty_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    with pytest.raises(DataError, match=r"a\.csv: empty"):
        load(str(tmp_path / "a.csv"))
    with pytest.raises(DataError, match=r"b\.csv: no such file"):
        load(str(tmp_path / "b.csv"))
    with pytest.raises(
        DataError, match=r"'cricits' is neither a file, a folder nor one of critics, critics-long, imdb"
    ):
        load("cricits")


def test_a_column_says_the_splits_under_any_of_their_names(tmp_path: Path) -> None:
    names = ["train", "Training", "valid", "VAL", "dev", "validation", "test"]
    table = "".join(f"text {n},{n % 2},{name}\n" for n, name in enumerate(names))
    (tmp_path / "a.csv").write_text(f"text,label,part\n{table}no split,1,\n")
    found = read_table(str(tmp_path / "a.csv"), Columns(split="part"))
    assert [row.given_split for row in found.rows] == ["train"] * 2 + ["validation"] * 4 + ["test"]
    assert found.skipped == (f"{tmp_path}/a.csv, row 8, line 9: column 'part' has no value",)
    (tmp_path / "b.csv").write_text("text,label,part\ngood,1,hold-out\n")
    with pytest.raises(DataError, match=r"b\.csv, row 1, line 2: column 'part' holds 'hold-out', not one of train"):
        read_table(str(tmp_path / "b.csv"), Columns(split="part"))


def test_files_of_ones_own_are_the_splits_and_none_is_read_twice(tmp_path: Path) -> None:
    for name, rows in (("a", "good,1\nbad,0\n"), ("dev", "fine,1\n"), ("test", "poor,0\nGood,1\n")):
        (tmp_path / f"{name}.csv").write_text(f"text,label\n{rows}")
    reviews = load(str(tmp_path), validation=f"{tmp_path}/dev.csv", test=f"{tmp_path}/../{tmp_path.name}/test.csv")
    assert [(row.text, row.given_split) for row in reviews.rows] == [
        ("bad", "train"),
        ("fine", "validation"),
        ("poor", "test"),
        ("Good", "test"),
    ]
    assert reviews.source == f"{tmp_path.name}, validation dev.csv, test test.csv"
    assert dict(reviews.overlaps) == {("train", "test"): 1}
    with pytest.raises(DataError, match="given for training and for another split as well"):
        load(f"{tmp_path}/a.csv", test=f"{tmp_path}/a.csv")
    with pytest.raises(DataError, match="critics has splits of its own"):
        load("critics", test=f"{tmp_path}/test.csv")


def test_a_label_that_stands_as_text_and_as_number_is_one_and_said(tmp_path: Path) -> None:
    rows = ['{"text": "good", "label": 1}', '{"text": "fine", "label": "1"}', '{"text": "bad", "label": 0}']
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    reviews = load(str(tmp_path / "a.jsonl"))
    assert (reviews.labels, reviews.joined) == (("0", "1"), ("1",))
    assert any("'1' stands as text and as a number" in line for line in remarks(reviews))
