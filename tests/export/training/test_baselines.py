import random

import numpy as np
import pytest

from export.data.reviews import Row, gather
from export.data.splits import Part, Splits, split
from export.training.baselines import linear, majority, nb_svm, opinions

OPINION = {"good": ["great", "moving", "not bad"], "bad": ["dull", "silly", "not great"], "so": ["long", "short"]}


def _splits(labels: tuple[str, ...]) -> Splits:
    """Reviews whose label shows in one of their words, or in a pair of them."""
    draw = random.Random(0)
    rows = []
    for number in range(600):
        label = draw.choice([labels[0], *labels])
        filler = [draw.choice(["a", "film", "plot", "the", "of"]) for _ in range(6)]
        rows.append(Row(f"{' '.join(filler)} {draw.choice(OPINION[label])} n{number}", label))
    return split(gather("own", "own", "none", rows), 0)


@pytest.mark.parametrize("labels", [("good", "bad"), ("good", "bad", "so")])
def test_rivals_learn_what_words_and_pairs_of_words_say(labels: tuple[str, ...]) -> None:
    splits = _splits(labels)
    for rival in (linear(splits), nb_svm(splits)):
        assert rival.probabilities.shape == (len(splits.test), len(labels))
        np.testing.assert_allclose(rival.probabilities.sum(1), 1.0)
        assert (rival.probabilities.argmax(1) == splits.test.targets).mean() > 0.95
        assert rival.chosen


def test_the_majority_class_is_the_commonest_of_training() -> None:
    splits = _splits(("good", "bad", "so"))
    rival = majority(splits)
    assert set(rival.probabilities.argmax(1)) == {splits.labels.index("good")}
    np.testing.assert_allclose(rival.probabilities.sum(1), 1.0)


def _part(reviews: list[tuple[str, int, str]]) -> Part:
    texts, targets, groups = zip(*reviews, strict=True)
    return Part(texts, np.array(targets), groups)


def test_an_opinion_on_a_review_comes_from_other_films_only() -> None:
    """What is said in one film's reviews alone can't be known by a model that has not read them."""
    draw = random.Random(0)
    reviews = [
        (f"{'great' if label else 'dull'} film {draw.choice('abcd')} {draw.choice('abcd')}", label, f"film{film}")
        for film in range(10)
        for label in (0, 1)
        for _ in range(5)
    ]
    secret = [("zzz", 1, "secret")] * 20
    found = opinions(_part([*reviews, *secret]), 2)
    assert (found[: len(reviews)].argmax(1) == [label for _, label, _ in reviews]).all()
    np.testing.assert_allclose(found[len(reviews) :], found[-1:].repeat(len(secret), axis=0))
    assert found[-1, 1] < 0.75


@pytest.mark.parametrize("films", [("x", "x", "x", "x"), ("x", "x", "y", "y")])
def test_labels_that_can_not_be_left_out_are_their_own_opinion(films: tuple[str, ...]) -> None:
    part = _part([("great", 1, films[0]), ("good", 1, films[1]), ("dull", 0, films[2]), ("bad", 0, films[3])])
    assert opinions(part, 2).argmax(1).tolist() == [1, 1, 0, 0]
    assert (opinions(part, 2).max(1) == 1.0).all()
