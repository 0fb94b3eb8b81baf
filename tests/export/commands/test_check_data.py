"""`gatescope check-data`: what it finds in files of one's own, and that an export follows the same rules."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gatescope.command_line import main

COMMON = ["the", "film", "was", "a", "story", "of", "and", "with", "this", "it", "good", "bad"]


def gatescope_exits(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["gatescope", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """40 reviews of two labels, one in Cyrillic; a copy, a copy with another label, and two rows without a label."""
    rows = [f"{' '.join(COMMON[number % 6 :])} {number},{'[/neg]' if number % 2 else '<pos>'}" for number in range(39)]
    rows += ["\u0444\u0438\u043b\u044c\u043c film,<pos>", rows[0], rows[1].replace("[/neg]", "<pos>"), "film,", "good,"]
    made = tmp_path / "reviews.csv"
    made.write_text("\n".join(["text,label", *rows]), "utf-8")
    return made


def test_what_a_file_holds_is_counted(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gatescope_exits(monkeypatch, "check-data", file, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["reviews"], found["labels"]) == (40, {"<pos>": 21, "[/neg]": 19})
    assert (found["duplicates"], found["contradictions"], found["skipped"]) == (2, 1, 2)
    assert sum(found["lengths"]["counts"]) == 40
    assert list(found["scripts"]) == ["latin", "cyrillic"]
    training = found["training"]
    assert sum(sum(counts.values()) for counts in training["splits"].values()) == 40
    assert training["vocabulary"] == len(COMMON)
    assert 0.8 < training["known"]["train"] < 1
    assert found["refused"] is None


def test_figures_remarks_and_the_verdict_are_printed_as_text(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gatescope_exits(monkeypatch, "check-data", file) == 0
    said = capsys.readouterr().out
    for shown in ("[/neg] 19", "80/10/10", "! skipped 2 rows", "A training would begin."):
        assert shown in said


def test_the_page_has_pictures_and_no_markup_of_the_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gatescope_exits(monkeypatch, "check-data", file, "--html", tmp_path / "page.html", "--json") == 0
    page = (tmp_path / "page.html").read_text("utf-8")
    pictures = [part.partition("</figure>")[0] for part in page.split("<figure>")[1:]]
    assert len(pictures) == 3
    for picture in pictures:
        ElementTree.fromstring(picture)
    assert "<pos>" not in page
    assert "&lt;pos&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ("text,label\n" + "good film,1\n" * 3 + "bad film,0\n", (), "no split can hold every label"),
        ("text,label\n" + "".join(f"film {n},{n % 2}\n" for n in range(40)), ("--min-count", "50"), "--min-count"),
        ("text,label\n" + "".join(f"film {n},{n % 2}\n" for n in range(40)), ("--class-weight", "2=3"), "'2'"),
    ],
)
def test_what_an_export_would_refuse_is_refused_with_the_same_words(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: str,
    options: tuple[str, ...],
    said: str,
) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert gatescope_exits(monkeypatch, "check-data", tmp_path / "a.csv", "--json", *options) == 3
    refused = json.loads(capsys.readouterr().out)["refused"]
    assert said in refused
    where = ("--data", tmp_path / "a.csv", "--repository", tmp_path / "repository")
    assert gatescope_exits(monkeypatch, "export", *where, *options, "--json") == 3
    assert json.loads(capsys.readouterr().out)["error"] == refused


def test_splits_of_ones_own_are_shown_with_their_overlap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, first in (("train", 0), ("dev", 30), ("test", 50)):
        rows = (f"{' '.join(COMMON)} {number},{number % 2}" for number in range(first, first + 40))
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *rows]))
    options = ("--validation", tmp_path / "dev.csv", "--test", tmp_path / "test.csv")
    assert gatescope_exits(monkeypatch, "check-data", tmp_path / "train.csv", *options, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["overlaps"] == {"train in validation": 10, "validation in test": 20}
    assert found["training"]["rule"] == "as given"
    assert {name: sum(counts.values()) for name, counts in found["training"]["splits"].items()} == {
        "train": 30,
        "validation": 20,
        "test": 40,
    }
