"""The prediction after every word."""

from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights
from models.trace.target import Target


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


def running_logits(weights: Weights, hidden: Array) -> Array:
    """Return the logits after each word, `[T, C]`, from the top layer's hidden states `[T, H]`.

    For speed the head is applied before the sum over time, and the running maximum goes along rows.
    """
    head, size = weights.head_weight, hidden.shape[1]
    logits: Array = np.repeat(weights.head_bias[None], len(hidden), axis=0)
    if weights.pooling == "last":
        logits += hidden @ head.T
    if weights.pooling in ("mean", "max||mean"):
        counts = np.arange(1, len(hidden) + 1, dtype=hidden.dtype)[:, None]
        logits += np.cumsum(hidden @ head[:, -size:].T, axis=0) / counts
    if weights.pooling in ("max", "max||mean"):
        logits += (head[:, :size] @ np.maximum.accumulate(np.ascontiguousarray(hidden.T), axis=1)).T
    return logits
