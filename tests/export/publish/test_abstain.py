"""The band of unsure answers: the rest is right as often as was wanted, and no more is left out than need be."""

import numpy as np
from hypothesis import given, reject
from hypothesis import strategies as st

from export.publish.abstain import LEAST_ANSWERED, answered, least_confidence
from export.publish.comparison import ComparisonReport
from export.publish.report import card
from models.bundle.files import Bundle
from models.bundle.manifest import Abstain, Answered

SURE, UNSURE = [0.1, 0.9], [0.4, 0.6]


def test_the_unsure_answers_are_left_out_where_they_are_wrong_too_often() -> None:
    probabilities = np.array([SURE] * 30 + [UNSURE] * 30)
    targets = np.array([1] * 29 + [0] + [1] * 20 + [0] * 10)
    assert least_confidence(probabilities, targets, 0.9) == 0.9
    assert least_confidence(probabilities, targets, 0.8) == 0.6
    assert least_confidence(probabilities, targets, 0.99) is None
    assert answered(probabilities, targets, 0.9) == Answered(share=0.5, accuracy=29 / 30)


def test_nothing_is_answered_above_every_confidence() -> None:
    assert answered(np.array([UNSURE]), np.array([1]), 0.7) == Answered(share=0.0, accuracy=None)


def test_an_accuracy_of_a_handful_of_answers_is_none() -> None:
    few = np.array([SURE] * (LEAST_ANSWERED - 1) + [UNSURE])
    assert least_confidence(few, np.array([1] * (LEAST_ANSWERED - 1) + [0]), 0.99) is None


@given(st.integers(0, 10_000), st.sampled_from([0.6, 0.8, 0.9, 1.0]))
def test_the_rest_is_right_as_often_as_wanted_and_with_any_more_it_is_not(seed: int, wanted: float) -> None:
    random = np.random.default_rng(seed)
    chance = random.uniform(0, 1, 200).round(2)
    probabilities = np.stack([1 - chance, chance], axis=1)
    targets = (random.uniform(0, 1, 200) < chance).astype(np.int64)
    below = least_confidence(probabilities, targets, wanted)
    if below is None:
        reject()
    kept = answered(probabilities, targets, below)
    assert kept.accuracy is not None and kept.accuracy >= wanted - 1e-12
    for lower in np.unique(probabilities.max(1)):
        if lower < below:
            more = answered(probabilities, targets, float(lower))
            assert more.accuracy is not None and more.accuracy < wanted


def test_the_card_says_what_is_left(bundles: dict[str, Bundle]) -> None:
    band = Abstain(accuracy=0.9, below=0.75, answered={"test": Answered(share=0.5, accuracy=0.875)})
    manifest = bundles["gru"].manifest.model_copy(update={"abstain": band})
    said = card(manifest, ComparisonReport(data="", test="", entries=()))
    assert "less than 0.750 confidence is uncertain" in said
    assert "50.0 % of the reviews, 87.5 % of them right" in said
