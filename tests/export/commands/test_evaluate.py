"""`gatescope evaluate`: what it measures, prints and exits with, on a repository of small bundles."""

import csv
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.publish.evaluation import review_figures
from export.publish.package import package
from gatescope.command_line import main
from models.bundle.manifest import Abstain, Answered
from tests.bundles import about, random_weights, vocabulary

TEXTS = ["a good film", "a dull film", "what a story", "not for me", "lovely", "far too long"]


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    file = tmp_path / "reviews.csv"
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["review", "verdict"])
        rows.writerows((text, "fresh" if number % 2 == 0 else "rotten") for number, text in enumerate(TEXTS))
    return file


def evaluate(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gatescope", "evaluate", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


COLUMNS = ("--text-column", "review", "--label-column", "verdict")


def test_a_file_is_measured(
    repository: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--repository", str(repository), "--model", "gru")
    assert evaluate(monkeypatch, str(reviews), *where, *COLUMNS, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["version"], found["behaviour"]) == ("gru", 1, None)
    measured = found["reviews"]
    confusion = np.array(measured["confusion"])
    assert confusion.sum() == measured["metrics"]["rows"] == 6
    assert confusion.trace() == round(6 * measured["metrics"]["accuracy"])
    assert [one["rows"] for one in measured["by_label"]] == confusion.sum(1).tolist()
    assert len(measured["worst"]) == 6 - confusion.trace()
    for mistake in measured["worst"]:
        assert mistake["text"] == TEXTS[mistake["row"] - 1]
        assert mistake["label"] != mistake["answer"]


def test_tables_and_behaviour(
    repository: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--repository", str(repository), "--model", "lstm")
    assert evaluate(monkeypatch, str(reviews), *where, *COLUMNS, "--behaviour") == 0
    said = capsys.readouterr().out
    for title in ("accuracy", "by label", "calibration", "worst mistakes", "not good"):
        assert title in said


def test_behaviour_needs_no_file(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(monkeypatch, "--repository", str(repository), "--behaviour", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reviews"] is None
    assert found["behaviour"]["plain"]["sentences"] >= 40
    assert "modifiers" in found


def test_a_model_that_abstains_says_what_it_answers(
    tmp_path: Path, reviews: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = vocabulary()
    certain = Abstain(accuracy=0.9, below=0.0, answered={"test": Answered(share=1.0, accuracy=0.9)})
    package(tmp_path, "gru", random_weights("gru"), known, replace(about(known), abstain=certain))
    where = ("--repository", str(tmp_path), "--model", "gru")
    assert evaluate(monkeypatch, str(reviews), *where, *COLUMNS) == 0
    assert "100.0 % of the reviews" in capsys.readouterr().out
    assert evaluate(monkeypatch, str(reviews), *where, *COLUMNS, "--json") == 0
    measured = json.loads(capsys.readouterr().out)["reviews"]
    assert measured["answered"] == {"share": 1.0, "accuracy": measured["metrics"]["accuracy"]}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--behaviour"),
        (("{reviews}",), 3, "text"),
        (("{reviews}", *COLUMNS, "--model", "nothing"), 3, "nothing"),
        (("{reviews}", *COLUMNS, "--version", "7"), 3, "version 7"),
        (("nowhere.csv",), 3, "nowhere.csv"),
        (("{reviews}", "--text-column", "verdict", "--label-column", "review"), 3, "labels"),
        (("{reviews}", *COLUMNS, "--min-accuracy", "1"), 5, "below"),
    ],
)
def test_what_is_wrong_is_said(
    repository: Path,
    reviews: Path,
    arguments: list[str],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [argument.format(reviews=reviews) for argument in arguments]
    assert evaluate(monkeypatch, *given, "--repository", str(repository)) == code
    assert said in capsys.readouterr().err


def test_the_version_those_passed_over_and_skipped_rows_are_said(
    repository: Path,
    tmp_path: Path,
    reviews: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    copied = Path(shutil.copytree(repository, tmp_path / "copied"))
    shutil.copytree(copied / "gru" / "1", copied / "gru" / "2")
    (copied / "gru" / "2" / "weights.safetensors").write_bytes(b"cut")
    reviews.write_text(reviews.read_text() + ",fresh\n")
    where = ("--repository", str(copied), "--model", "gru")
    assert evaluate(monkeypatch, str(reviews), *where, *COLUMNS, "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["version"] == 1
    assert "gru/2/weights.safetensors" in said.err
    assert "gru, version 1" in said.err
    assert "skipped 1 rows, the first" in said.err


def test_the_worst_mistakes_are_the_most_confident_ones() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.05, 0.95], [0.2, 0.8]])
    found = review_figures("x", "abcd", np.array([1, 1, 0, 0]), probabilities, ("no", "yes"), mistakes=2)
    assert [(one.row, one.answer, one.probability) for one in found.worst] == [(3, "yes", 0.95), (1, "no", 0.9)]
    assert found.confusion == ((0, 2), (1, 1))


def test_a_file_of_one_label_has_no_area_under_the_curve() -> None:
    found = review_figures("x", "ab", np.array([1, 1]), np.array([[0.4, 0.6], [0.7, 0.3]]), ("no", "yes"), 5)
    assert np.isnan(found.metrics.auc)
    assert found.metrics.accuracy == 0.5
    assert json.loads(found.model_dump_json())["metrics"]["auc"] is None
