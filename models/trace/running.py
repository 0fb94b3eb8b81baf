"""The prediction after every word."""

from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights
from models.trace.pooling import REDUCTION_TRACES, Tensors
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


def running_logits(weights: Weights, hidden: Array, before: Tensors | None = None) -> Array:
    """Return the logits after each word, `[T, C]`, from the top layer's hidden states `[T, H]`.

    `before` is the network's state before the first of these words.
    """
    logits: Array = np.repeat(weights.head_bias[None], len(hidden), axis=0)
    for name, head in weights.heads().items():
        logits += REDUCTION_TRACES[name].running(hidden, head, before)
    return logits
