"""A bundle comes back as it was written, or is refused by name."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.bundle.files import MANIFEST, WEIGHTS, WORDS, InvalidBundle, read, replay_golden
from models.bundle.repository import model_names, versions
from models.bundle.safetensors_map import map_tensors
from models.network.equations import CELLS, forward
from tests.bundles import random_weights, vocabulary


@pytest.fixture
def folder(repository: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(repository / "lstm" / "1", tmp_path / "1"))


def change(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**manifest, **values}))


def test_it_comes_back_as_it_was_written(repository: Path) -> None:
    for seed, cell in enumerate(CELLS):
        bundle = read(repository / cell / "1")
        assert bundle.manifest.cell == cell
        assert bundle.vocabulary.words == vocabulary().words
        expected = random_weights(cell, seed=seed).tensors()
        found = bundle.weights.tensors()
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_the_weights_are_mapped_and_can_not_be_written(repository: Path) -> None:
    weights = map_tensors(repository / "gru" / "1" / WEIGHTS)
    with pytest.raises(ValueError, match="read-only"):
        weights["head.bias"][0] = 1.0


def test_golden_answers_are_those_of_the_equations(repository: Path) -> None:
    bundle = read(repository / "gru" / "1")
    weights = bundle.weights.astype(np.float64)
    assert replay_golden(bundle, lambda ids: forward(weights, ids).logits) <= 1e-5


def test_a_wrong_answer_to_a_golden_text_is_refused(repository: Path) -> None:
    bundle = read(repository / "gru" / "1")
    with pytest.raises(InvalidBundle, match=r"step\.onnx: a golden answer differs"):
        replay_golden(bundle, lambda ids: np.array([0.0, np.nan]))


def test_a_future_schema_is_refused(folder: Path) -> None:
    change(folder, schema_version=2)
    with pytest.raises(InvalidBundle, match="schema version 2, this Gatescope reads 1"):
        read(folder)


@pytest.mark.parametrize("path", ["../lstm.onnx", "/etc/passwd", "report/../../x", "a\\b", ""])
def test_a_path_can_not_leave_the_folder(folder: Path, path: str) -> None:
    files = json.loads((folder / MANIFEST).read_text())["files"]
    change(folder, files={**files, path: files[WORDS]})
    with pytest.raises(InvalidBundle, match="leaves the bundle's folder"):
        read(folder)


def test_a_link_can_not_leave_the_folder(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / WORDS, tmp_path / "elsewhere.json")
    (folder / WORDS).symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(InvalidBundle, match="lies outside the bundle"):
        read(folder)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"cell": "gru"}, "states"),
        ({"hidden_size": 11}, "states"),
        ({"labels": ["a", "a"]}, "label stands twice"),
        ({"labels": ["a"]}, "labels"),
        ({"temperature": 0}, "temperature"),
        ({"surprise": 1}, "surprise"),
        ({"vocabulary_size": 9}, "golden"),
        ({"embedding_size": 13}, "has sizes"),
        ({"name": "../x"}, "name"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, values: dict[str, object], reason: str) -> None:
    change(folder, **values)
    with pytest.raises(InvalidBundle, match=reason):
        read(folder)


@pytest.mark.parametrize(
    "histogram",
    [
        {"edges": [0], "counts": []},
        {"edges": [], "counts": []},
        {"edges": [0, 1, 2], "counts": [3, -1]},
        {"edges": [0, 2, 1], "counts": [1, 1]},
        {"edges": [0, 0], "counts": [1]},
        {"edges": [0, "inf"], "counts": [1]},
        {"edges": [0, 1], "counts": [1, 1]},
    ],
)
@pytest.mark.parametrize("feature", ["words", "unknown_rate", "confidence"])
def test_a_histogram_that_is_none_is_refused(folder: Path, feature: str, histogram: dict[str, object]) -> None:
    reference = json.loads((folder / MANIFEST).read_text())["reference"]
    change(folder, reference=reference | {feature: histogram})
    with pytest.raises(InvalidBundle, match=rf"manifest\.json: .*reference\.{feature}"):
        read(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff"])
def test_a_manifest_that_is_none_is_refused(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(InvalidBundle, match=MANIFEST):
        read(folder)


@pytest.mark.parametrize("content", [b"", b"1234567", (2**40).to_bytes(8, "little"), b"\x02" + 7 * b"\0" + b"[]"])
def test_a_weights_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / WEIGHTS).write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        map_tensors(tmp_path / WEIGHTS)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(InvalidBundle, match=WEIGHTS):
        read(folder)


def test_only_whole_positive_numbers_are_versions(tmp_path: Path) -> None:
    for name in ("1", "10", "9", "01", "0", "-1", "1.0", "latest", ".writing-1"):
        (tmp_path / "lstm" / name).mkdir(parents=True)
    (tmp_path / "lstm" / "11").touch()
    (tmp_path / ".hidden" / "1").mkdir(parents=True)
    assert versions(tmp_path, "lstm") == [1, 9, 10]
    assert versions(tmp_path, "../x") == []
    assert model_names(tmp_path) == ["lstm"]
    assert model_names(tmp_path / "none") == []
