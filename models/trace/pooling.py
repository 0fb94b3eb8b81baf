"""What a trace needs of each reduction over time: how it reads the hidden states after each word, how a word's share
in them counts for the logit, and how it goes on where another review's hidden states follow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array
from models.network.pooling import Reduction
from models.trace.linear import running_max

Tensors = Mapping[str, Array]
"""State tensors of one review, by their names in the manifest."""

Columns = Callable[[int, Array, Array], Array]
"""What the blocks of words so far count for in the logit after a step: of the step, what is left then of the blocks'
writes `[N, H]`, and the readout there `[H]`; `[N]`. Called once for each step, in order."""


@dataclass(frozen=True, slots=True)
class ReductionTrace:
    """One reduction over time of the top layer's hidden states, `[T, H]`."""

    running: Callable[[Array, Array, Tensors | None], Array]
    """What it adds to the logits after each word, `[T, C]`: of hidden states, the head's `[C, H]`, the state before."""
    gradient: Callable[[Array, Array], Array]
    """By hidden states, `[T, H]`: of these, and of the target's weights `[H]`."""
    columns: Callable[[Array, Array, int], Columns]
    """Of hidden states, the target's weights and the number of blocks."""
    followed: Callable[[Array, Array, Array, int], Array]
    """What N words have in it after a step, `[N, H]`: of what they had, what is left of them as it is read there, which
    units reach a new maximum there, and the number of steps."""
    history: Callable[[Array], tuple[Tensors, Array]]
    """What it has gathered after each word, each `[T, ...]`; what it will gather from 0, 1, ... T on, `[T + 1, H]`."""
    joined: Callable[[Tensors, Array, int], Array]
    """What the head reads, `[H]`: of what is gathered, what is ahead, and T."""


def _last_gradient(hidden: Array, weight: Array) -> Array:
    gradient = np.zeros_like(hidden)
    gradient[-1] = weight
    return gradient


_LAST = ReductionTrace(
    running=lambda hidden, head, _: hidden @ head.T,
    gradient=_last_gradient,
    columns=lambda _, weight, __: lambda step, left, readout: left @ (weight * readout),
    followed=lambda _, left, __, ___: left,
    history=lambda hidden: ({}, np.broadcast_to(hidden[-1], (len(hidden) + 1, hidden.shape[1]))),
    joined=lambda _, ahead, __: ahead,
)


def _max_running(hidden: Array, head: Array, before: Tensors | None) -> Array:
    highest = running_max(hidden)
    if before is not None:
        np.maximum(highest, before["max"], out=highest)
    logits: Array = highest @ head.T
    return logits


def _max_gradient(hidden: Array, weight: Array) -> Array:
    """Give all of a unit's weight to the step where it is largest."""
    gradient = np.zeros_like(hidden)
    gradient[hidden.argmax(axis=0), np.arange(len(weight))] = weight
    return gradient


def _max_columns(hidden: Array, weight: Array, blocks: int) -> Columns:
    """Look only at the units that reach a new maximum: no others change what the blocks count for."""
    rising = np.ones(hidden.shape, bool)
    rising[1:] = hidden[1:] > np.maximum.accumulate(hidden[:-1])
    rising &= weight != 0
    total, of_unit = np.zeros(blocks, hidden.dtype), np.zeros((len(weight), blocks), hidden.dtype)

    def column(step: int, left: Array, readout: Array) -> Array:
        rises = np.flatnonzero(rising[step])
        if len(rises):
            new = (left[:, rises] * readout[rises]).T
            total[: len(left)] += weight[rises] @ (new - of_unit[rises, : len(left)])
            of_unit[rises, : len(left)] = new
        return total[: len(left)]

    return column


def _max_history(hidden: Array) -> tuple[Tensors, Array]:
    ahead = np.full((len(hidden) + 1, hidden.shape[1]), -np.inf, hidden.dtype)
    ahead[:-1] = np.maximum.accumulate(hidden[::-1])[::-1]
    return {"max": running_max(hidden)}, ahead


_MAX = ReductionTrace(
    running=_max_running,
    gradient=_max_gradient,
    columns=_max_columns,
    followed=lambda had, left, rises, _: np.where(rises, left, had),
    history=_max_history,
    joined=lambda state, ahead, _: np.maximum(state["max"], ahead),
)


def _mean_running(hidden: Array, head: Array, before: Tensors | None) -> Array:
    """Apply the head before the sum over time, which is faster."""
    steps, total = (0, 0.0) if before is None else (before["steps"], before["sum"] @ head.T)
    counts = np.arange(1, len(hidden) + 1, dtype=hidden.dtype)[:, None] + steps
    logits: Array = (np.cumsum(hidden @ head.T, axis=0) + total) / counts
    return logits


def _mean_columns(hidden: Array, weight: Array, blocks: int) -> Columns:
    total = np.zeros(blocks, hidden.dtype)

    def column(step: int, left: Array, readout: Array) -> Array:
        total[: len(left)] += left @ (weight * readout)
        return total[: len(left)] / (step + 1)

    return column


def _mean_history(hidden: Array) -> tuple[Tensors, Array]:
    total, ahead = np.cumsum(hidden, axis=0, dtype=np.float64), np.empty((len(hidden) + 1, hidden.shape[1]))
    ahead[0] = total[-1]
    np.subtract(total[-1], total, out=ahead[1:])
    return {"sum": total, "steps": np.arange(1, len(hidden) + 1)}, ahead.astype(hidden.dtype)


_MEAN = ReductionTrace(
    running=_mean_running,
    gradient=lambda hidden, weight: np.repeat((weight / len(hidden))[None], len(hidden), axis=0),
    columns=_mean_columns,
    followed=lambda had, left, _, steps: had + (left - had) / steps,
    history=_mean_history,
    joined=lambda state, ahead, words: (state["sum"] + ahead) / words,
)

REDUCTION_TRACES: Mapping[Reduction, ReductionTrace] = {"last": _LAST, "max": _MAX, "mean": _MEAN}
