"""Whatever format comes in or goes out: every row once, in order, its columns kept, the same answers."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gatescope
from models.bundle.files import read
from models.reviews.file_format import format_of
from models.reviews.records import Record
from models.reviews.rows import RowParser
from models.reviews.writer import Writer
from service.inference.columns import answer_columns
from service.inference.limits import TextLimits
from service.score.blocks import BlockSize, text_blocks
from service.score.job import Job
from service.score.options import MAX_TEXT_BYTES, Options
from service.score.progress import ScoringProgress
from service.score.run import run
from service.score.scorer import Scored, Scorer
from tests.service.score.conftest import Scoring, read_csv, read_jsonl, reviews, write_csv, write_jsonl

TEXTS = reviews(60)


def score(repository: Path, *inputs: Path | str, out: Path, **options: Any) -> list[dict[str, Any]]:
    """Score in this process and read the output as flat rows."""
    counts = run(Options([*map(str, inputs)], str(out), repository, workers=1, **options), ScoringProgress(quiet=True))
    rows = rows_of(out)
    assert counts.rows == len(rows)
    return rows


def rows_of(path: Path) -> list[dict[str, Any]]:
    kind = format_of(str(path))
    if kind.format == "parquet":
        return pq.read_table(path).to_pylist()
    content = path.read_bytes()
    if kind.compression == "gzip":
        content = gzip.decompress(content)
    if kind.compression == "zstd":
        content = pa.CompressedInputStream(pa.BufferReader(content), "zstd").read()
    if kind.format == "jsonl":
        return read_jsonl(content)
    plain = path.with_name("plain.csv")
    plain.write_bytes(content)
    return read_csv(plain)


@pytest.fixture
def expected(repository: Path) -> list[Scored | None]:
    answers = Scorer(read(repository / "lstm" / "1"), TextLimits(2048, MAX_TEXT_BYTES))(TEXTS)
    return [answer if isinstance(answer, Scored) else None for answer in answers]


@pytest.mark.parametrize("name", ["o.csv", "o.jsonl", "o.parquet", "o.csv.gz", "o.jsonl.zst", "o.ndjson.gz"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_row_once_in_order_with_its_columns(
    repository: Path, tmp_path: Path, expected: list[Scored | None], kind: str, name: str
) -> None:
    source = tmp_path / f"in.{kind}"
    match kind:
        case "csv":
            write_csv(source, TEXTS)
        case "jsonl":
            write_jsonl(source, TEXTS)
        case "parquet":
            pq.write_table(pa.table({"id": range(len(TEXTS)), "text": TEXTS}), source)
    rows = score(repository, source, out=tmp_path / name)
    assert [(int(str(row["id"])), row["text"]) for row in rows] == list(enumerate(TEXTS))
    for row, answer in zip(rows, expected, strict=True):
        if answer is None:
            assert not row.get("label")
            assert "empty" in str(row["error"])
            continue
        assert row["label"] == answer.label
        assert not row.get("error")
        assert int(str(row["words"])) == answer.words
        assert float(str(row["unknown_rate"])) == answer.unknown_rate
        nested = row.get("probabilities")
        found = [nested[label] if nested else row[f"probability_{label}"] for label in ("rotten", "fresh")]
        assert [float(p) for p in found] == pytest.approx([*answer.probabilities.values()], abs=1e-6)


def test_compressed_inputs_are_read(repository: Path, tmp_path: Path) -> None:
    plain = write_jsonl(tmp_path / "in.jsonl", TEXTS)
    wanted = score(repository, plain, out=tmp_path / "o.jsonl")
    half = plain.read_bytes().index(b"\n", 2000) + 1
    pieces = plain.read_bytes()[:half], plain.read_bytes()[half:]
    (tmp_path / "two.jsonl.gz").write_bytes(b"".join(map(gzip.compress, pieces)))
    (tmp_path / "two.jsonl.zst").write_bytes(b"".join(pa.compress(p, "zstd", asbytes=True) for p in pieces))
    for name in ("two.jsonl.gz", "two.jsonl.zst"):
        assert score(repository, tmp_path / name, out=tmp_path / "c.jsonl") == wanted


def test_folders_and_globs_are_files_in_order_of_name(repository: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, part in (("b.csv", TEXTS[30:]), ("a.csv", TEXTS[:30])):
        write_csv(folder / name, part)
    (folder / "notes.txt").write_text("not scored")
    for source in (folder, folder / "*.csv"):
        out = folder / "out.jsonl"
        assert [row["text"] for row in score(repository, source, out=out)] == TEXTS
        out.unlink()


def test_an_output_in_the_folder_of_the_inputs_is_not_an_input(repository: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", TEXTS)
    first = score(repository, tmp_path, out=tmp_path / "out.jsonl")
    assert score(repository, tmp_path, out=tmp_path / "out.jsonl") == first


def test_json_values_come_out_as_they_went_in(repository: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "good", "big": 123456789012345678901234567890, "x": 1.10, "deep": {"a": [null]}}\n')
    score(repository, source, out=tmp_path / "o.jsonl")
    assert '"big":123456789012345678901234567890,"x":1.10,"deep":{"a": [null]}' in (tmp_path / "o.jsonl").read_text()


def test_types_of_parquet_columns_are_kept(repository: Path, tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": ["good", None],
            "when": pa.array([1, 2], pa.timestamp("us", "UTC")),
            "few": pa.array([1, None], pa.int8()),
            "many": [[1], []],
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    score(repository, tmp_path / "in.parquet", out=tmp_path / "o.parquet")
    out = pq.read_table(tmp_path / "o.parquet")
    assert out.select(table.column_names).equals(table)
    assert out["error"].to_pylist() == [None, "row 2: column 'text' holds no text"]


def test_rows_that_cannot_be_scored_keep_their_place(repository: Path, tmp_path: Path) -> None:
    lines = [
        '{"text": "good"}',
        '{"text": 3, "id": 1}',
        "{broken",
        '{"id": 3}',
        '{"text": "\\ud800"}',
        "[]",
        '{"text": null}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    rows = score(repository, tmp_path / "in.jsonl", out=tmp_path / "o.jsonl")
    assert len(rows) == len(lines)
    assert "error" not in rows[0]
    assert all("error" in row and "label" not in row for row in rows[1:])
    assert rows[1]["id"] == 1

    (tmp_path / "in.csv").write_text("id,text\n1,good\n2\n3,good,more\n4,bad\n")
    rows = score(repository, tmp_path / "in.csv", out=tmp_path / "o.csv")
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [bool(row["error"]) for row in rows] == [False, True, True, False]


def test_truncation_is_said(repository: Path, tmp_path: Path) -> None:
    write_jsonl(tmp_path / "in.jsonl", ["good bad good", "good"])
    rows = score(repository, tmp_path / "in.jsonl", out=tmp_path / "o.jsonl", max_words=2)
    assert [(row["words"], row["truncated"]) for row in rows] == [(2, True), (1, False)]


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
def test_top_words_are_the_largest_entries_of_the_ledger(repository: Path, tmp_path: Path, name: str) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", ["good bad dull film, not great", "good", ""])
    few = score(repository, source, out=tmp_path / "few.jsonl", model=name, top_words=2)
    rows = score(repository, source, out=tmp_path / "all.jsonl", model=name, top_words=99)
    model = gatescope.load(name, repository=repository)
    for row, short in zip(rows[:2], few[:2], strict=True):
        trace = model.trace(row["text"])
        order = np.argsort(-np.abs(trace.ledger.words))
        assert [entry["word"] for entry in row["top_words"]] == [trace.words[place].text for place in order]
        assert [entry["weight"] for entry in row["top_words"]] == pytest.approx(trace.ledger.words[order], abs=1e-5)
        assert row["top_words"][:2] == short["top_words"]
    assert "top_words" not in rows[2]


def test_a_block_alone_fixes_its_part(repository: Path) -> None:
    """What is scored before or after, and by which process, makes no difference to a single bit."""
    records = [
        ("in", Record(row, row, json.dumps({"text": text}).encode())) for row, text in enumerate(reviews(200), 1)
    ]
    writer = Writer(format_of("o.jsonl"), answer_columns(("rotten", "fresh")))
    job = Job(RowParser("jsonl", "text"), writer, None)
    cut = list(text_blocks(records, BlockSize(rows=50)))
    scorer = Scorer(read(repository / "lstm" / "1"), TextLimits(2048, MAX_TEXT_BYTES))
    forwards = {block.number: job.part(scorer, block).content for block in cut}
    another = Scorer(read(repository / "lstm" / "1"), TextLimits(2048, MAX_TEXT_BYTES))
    backwards = {block.number: job.part(another, block).content for block in reversed(cut)}
    assert forwards == backwards


def test_pipes_in_and_out(scoring: Scoring) -> None:
    source = write_jsonl(scoring.folder / "in.jsonl", TEXTS)
    scoring.run(source, "--out", "o.jsonl")
    done = scoring.run("-", "--out", "-", stdin=source.read_bytes())
    assert done.stdout == (scoring.folder / "o.jsonl").read_bytes()
    content = write_csv(scoring.folder / "in.csv", TEXTS).read_bytes()
    done = scoring.run("-", "--format", "csv", "--out", "p.parquet", stdin=content)
    assert pq.read_table(scoring.folder / "p.parquet")["text"].to_pylist() == TEXTS


def test_summary_as_json(scoring: Scoring) -> None:
    write_jsonl(scoring.folder / "in.jsonl", TEXTS)
    done = scoring.run("in.jsonl", "--out", "o.jsonl", "--json")
    said = json.loads(done.stdout)
    assert (said["rows"], said["errors"]) == (60, 1)
    assert sum(said["labels"].values()) == 59
    assert not done.stderr
