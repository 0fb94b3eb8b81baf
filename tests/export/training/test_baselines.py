import random

import numpy as np
import pytest

from export.data.reviews import Review, gather
from export.data.splits import split
from export.teaching.lessons import labelled_reviews
from export.training.baselines import linear, majority, nb_svm
from export.training.dataset import Dataset, prepare

OPINION = {"good": ["great", "moving", "not bad"], "bad": ["dull", "silly", "not great"], "so": ["long", "short"]}


def _dataset(labels: tuple[str, ...]) -> Dataset:
    """Reviews whose label shows in one of their words, or in a pair of them."""
    draw = random.Random(0)
    rows = []
    for number in range(600):
        label = draw.choice([labels[0], *labels])
        filler = [draw.choice(["a", "film", "plot", "the", "of"]) for _ in range(6)]
        rows.append(Review(f"{' '.join(filler)} {draw.choice(OPINION[label])} n{number}", label))
    splits = split(gather("own", "own", "none", rows), 0)
    lessons = [labelled_reviews(splits.train, splits.labels)]
    return prepare(splits, lessons, vocabulary_size=100, min_count=2)


@pytest.mark.parametrize("labels", [("good", "bad"), ("good", "bad", "so")])
def test_baselines_learn_what_words_and_pairs_of_words_say(labels: tuple[str, ...]) -> None:
    dataset = _dataset(labels)
    for baseline in (linear(dataset), nb_svm(dataset)):
        assert baseline.test.shape == (len(dataset.test), len(labels))
        np.testing.assert_allclose(baseline.test.sum(1), 1.0)
        assert (baseline.test.argmax(1) == dataset.test.targets).mean() > 0.95
        assert baseline.tuned
        np.testing.assert_allclose(baseline.predict(dataset.test.texts), baseline.test)


def test_the_majority_class_is_the_commonest_of_training() -> None:
    dataset = _dataset(("good", "bad", "so"))
    baseline = majority(dataset)
    assert set(baseline.test.argmax(1)) == {dataset.labels.index("good")}
    np.testing.assert_allclose(baseline.test.sum(1), 1.0)
