"""Answers that are too unsure to rely on: from which confidence on a model is right often enough."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from export.training.dataset import Examples
from models.bundle.manifest import Abstain, Answered
from models.network.equations import Array

LEAST_ANSWERED = 20
"""How many validation reviews an accuracy must at least be read from."""


def abstain_band(probabilities: Mapping[str, Array], splits: Mapping[str, Examples], accuracy: float) -> Abstain | None:
    """Return the confidence below which to abstain for `accuracy` on validation, and what is answered of each split.

    `probabilities [N, C]` and reviews stand by split. None where no confidence gives that accuracy.
    """
    below = least_confidence(probabilities["validation"], splits["validation"].targets, accuracy)
    if below is None:
        return None
    found = {name: answered(probabilities[name], examples.targets, below) for name, examples in splits.items()}
    return Abstain(accuracy=accuracy, below=below, answered=found)


def least_confidence(probabilities: Array, targets: NDArray[np.int64], accuracy: float) -> float | None:
    """Return the lowest confidence such that the answers of that or more are right at `accuracy`, None without one."""
    order = np.argsort(-probabilities.max(1), kind="stable")
    confidence = probabilities.max(1)[order]
    shares = (probabilities.argmax(1) == targets)[order].cumsum() / np.arange(1, len(order) + 1)
    last_of_equals = np.append(confidence[1:] < confidence[:-1], True)
    (enough,) = np.nonzero(last_of_equals & (shares >= accuracy))
    if not len(enough) or enough[-1] + 1 < LEAST_ANSWERED:
        return None
    return float(confidence[enough[-1]])


def answered(probabilities: Array, targets: NDArray[np.int64], below: float) -> Answered:
    """Return the share of reviews answered with a confidence of at least `below`, and how many of these are right."""
    sure = probabilities.max(1) >= below
    right = (probabilities.argmax(1) == targets)[sure]
    return Answered(share=float(sure.mean()), accuracy=float(right.mean()) if len(right) else None)


def answered_text(found: Answered) -> str:
    """Return both figures in words."""
    right = "" if found.accuracy is None else f", {100 * found.accuracy:.1f} % of them right"
    return f"{100 * found.share:.1f} % of the reviews{right}"
