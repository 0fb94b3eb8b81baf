"""The modifier table: readers whose modifiers are known have just these gains, a bag of words has none."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from export.data.grammar import read_toml
from export.publish.behaviour import FILE
from export.publish.comparison import ComparisonReport
from export.publish.modifiers import MODIFIERS, PLACES, modifier_gains
from export.publish.report import card
from models.bundle.files import Bundle
from models.network.equations import Array

WORDS = read_toml(FILE)["words"]
SENSE = dict.fromkeys(WORDS["good"], 1.0) | dict.fromkeys(WORDS["bad"], -1.0)
LABELS = ("rotten", "fresh")
REACH = 3


def probabilities(score: Callable[[list[str]], float]) -> Callable[[Sequence[str]], Array]:
    """A classifier whose log-odds of praise are the score of a text's words."""

    def predict(texts: Sequence[str]) -> Array:
        praise = 1 / (1 + np.exp([-score(text.lower().replace(".", " .").split()) for text in texts]))
        return np.stack([1 - praise, praise], axis=1)

    return predict


def bag_of_words(words: list[str]) -> float:
    return sum(SENSE.get(word, 0.3 if word in MODIFIERS else 0.0) for word in words)


def reader(words: list[str]) -> float:
    """Reverse what stands at most `REACH` words after "not", double what follows "very", forget at "but"."""
    score = 0.0
    for at, word in enumerate(words):
        if word == "but":
            score = 0.0
        reversed_by_not = "not" in words[max(0, at - REACH) : at]
        doubled = words[max(0, at - 1) : at] == ["very"]
        score += SENSE.get(word, 0.0) * (-1 if reversed_by_not else 1) * (2 if doubled else 1)
    return score


def test_a_bag_of_words_has_gains_of_one() -> None:
    gains = modifier_gains(probabilities(bag_of_words), LABELS)
    assert set(gains) == set(MODIFIERS)
    for row in gains.values():
        assert row == pytest.approx(dict.fromkeys(PLACES, 1.0))


def test_a_reader_has_the_gains_of_its_modifiers_as_far_as_they_reach() -> None:
    gains = modifier_gains(probabilities(reader), LABELS)
    untouched = dict.fromkeys(PLACES, 1.0)
    assert gains["not"] == pytest.approx(untouched | {"next word": -1.0, "2nd word": -1.0})
    assert gains["very"] == pytest.approx(untouched | {"next word": 2.0})
    assert gains["but"] == pytest.approx(untouched | {"words before": 0.0})
    assert gains["and"] == pytest.approx(untouched)


def test_the_order_of_labels_does_not_matter() -> None:
    forward = modifier_gains(probabilities(reader), LABELS)
    mirrored = modifier_gains(lambda texts: probabilities(reader)(texts)[:, ::-1], ("pos", "neg"))
    assert mirrored["not"] == pytest.approx(forward["not"])


@pytest.mark.parametrize("labels", [("a", "b"), ("1", "2", "3")])
def test_other_labels_have_no_table(labels: tuple[str, ...]) -> None:
    assert modifier_gains(probabilities(reader), labels) == {}


def test_who_does_not_tell_praise_from_blame_has_no_table() -> None:
    assert modifier_gains(probabilities(lambda words: 0.1 * len(words)), LABELS) == {}


def test_a_place_too_far_to_tell_praise_from_blame_is_left_out() -> None:
    gains = modifier_gains(probabilities(lambda words: reader(words[:8])), LABELS)
    assert list(gains["not"]) == [place for place in PLACES if place != "7th word"]
    assert gains["not"]["next word"] == pytest.approx(-1.0)


def test_the_card_shows_the_gains(bundles: dict[str, Bundle]) -> None:
    gains = modifier_gains(probabilities(reader), LABELS)
    manifest = bundles["gru"].manifest.model_copy(update={"modifiers": gains})
    assert "| not | -1.0 | -1.0 | 1.0 | 1.0 | 1.0 | 1.0 |" in card(
        manifest, ComparisonReport(data="", test="", entries=())
    )
