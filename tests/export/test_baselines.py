import random

import numpy as np
import pytest

from export.baselines import linear, majority, nb_svm
from export.reviews import Row, gather
from export.splits import Splits, split

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
