"""The prediction after every word."""

import numpy as np

from models.network.equations import Array, Weights


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
