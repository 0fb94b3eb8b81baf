"""N-grams as a teacher: whom they can teach, that they judge reviews and parts, and never what they learnt from."""

import random

import numpy as np
import pytest

from export.data.splits import DataSplit
from export.teaching.lessons import LONG, PARTS, lessons_of, parts_of
from export.teaching.ngram_teacher import FEWEST_GROUPS, ask_ngrams, can_teach

FILLER = ("the", "film", "a", "plot", "of", "and", "scene", "is")


def _reviews(count: int, words: int, labels: int = 2) -> DataSplit:
    """Two reviews a group; "superb" or "dreadful" tells the label, as does a name that stands in no other group."""
    draw = random.Random(0)
    targets = np.arange(count) // 2 % labels
    texts = []
    for number, target in enumerate(targets.tolist()):
        told = ["superb" if target else "dreadful", f"name{number // 2}"]
        said = [draw.choice(FILLER) for _ in range(words - 2)] + told
        draw.shuffle(said)
        texts.append(" ".join(said))
    return DataSplit(tuple(texts), targets, tuple(f"g{number // 2}" for number in range(count)))


def test_a_review_is_judged_by_what_other_groups_say() -> None:
    reviews = _reviews(200, LONG)
    opinions = ask_ngrams(reviews, 0, lambda _: None)
    found = opinions.about(reviews.texts)
    assert ((found > 0.5) == reviews.targets).all()
    hidden = tuple(text.replace("superb", "a").replace("dreadful", "a") for text in reviews.texts)
    unsaid = DataSplit(hidden, reviews.targets, reviews.groups)
    guesses = ask_ngrams(unsaid, 0, lambda _: None).about(hidden)
    assert abs(((guesses > 0.5) == reviews.targets).mean() - 0.5) < 0.2


def test_each_part_has_an_opinion_and_is_a_lesson() -> None:
    reviews = _reviews(200, LONG)
    parts = parts_of(reviews)
    assert len(parts) == PARTS * len(reviews)
    assert all(part in text for part, text in zip(parts, np.repeat(reviews.texts, PARTS), strict=True))
    opinions = ask_ngrams(reviews, 0, lambda _: None)
    assert not np.isnan(opinions.about(parts)).any()
    mixed, judged = lessons_of(reviews, ("short", "long"), opinions)
    assert set(parts) == set(judged.texts)
    assert not np.isnan(mixed.targets).any()


@pytest.mark.parametrize(
    ("count", "words", "labels", "can"),
    [(4 * FEWEST_GROUPS, LONG, 2, True), (400, LONG, 2, False), (400, 20, 2, False), (600, LONG, 3, False)],
)
def test_long_reviews_of_two_labels_and_many_groups_are_taught(count: int, words: int, labels: int, can: bool) -> None:
    assert can_teach(_reviews(count, words, labels)) is can


def test_short_reviews_have_no_parts() -> None:
    assert parts_of(_reviews(20, LONG // 2)) == []
