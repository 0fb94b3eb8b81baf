"""Which model and which version is meant."""

import shutil
from pathlib import Path

import pytest

from models.bundle.files import MANIFEST, WEIGHTS, Bundle, InvalidBundle
from models.bundle.select import NoSuchModel, candidates, default_name, newest_valid, open_model, read_version
from tests.bundles import random_weights, write_bundle


@pytest.fixture
def two(repository: Path, tmp_path: Path) -> Path:
    """A repository whose `lstm` has versions 1 and 2, and whose `gru` has version 1."""
    folder = tmp_path / "repository"
    for name in ("lstm", "gru"):
        shutil.copytree(repository / name, folder / name)
    write_bundle(folder, "lstm", random_weights("lstm", seed=7))
    return folder


def itself(bundle: Bundle) -> Bundle:
    return bundle


def truncate(folder: Path) -> None:
    with (folder / WEIGHTS).open("r+b") as file:
        file.truncate(1000)


def test_the_default_model_is_the_preferred_one_then_lstm_then_the_first() -> None:
    assert default_name(["rnn", "lstm", "gru"], "gru") == "gru"
    assert default_name(["rnn", "lstm", "gru"]) == "lstm"
    assert default_name(["rnn", "gru"]) == "gru"
    assert default_name([], "gru") == "gru"
    assert default_name([]) is None


def test_candidates_are_all_versions_the_newest_first_or_the_one_asked_for(two: Path) -> None:
    assert candidates(two, "lstm") == [2, 1]
    assert candidates(two, "lstm", 1) == [1]
    for name, version in (("lstm", 3), ("rnn", None), ("../lstm", None)):
        with pytest.raises(NoSuchModel, match="gru 1, lstm 1, lstm 2"):
            candidates(two, name, version)


def test_the_newest_valid_version_is_opened_and_what_was_refused_is_said(two: Path) -> None:
    assert open_model(two, itself).newest.manifest.version == 2
    truncate(two / "lstm" / "2")
    found = open_model(two, itself)
    assert found.newest.manifest.version == 1
    assert [(version, error.path.name) for version, error in found.refused.items()] == [(2, WEIGHTS)]
    assert all(WEIGHTS in warning for warning in found.warnings)
    assert open_model(two, itself, name="gru").warnings == []


def test_a_version_asked_for_is_never_replaced_by_another(two: Path) -> None:
    truncate(two / "lstm" / "2")
    with pytest.raises(InvalidBundle, match=WEIGHTS):
        open_model(two, itself, version=2)


def test_a_model_without_a_valid_version_is_refused_with_every_reason(two: Path) -> None:
    truncate(two / "lstm" / "2")
    (two / "lstm" / "1" / MANIFEST).write_text("{")
    with pytest.raises(InvalidBundle, match=rf"no valid version: .*2/{WEIGHTS}.*1/{MANIFEST}"):
        open_model(two, itself)


def test_a_folder_that_says_it_is_another_version_or_model_is_not_valid(two: Path) -> None:
    shutil.copytree(two / "lstm" / "1", two / "lstm" / "3")
    shutil.copytree(two / "gru" / "1", two / "lstm" / "4")
    for version, said in ((3, "is lstm version 1"), (4, "is gru version 1")):
        with pytest.raises(InvalidBundle, match=said):
            read_version(two, "lstm", version)
    assert open_model(two, itself).newest.manifest.version == 2


def test_what_can_not_be_opened_is_passed_over_as_what_can_not_be_read(two: Path) -> None:
    def opened(bundle: Bundle) -> int:
        if bundle.manifest.version == 2:
            raise InvalidBundle(bundle.folder, "a golden answer differs")
        return bundle.manifest.version

    assert open_model(two, opened).newest == 1


def test_so_many_of_the_newest_valid_versions_are_kept() -> None:
    def opened(version: int) -> int:
        if version == 3:
            raise InvalidBundle(Path("3"), "broken")
        return version

    assert newest_valid([5, 4, 3, 2], opened, keep=3).opened == (5, 4, 2)
    assert newest_valid([5, 3], opened, keep=3).opened == (5,)
    assert newest_valid([5, 3], opened, keep=1).refused == {}


def test_a_repository_without_models_has_none(tmp_path: Path) -> None:
    with pytest.raises(NoSuchModel, match="the repository has no models"):
        open_model(tmp_path, itself)
