"""What each unit of a network does over a whole corpus: where it stands, what it goes with, how long it keeps."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.corpus.corpus_file import LEVELS, Corpus
from models.network.equations import Array, Weights

BINS = 32
NEAREST = 3
TOGETHER = 0.4
"""The least mean correlation, of either sign, of the units of two groups that are one."""
_STEPS = 2 * LEVELS + 2


@dataclass(frozen=True, slots=True, eq=False)
class UnitStatistics:
    """The units of the top layer over a corpus.

    `mean [H]` and `spread [H]` (standard deviation) of the hidden state. `histogram [H, 32]` counts the words by hidden
    state, between minus and plus the largest of the unit, `scale [H]`. `correlation [H, H]` is that of the hidden
    states. `kept [H]` is the geometric mean of what the gate keeps of a unit's state a word, `half_life [H]` the words
    after which half is left at that rate: ln 1/2 over ln kept; both are NaN for a cell without such a gate. `group [H]`
    is the number of the group of units that a unit is in, 0 the largest.
    """

    scale: Array
    mean: Array
    spread: Array
    histogram: NDArray[np.int64]
    correlation: Array
    kept: Array
    half_life: Array
    group: NDArray[np.int64]

    def nearest(self, unit: int) -> list[tuple[int, float]]:
        """Return the units whose hidden state goes most with that of `unit`, with the correlation; against it: < 0."""
        size = np.abs(self.correlation[unit])
        size[unit] = -1
        order = np.argsort(-size, kind="stable")[: min(NEAREST, len(size) - 1)].tolist()
        return [(other, float(self.correlation[unit, other])) for other in order]


def unit_statistics(corpus: Corpus) -> UnitStatistics:
    """Return what each unit does over `corpus`."""
    mean, spread, correlation = _moments(corpus)
    log_kept = corpus.log_kept if corpus.log_kept.size else np.full(len(corpus.scale), np.nan, np.float32)
    never = np.minimum(log_kept, -1e-6)
    return UnitStatistics(
        corpus.scale,
        mean,
        spread,
        _histogram(corpus),
        correlation,
        np.exp(log_kept),
        math.log(0.5) / never,
        groups(correlation),
    )


def groups(correlation: Array) -> NDArray[np.int64]:
    """Return the group `[H]` of each unit, 0 the largest: units that are on, or off, together by `correlation [H, H]`.

    Two groups are joined while the mean correlation of their units, of either sign, is over `TOGETHER`, the most alike
    first: average linkage (Sokal and Michener 1958).
    """
    alike = np.abs(correlation)
    np.fill_diagonal(alike, -1)
    sizes, found = np.ones(len(alike)), np.arange(len(alike))
    while alike.max() > TOGETHER:
        one, other = np.unravel_index(alike.argmax(), alike.shape)
        joined = (sizes[one] * alike[one] + sizes[other] * alike[other]) / (sizes[one] + sizes[other])
        alike[one] = alike[:, one] = joined
        alike[other] = alike[:, other] = alike[one, one] = -1
        sizes[one] += sizes[other]
        found[found == other] = one
    largest_first = np.argsort(-np.bincount(found, minlength=len(found)), kind="stable")
    return np.argsort(largest_first)[found]


def weight_of_units(weights: Weights, spread: Array) -> tuple[Array, NDArray[np.int64]]:
    """Return how far one `spread [H]` of each unit moves the logits, and the label that it moves them to, both `[H]`.

    The first is the largest difference that it makes between two labels, with a head that pools by several poolings
    as if the unit stood so in all of them.
    """
    head = weights.head_weight.reshape(weights.classes, -1, weights.hidden_size).sum(axis=1)
    return (head.max(axis=0) - head.min(axis=0)) * spread, head.argmax(axis=0)


def _moments(corpus: Corpus) -> tuple[Array, Array, Array]:
    """Return mean `[H]`, standard deviation `[H]` and correlation `[H, H]` of the hidden states."""
    states = corpus.hidden.astype(np.float32)
    mean = states.mean(axis=0, dtype=np.float64).astype(np.float32)
    states -= mean
    covariance = states.T @ states / len(states)
    spread = np.sqrt(np.maximum(np.diag(covariance), 1e-6))
    unit = corpus.scale / LEVELS
    return mean * unit, spread * unit, covariance / np.outer(spread, spread)


def _histogram(corpus: Corpus) -> NDArray[np.int64]:
    levels = np.ascontiguousarray(corpus.hidden.T).view(np.uint8) + np.uint8(LEVELS + 1)
    return np.stack([np.bincount(unit, minlength=_STEPS).reshape(BINS, -1).sum(axis=1) for unit in levels])
