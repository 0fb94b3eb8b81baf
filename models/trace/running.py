"""The prediction after every word."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights
from models.trace.target import Target

_NONE = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class Running:
    """The prediction after each word, exact: `logit [T]` of the target, `p [T]` softmax probability of its first."""

    logit: Array
    p: Array


def running(logits: Array, target: Target) -> Running:
    """Return the prediction after each word from the running logits `[T, C]`."""
    difference = logits - logits[:, target.first, None]
    with np.errstate(over="ignore"):  # a probability of 0 is then exact enough
        return Running(target.of(logits), 1.0 / np.exp(difference).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Pooled:
    """What pooling over time has gathered of the words before: `maximum [H]`, `total [H]` of `steps` hidden states."""

    maximum: Array
    total: Array
    steps: int

    @classmethod
    def of(cls, state: Mapping[str, Array]) -> "Pooled":
        """Return what the state tensors of a review hold of it, by their names in the manifest."""
        return cls(state.get("max", _NONE), state.get("sum", _NONE), int(state.get("steps", 0)))


def running_logits(weights: Weights, hidden: Array, before: Pooled | None = None) -> Array:
    """Return the logits after each word, `[T, C]`, from the top layer's hidden states `[T, H]`.

    `before` is what stands before the first of these words. For speed the head is applied before the sum over time, and
    the running maximum goes along rows.
    """
    head, size = weights.head_weight, hidden.shape[1]
    logits: Array = np.repeat(weights.head_bias[None], len(hidden), axis=0)
    if weights.pooling == "last":
        logits += hidden @ head.T
    if weights.pooling in ("mean", "max||mean"):
        steps, total = (0, 0.0) if before is None else (before.steps, before.total @ head[:, -size:].T)
        counts = np.arange(1, len(hidden) + 1, dtype=hidden.dtype)[:, None] + steps
        logits += (np.cumsum(hidden @ head[:, -size:].T, axis=0) + total) / counts
    if weights.pooling in ("max", "max||mean"):
        highest = np.maximum.accumulate(np.ascontiguousarray(hidden.T), axis=1)
        if before is not None:
            np.maximum(highest, before.maximum[:, None], out=highest)
        logits += (head[:, :size] @ highest).T
    return logits
