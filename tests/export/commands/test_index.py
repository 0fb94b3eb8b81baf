"""`gatescope index`: the next version of a model, the same network with reviews of one's own to be searched."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from export.publish.verify import verify
from gatescope.command_line import main
from models.bundle.files import CORPUS, InvalidBundle, read
from models.exits import Exit
from tests.bundles import change_manifest, rehash

ROWS = "text,label\na good film,fresh\na dull film,rotten\n,fresh\nnot for me,rotten\n"


def index(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["gatescope", "index", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def own(repository: Path, tmp_path: Path) -> Path:
    """A repository that may be written to, and beside it a file of labelled reviews."""
    (tmp_path / "mine.csv").write_text(ROWS)
    return Path(shutil.copytree(repository, tmp_path / "repository"))


@pytest.mark.parametrize("texts", [True, False])
def test_the_next_version_has_the_reviews(
    own: Path, texts: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--model", "rnn", "--repository", str(own))
    assert index(monkeypatch, str(own.parent / "mine.csv"), *where, "--texts" if texts else "--no-texts") == 0
    said = capsys.readouterr()
    assert str(own / "rnn" / "2") in said.out and "skipped 1 rows" in said.err
    before, after = (read(own / "rnn" / number) for number in "12")
    assert after.manifest.corpus and after.manifest.corpus.source == "mine.csv"
    assert after.corpus and after.corpus.texts == (("a good film", "a dull film", "not for me") if texts else None)
    assert before.step_graph == after.step_graph and before.manifest.golden == after.manifest.golden
    assert after.manifest.version == 2 and before.corpus is None
    assert all(check.passed for check in verify(own / "rnn" / "2"))


def test_a_label_that_the_model_does_not_know_is_refused(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (own.parent / "mine.csv").write_text("text,label\na good film,lovely\n")
    assert index(monkeypatch, str(own.parent / "mine.csv"), "--repository", str(own)) == Exit.DATA
    assert "'lovely'" in capsys.readouterr().err and not (own / "lstm" / "2").exists()


def test_states_that_are_not_the_networks_are_found(own: Path) -> None:
    folder = own / "lstm" / "1"
    data = bytearray((folder / CORPUS).read_bytes())
    corpus = read(folder).corpus
    assert corpus is not None
    changed = np.clip(corpus.hidden, -100, 100) + np.int8(20)
    at = bytes(data).index(corpus.hidden.tobytes())
    data[at : at + changed.size] = changed.astype(np.int8).tobytes()
    (folder / CORPUS).write_bytes(data)
    rehash(folder)
    assert [check.name for check in verify(folder) if not check.passed] == ["corpus"]


def test_a_corpus_that_the_manifest_does_not_know_is_refused(own: Path) -> None:
    folder = own / "lstm" / "1"
    change_manifest(folder, corpus=None)
    with pytest.raises(InvalidBundle, match="disagree"):
        read(folder)


def test_a_corpus_that_is_not_what_the_manifest_says_is_refused(own: Path) -> None:
    folder = own / "gru" / "1"
    facts = read(folder).manifest.corpus
    assert facts is not None
    change_manifest(folder, corpus=facts.model_dump() | {"texts": True})
    with pytest.raises(InvalidBundle, match="not what the manifest says"):
        read(folder)
    (folder / CORPUS).write_bytes(b"nothing")
    rehash(folder)
    with pytest.raises(InvalidBundle, match="not a safetensors file"):
        read(folder)
