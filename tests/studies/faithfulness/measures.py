"""Is an explanation of a verdict faithful? Words it names are taken away, or alone kept, and the model asked again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from models.network.equations import Array, Ids
from tests.studies.faithfulness.methods import Scores, hidden_at
from tests.studies.faithfulness.model import StudiedModel, confidence

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
DELETED = (1, 2, 3, 4, 5)
_LONG_ENOUGH = 2 * DELETED[-1]
_RESAMPLES = 1000

Removal = Callable[[Ids, Array], Ids]
REMOVALS: Mapping[str, Removal] = {"deletion": np.delete, "`<unk>`": hidden_at}


@dataclass(frozen=True, slots=True)
class Erasure:
    """The loss of confidence `[N, len(SHARES)]` when the words named first are removed (comprehensiveness: high is
    faithful) and when they alone are kept (sufficiency: low is faithful); DeYoung et al. 2020.
    """

    comprehensiveness: Array
    sufficiency: Array


@dataclass(frozen=True, slots=True)
class Curves:
    """Accuracy after deleting words one after another, `[len(DELETED)]` (Arras et al. 2016): of reviews judged right,
    the strongest support first (low is faithful); of those judged wrong, the strongest support for the wrong label
    first (high is faithful).
    """

    right: Array
    wrong: Array


def erasure(model: StudiedModel, reviews: Sequence[Ids], scores: Scores, remove: Removal) -> Erasure:
    """Comprehensiveness and sufficiency of every review at every share of its words, at least one word."""
    logits = model.logits(reviews)
    labels = logits.argmax(1)
    without, only = [], []
    for ids, score in zip(reviews, scores, strict=True):
        order = np.argsort(-score, kind="stable")
        for share in SHARES:
            count = int(np.ceil(share * len(ids)))
            without.append(remove(ids, order[:count]))
            only.append(remove(ids, order[count:]))
    before, shape = confidence(logits, labels)[:, None], (len(reviews), len(SHARES))
    many = np.repeat(labels, len(SHARES))
    return Erasure(
        before - confidence(model.logits(without), many).reshape(shape),
        before - confidence(model.logits(only), many).reshape(shape),
    )


def curves(model: StudiedModel, reviews: Sequence[Ids], targets: Array, scores: Scores) -> Curves:
    """Accuracy against words deleted, over the reviews of at least ten words."""
    right = model.logits(reviews).argmax(1) == targets
    long_enough = np.array([len(ids) >= _LONG_ENOUGH for ids in reviews])
    return Curves(
        *(_curve(model, reviews, targets, scores, np.flatnonzero(mask & long_enough)) for mask in (right, ~right))
    )


def _curve(model: StudiedModel, reviews: Sequence[Ids], targets: Array, scores: Scores, rows: Array) -> Array:
    if not len(rows):
        return np.full(len(DELETED), np.nan)
    orders = [np.argsort(-scores[row], kind="stable") for row in rows]
    cut = [np.delete(reviews[row], order[:count]) for row, order in zip(rows, orders, strict=True) for count in DELETED]
    answers = model.logits(cut).argmax(1).reshape(len(rows), len(DELETED))
    accuracy: Array = (answers == targets[rows, None]).mean(0)
    return accuracy


def agreement(scores: Scores, others: Scores) -> Array:
    """Spearman's rank correlation of two explanations of each review, `[N]`; NaN where one of them is constant."""
    return np.array([_spearman(one, other) for one, other in zip(scores, others, strict=True)])


def _spearman(one: Array, other: Array) -> float:
    constant = np.ptp(one) == 0 or np.ptp(other) == 0
    return float("nan") if constant else float(spearmanr(one, other).statistic)


def interval(values: Array) -> float:
    """Half the width of the 95 % bootstrap interval of the mean of `values [N]`."""
    drawn = np.random.default_rng(0).integers(len(values), size=(_RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    return float(high - low) / 2
