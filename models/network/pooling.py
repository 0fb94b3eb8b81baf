"""Pooling over time: what the head reads of the top layer's hidden states.

A pooling is a reduction over time, or several side by side, as `max||mean`. All that depends on it is made from the
reductions that it names.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

Reduction = Literal["last", "max", "mean"]
Pooling = Literal["last", "mean", "max", "max||mean"]

REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
"""In the order in which a pooling names them, the head's weights have them, and the compiled loops number them."""
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)

REDUCE: Mapping[Reduction, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "last": lambda hidden: cast(NDArray[Any], hidden[-1]),
    "max": lambda hidden: cast(NDArray[Any], hidden.max(axis=0)),
    "mean": lambda hidden: cast(NDArray[Any], hidden.mean(axis=0)),
}
"""What each makes of hidden states `[T, H]`: `[H]`."""

GATHERED: Mapping[Reduction, tuple[str, ...]] = {"last": (), "max": ("max",), "mean": ("sum", "steps")}
"""The state tensors that each needs to go on from one chunk of a review to the next; `steps` counts the words."""

INITIAL = {"max": float("-inf")}
"""What they are before the first word, where that is not zero."""


def reductions(pooling: Pooling) -> tuple[Reduction, ...]:
    """Return the reductions that stand side by side in `pooling`."""
    return cast(tuple[Reduction, ...], tuple(pooling.split("||")))


def pool(pooling: Pooling, hidden: NDArray[Any]) -> NDArray[Any]:
    """Return what the head reads of `hidden [T, H]`: `[D]`, H for each reduction."""
    return np.concatenate([REDUCE[reduction](hidden) for reduction in reductions(pooling)])
