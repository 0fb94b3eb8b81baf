"""What a network learns from: labels alone, with a teacher's opinions, with sentences of known sense."""

import numpy as np
import pytest

from export.data.splits import DataSplit
from export.teaching.lessons import lessons_of, made_of
from export.teaching.opinions import Opinions

REVIEWS = (
    "a warm and quiet film, very good",
    "a dull one, and it is very loud",
    "it is so warm and very quiet",
    "the plot was loud",
)


@pytest.fixture
def part() -> DataSplit:
    return DataSplit(REVIEWS, np.array([1, 0, 1, 0]), ("a", "b", "c", "d"))


def test_labels_alone_are_smoothed(part: DataSplit) -> None:
    (reviews,) = lessons_of(part, ("short", "long"), None)
    assert reviews.texts == REVIEWS
    np.testing.assert_allclose(reviews.targets[:2], [[0.025, 0.975], [0.975, 0.025]])


@pytest.mark.parametrize(("labels", "praise"), [(("rotten", "fresh"), 1), (("pos", "neg"), 0)])
def test_sentences_of_known_sense_are_for_praise_and_blame(
    part: DataSplit, labels: tuple[str, str], praise: int
) -> None:
    _, known = lessons_of(part, labels, None)
    assert len(known.texts) == 4 * len(part)
    assert known.new_words
    np.testing.assert_allclose(np.unique(known.targets[:, praise]), [0.025, 0.975])


def test_an_opinion_is_half_the_target_of_a_review_and_all_of_a_made_text(part: DataSplit) -> None:
    made = [text for text in made_of(part) if text != REVIEWS[3]]
    asked = [*REVIEWS[:3], *made]
    opinions = Opinions.of(asked, np.full(len(asked), 0.5), teacher="t", training="f")
    reviews, judged = lessons_of(part, ("short", "long"), opinions)
    np.testing.assert_allclose(reviews.targets[:, 1], [0.7375, 0.2625, 0.7375, 0.025], atol=0.01)
    assert judged.texts == tuple(made)
    assert not judged.new_words
    np.testing.assert_allclose(judged.targets, 0.5, atol=0.01)


def test_there_may_be_several_labels(part: DataSplit) -> None:
    (reviews,) = lessons_of(part, ("a", "b", "c"), None)
    assert reviews.targets.shape == (4, 3)
