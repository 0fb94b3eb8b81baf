"""Durations counted in bins, each 6 % above the one below: enough to tell a quantile by, in little room."""

from collections.abc import Sequence
from math import nan

import numpy as np

from models.network.equations import Array

EDGES = np.geomspace(1e-4, 100, 241)
"""The bounds of the bins, in seconds."""


def no_durations() -> Array:
    """Return the counts of no duration at all."""
    return np.zeros(len(EDGES) + 1, np.int64)


def counted(seconds: Sequence[float] | Array) -> Array:
    """Return how many of `seconds` lie in each bin."""
    places = np.searchsorted(EDGES, np.asarray(seconds, np.float64))
    return np.bincount(places, minlength=len(EDGES) + 1)


def quantile(counts: Array, share: float) -> float:
    """Return the upper end of the bin that holds a quantile; NaN where nothing was counted."""
    total = int(counts.sum())
    if not total:
        return nan
    place = int(np.searchsorted(np.cumsum(counts), share * total))
    return float(EDGES[min(place, len(EDGES) - 1)])
