"""Reviews of unlike length side by side: which to put together, and how to pad them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Ids


def by_length(reviews: Sequence[Ids], size: int) -> list[list[int]]:
    """Return the indices of `reviews` in groups of up to `size` of like length, the longest first."""
    order = sorted(range(len(reviews)), key=lambda index: -len(reviews[index]))
    return [order[start : start + size] for start in range(0, len(order), size)]


def pad(reviews: Sequence[Ids], extra: int = 0) -> tuple[Ids, NDArray[np.int32]]:
    """Return `token_ids [T, B]` and `lengths [B]` of B >= 1 reviews, none empty.

    T is the longest length and `extra` steps more; zero, the id of padding, stands where a review has ended.
    """
    lengths = [*map(len, reviews)]
    steps = max(lengths) + extra
    padding = np.zeros(steps, np.int64)
    pieces = []
    for ids, length in zip(reviews, lengths, strict=True):
        pieces.append(ids)
        if length < steps:
            pieces.append(padding[length:])
    token_ids = np.concatenate(pieces).reshape(len(lengths), steps).T
    return np.ascontiguousarray(token_ids), np.array(lengths, np.int32)
