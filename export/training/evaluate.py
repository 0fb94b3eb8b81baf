"""How good a classifier is: the figures that a bundle publishes, each from probabilities and the true labels."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score, log_loss, roc_auc_score

from models.bundle.manifest import Interval, Metrics
from models.network.equations import Array

BINS = 15


def measure(probabilities: Array, targets: NDArray[np.int64]) -> Metrics:
    """Return the metrics of `probabilities [N, C]` for labels `targets [N]`; AUC is one against rest for C > 2."""
    labels = np.arange(probabilities.shape[1])
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(1, keepdims=True)
    guesses = exact.argmax(1)
    right = int((guesses == targets).sum())
    scores = exact[:, 1] if len(labels) == 2 else exact
    return Metrics(
        rows=len(targets),
        accuracy=right / len(targets),
        accuracy_interval=wilson(right, len(targets)),
        f1=float(f1_score(targets, guesses, labels=labels, average="macro", zero_division=0.0)),
        auc=_auc(scores, targets, labels),
        log_loss=float(log_loss(targets, exact, labels=labels)),
        calibration_error=calibration_error(exact, targets),
        calibration_by_chance=calibration_by_chance(exact),
    )


def _auc(scores: Array, targets: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Return the area under the curve, not a number where a label has no review."""
    if len(np.unique(targets)) < len(labels):
        return float("nan")
    return float(roc_auc_score(targets, scores, multi_class="ovr", labels=labels))


def wilson(right: int, rows: int) -> Interval:
    """Return the 95 % interval of a share (Wilson 1927)."""
    found = binomtest(right, rows).proportion_ci(0.95, "wilson")
    return Interval(low=float(found.low), high=float(found.high))


def calibration_error(probabilities: Array, targets: NDArray[np.int64]) -> float:
    """Return the expected calibration error of the top label: the mean gap to accuracy over bins of equal mass."""
    gaps = [rows * abs(confidence - right) for rows, confidence, right in calibration(probabilities, targets, BINS)]
    return sum(gaps) / len(targets)


def calibration_by_chance(probabilities: Array) -> float:
    """Return the calibration error that a model with these `probabilities [N, C]` shows on average if they are true.

    The right answers in a bin then scatter about their mean confidence, nearly normally, by the sum of p (1 - p).
    """
    confidence = probabilities.max(1)
    scatter = sum(np.sqrt((confidence[rows] * (1 - confidence[rows])).sum()) for rows in _bins(confidence, BINS))
    return float(np.sqrt(2 / np.pi) * scatter / len(confidence))


def calibration(probabilities: Array, targets: NDArray[np.int64], bins: int) -> list[tuple[int, float, float]]:
    """Return rows, mean confidence and accuracy of the top label in each of `bins` of equal mass, least sure first."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == targets
    parts = _bins(confidence, bins)
    return [(len(rows), float(confidence[rows].mean()), float(right[rows].mean())) for rows in parts]


def _bins(confidence: Array, bins: int) -> list[NDArray[np.int64]]:
    return np.array_split(np.argsort(confidence, kind="stable"), min(bins, len(confidence)))


def confusion(probabilities: Array, targets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return counts `[C, C]`: rows are the true labels, columns the answers."""
    labels = np.arange(probabilities.shape[1])
    return cast(NDArray[np.int64], confusion_matrix(targets, probabilities.argmax(1), labels=labels))


def fit_temperature(logits: Array, targets: NDArray[np.int64], weights: Array | None = None) -> float:
    """Return the temperature in [0.05, 20] with the least log-loss on the N reviews of validation (Guo et al. 2017).

    Their labels count for (N + 1) / (N + 2), after Platt (1999): that many right answers are no proof of certainty.
    The reviews have `weights [N]`.
    """
    rows, labels = logits.shape
    expected = np.full((rows, labels), 1 / (rows + 2) / (labels - 1))
    expected[np.arange(rows), targets] = (rows + 1) / (rows + 2)

    def loss(log_temperature: float) -> float:
        scaled = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return float(-np.average((expected * scaled).sum(1), weights=weights))

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))
