import random

import numpy as np
import pytest

from export.data.reviews import Review, gather
from export.data.splits import split
from export.settings import ExportSettings
from export.teaching.lessons import lessons_of
from export.training.baselines import linear
from export.training.batches import predict
from export.training.config import TrainingSettings
from export.training.dataset import Dataset, prepare
from export.training.label_weights import Wanted, label_weights
from export.training.soundness import require_learnt
from export.training.train import train
from export.training.vectors import word_vectors
from models.network.equations import Array
from models.reviews.errors import DataError

TARGETS = np.array([0] * 9 + [1] * 3)


def test_balanced_labels_count_alike_and_a_review_one_on_average() -> None:
    weights = label_weights("balanced", ["a", "b"], TARGETS)
    assert (weights * np.bincount(TARGETS)).tolist() == [6, 6]
    assert label_weights(None, ["a", "b"], TARGETS).tolist() == [1, 1]


def test_given_weights_keep_their_ratio_and_a_label_without_one_counts_one() -> None:
    weights = label_weights({"b": 5}, ["a", "b"], TARGETS)
    assert weights[1] / weights[0] == pytest.approx(5)
    assert weights[TARGETS].mean() == pytest.approx(1)


def test_the_weight_of_a_label_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="'c'; there are a, b"):
        label_weights({"c": 2}, ["a", "b"], TARGETS)


@pytest.mark.parametrize(
    ("given", "weights"),
    [
        ("balanced", "balanced"),
        ("good=1, bad=2.5", {"good": 1, "bad": 2.5}),
        ('"a, b=c"=2', {"a, b=c": 2}),
        ({"good": 3}, {"good": 3}),
    ],
)
def test_weights_are_read_from_a_flag_or_a_table(given: object, weights: object) -> None:
    assert ExportSettings.model_validate({"class_weight": given}).class_weight == weights


@pytest.mark.parametrize("given", ["even", "good=0", "good=-1", "good=nan", "good=much", "=2"])
def test_what_is_no_weight_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="class_weight"):
        ExportSettings.model_validate({"class_weight": given})


def _rarely(class_weight: Wanted) -> Dataset:
    """300 reviews, a tenth of them rare; a word that stands in every rare one stands in a third of the others, too."""
    draw, rows = random.Random(0), list[Review]()
    for number in range(300):
        words = draw.choices(["the", "film", "a", "story"], k=4) + ["slow"] * (number % 10 == 0 or number % 3 == 1)
        draw.shuffle(words)
        rows.append(Review(f"{' '.join(words)} {number}", "rare" if number % 10 == 0 else "usual"))
    splits = split(gather("own", "own", "none", rows), 0)
    lessons = lessons_of(splits.train, splits.labels, None)
    return prepare(splits, lessons, vocabulary_size=100, min_count=2, class_weight=class_weight)


def _rare_found(probabilities: Array, dataset: Dataset) -> float:
    """Return the share of the rare reviews of the test that are found."""
    return float((probabilities.argmax(1) == 0)[dataset.test.targets == 0].mean())


def test_a_rare_label_is_found_once_it_counts_as_much() -> None:
    usual, balanced = _rarely(None), _rarely("balanced")
    assert _rare_found(linear(usual).test, usual) == 0
    assert _rare_found(linear(balanced).test, balanced) == 1
    vectors = word_vectors(balanced.lesson_ids, len(balanced.vocabulary), width=8, seed=0)
    settings = TrainingSettings("gru", hidden_size=8, epochs=8, patience=8, batch_size=16, learning_rate=0.02)
    model = train(balanced, vectors, settings)
    require_learnt("gru", model, balanced)
    assert _rare_found(predict(model.weights, balanced.test.ids), balanced) > 0.5
