"""Bad data ends a run with a reason, a place and exit code 3; what is scored stays."""

import gzip
import os
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from service.score import blocks
from tests.service.score.conftest import Scoring, reviews, write_csv, write_jsonl

TEXTS = reviews(20)


def _no_column(folder: Path) -> str:
    (folder / "in.csv").write_text("id,review\n1,good\n")
    return "in.csv"


def _no_column_in_json(folder: Path) -> str:
    (folder / "in.jsonl").write_text('{"review": "good"}\n')
    return "in.jsonl"


def _undecodable(folder: Path) -> str:
    (folder / "in.csv").write_bytes(b"id,text\n1,good\n2,caf\xe9\n")
    return "in.csv"


def _undecodable_json(folder: Path) -> str:
    (folder / "in.jsonl").write_bytes(b'{"text": "good"}\n{"text": "caf\xe9"}\n')
    return "in.jsonl"


def _missing(folder: Path) -> str:
    return "in.csv"


def _empty_folder(folder: Path) -> str:
    (folder / "in.csv").mkdir()
    return "in.csv"


def _not_parquet(folder: Path) -> str:
    (folder / "in.parquet").write_bytes(b"PAR1 no")
    return "in.parquet"


def _cut_off(folder: Path) -> str:
    (folder / "in.jsonl.gz").write_bytes(gzip.compress(b'{"text": "good"}\n' * 5000)[:-30])
    return "in.jsonl.gz"


def _unclosed_quote(folder: Path) -> str:
    (folder / "in.csv").write_text('id,text\n1,"good\n')
    return "in.csv"


def _own_label(folder: Path) -> str:
    (folder / "in.csv").write_text("label,text\nfresh,good\n")
    return "in.csv"


BAD = {
    _no_column: "no column 'text'",
    _no_column_in_json: "no column 'text'",
    _undecodable: "in.csv, row 2, line 3: not UTF-8; is it written with another --encoding?",
    _undecodable_json: "in.jsonl, row 2, line 2: not UTF-8",
    _missing: "in.csv: no such file",
    _empty_folder: "no files to read in in.csv",
    _not_parquet: "in.parquet: not readable as Parquet",
    _cut_off: "in.jsonl.gz, after row",
    _unclosed_quote: "in.csv, row 1, line 2: not CSV: a quote is never closed",
    _own_label: "--prefix",
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_bad_data_is_named(scoring: Scoring, make: object) -> None:
    name = make(scoring.folder)  # type: ignore[operator]
    done = scoring.run(name, "--out", "o.csv", code=3)
    assert BAD[make] in done.stderr.decode()  # type: ignore[index]
    assert not (scoring.folder / "o.csv").exists()


@pytest.mark.parametrize(
    "given", [["in.txt", "--out", "o.csv"], ["in.csv", "--out", "o.xls"], ["in.csv", "--out", "in.csv"]]
)
def test_wrong_use(scoring: Scoring, given: list[str]) -> None:
    write_csv(scoring.folder / "in.csv", TEXTS)
    (scoring.folder / "in.txt").write_text("good")
    scoring.run(*given, code=2)


def test_no_such_model(scoring: Scoring) -> None:
    write_csv(scoring.folder / "in.csv", TEXTS)
    done = scoring.run("in.csv", "--out", "o.csv", "--model", "cnn", code=3)
    assert "gru 1, lstm 1, rnn 1" in done.stderr.decode()


def test_a_damaged_bundle_scores_nothing(scoring: Scoring, tmp_path: Path) -> None:
    write_csv(scoring.folder / "in.csv", TEXTS)
    shutil.copytree(scoring.repository, tmp_path / "damaged")
    graph = tmp_path / "damaged" / "lstm" / "1" / "step.onnx"
    graph.write_bytes(graph.read_bytes()[:-1])
    done = Scoring(tmp_path / "damaged", scoring.folder).run("in.csv", "--out", "o.csv", code=3)
    assert "step.onnx" in done.stderr.decode()


def test_what_was_scored_before_the_bad_row_is_kept(scoring: Scoring) -> None:
    """A row is mended, and the run goes on from the block that holds it."""
    lines = [b'{"text": "good"}'] * (blocks.ROWS + 5)
    source = scoring.folder / "in.jsonl"
    source.write_bytes(b"\n".join([*lines, b'{"text": "caf\xe9"}']))
    scoring.run(source, "--out", "o.jsonl", code=3)
    source.write_bytes(b"\n".join([*lines, b'{"text": "caf\xc3\xa9"}']))
    done = scoring.run(source, "--out", "o.jsonl")
    assert f"going on after {blocks.ROWS:,} rows" in done.stderr.decode()
    assert len((scoring.folder / "o.jsonl").read_bytes().splitlines()) == blocks.ROWS + 6


def test_a_full_disk_loses_nothing(scoring: Scoring) -> None:
    """Files may only grow to what three blocks need: parts can be written, their sum can't."""
    write_jsonl(scoring.folder / "in.jsonl", ["good"] * (3 * blocks.ROWS))
    limit = 2 * blocks.ROWS * 130
    done = subprocess.run(
        scoring.arguments("in.jsonl", "--out", "o.jsonl", "--workers", "1"),
        cwd=scoring.folder,
        capture_output=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 3, done.stderr.decode()
    assert "run again to go on" in done.stderr.decode()
    assert not (scoring.folder / "o.jsonl").exists()
    done = scoring.run("in.jsonl", "--out", "o.jsonl", "--json")
    assert b'"scored_now": 0' in done.stdout
    assert len((scoring.folder / "o.jsonl").read_bytes().splitlines()) == 3 * blocks.ROWS
