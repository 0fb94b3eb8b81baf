"""A bundle comes back as it was written, or is refused by name."""

from pathlib import Path

import numpy as np
import pytest

from models.bundle.files import Bundle, InvalidBundle, read, replay_golden
from models.bundle.repository import model_names, versions
from models.network.equations import CELLS, forward
from tests.bundles import random_weights, vocabulary


def test_it_comes_back_as_it_was_written(bundles: dict[str, Bundle]) -> None:
    for seed, cell in enumerate(CELLS):
        bundle = bundles[cell]
        assert bundle.manifest.cell == cell
        assert bundle.vocabulary.words == vocabulary().words
        expected = random_weights(cell, seed=seed).tensors()
        found = bundle.weights.tensors()
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_the_weights_can_not_be_written_to(repository: Path) -> None:
    weights = read(repository / "gru" / "1").weights
    with pytest.raises(ValueError, match="read-only"):
        weights.head_bias[0] = 1.0


def test_golden_answers_are_those_of_the_equations(repository: Path) -> None:
    bundle = read(repository / "gru" / "1")
    weights = bundle.weights.astype(np.float64)
    assert replay_golden(bundle, lambda ids: forward(weights, ids).logits) <= 1e-5


def test_a_wrong_answer_to_a_golden_text_is_refused(repository: Path) -> None:
    bundle = read(repository / "gru" / "1")
    with pytest.raises(InvalidBundle, match=r"step\.onnx: a golden answer differs"):
        replay_golden(bundle, lambda ids: np.array([0.0, np.nan]))


def test_only_whole_positive_numbers_are_versions(tmp_path: Path) -> None:
    for name in ("1", "10", "9", "01", "0", "-1", "1.0", "latest", ".writing-1"):
        (tmp_path / "lstm" / name).mkdir(parents=True)
    (tmp_path / "lstm" / "11").touch()
    (tmp_path / ".hidden" / "1").mkdir(parents=True)
    assert versions(tmp_path, "lstm") == [1, 9, 10]
    assert versions(tmp_path, "../x") == []
    assert model_names(tmp_path) == ["lstm"]
    assert model_names(tmp_path / "none") == []
