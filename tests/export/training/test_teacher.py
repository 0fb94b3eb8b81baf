import random

import numpy as np
import pytest

from export.training.dataset import Examples, lowercase_words
from export.training.teacher import cross_fitted_teacher


def _examples(reviews: list[tuple[str, int, str]]) -> Examples:
    texts, targets, groups = zip(*reviews, strict=True)
    words = [lowercase_words(text) for text in texts]
    return Examples(texts, words, [np.array([1])] * len(texts), np.array(targets), groups)


def test_what_the_teacher_says_of_a_review_comes_from_other_films_only() -> None:
    """What is said in one film's reviews alone can't be known by a model that has not read them."""
    draw = random.Random(0)
    reviews = [
        (f"{'great' if label else 'dull'} film {draw.choice('abcd')} {draw.choice('abcd')}", label, f"film{film}")
        for film in range(10)
        for label in (0, 1)
        for _ in range(5)
    ]
    secret = [("zzz", 1, "secret")] * 20
    found = cross_fitted_teacher(_examples([*reviews, *secret]), 2)
    assert (found[: len(reviews)].argmax(1) == [label for _, label, _ in reviews]).all()
    np.testing.assert_allclose(found[len(reviews) :], found[-1:].repeat(len(secret), axis=0))
    assert found[-1, 1] < 0.75


@pytest.mark.parametrize("films", [("x", "x", "x", "x"), ("x", "x", "y", "y")])
def test_labels_that_can_not_be_left_out_are_their_own_teacher(films: tuple[str, ...]) -> None:
    examples = _examples([("great", 1, films[0]), ("good", 1, films[1]), ("dull", 0, films[2]), ("bad", 0, films[3])])
    assert cross_fitted_teacher(examples, 2).argmax(1).tolist() == [1, 1, 0, 0]
    assert (cross_fitted_teacher(examples, 2).max(1) == 1.0).all()
