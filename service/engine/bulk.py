"""Many reviews at once: sorted by length, in fixed groups whose rows leave as they end."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.cells import Array
from service.engine.batch import FRESH
from service.engine.session import Chunk, Session

Ids = NDArray[np.int64]

ROWS = 24
STEPS = 48
"""Rows x steps of a chunk: not fitted, so that the same reviews give the same bits on every machine of a kind."""


class Group(NamedTuple):
    """What a group of reviews gave: `logits [B, C]` and, where traced, each one's hidden states, `[T, H]` a layer."""

    logits: Array
    hidden: list[tuple[Array, ...]]


def run_many(session: Session, reviews: Sequence[Ids], threads: int) -> Array:
    """The logits `[N, C]` of `reviews`, in order. Every review needs a word."""
    if not all(map(len, reviews)):
        raise ValueError("a review needs a word")
    if not reviews:
        return np.zeros((0, 0), np.float32)
    groups = by_length(reviews)
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(lambda group: run_group(session, [reviews[place] for place in group]).logits, groups)
        return np.concatenate(list(found))[np.argsort(np.concatenate(groups))]


def by_length(reviews: Sequence[Ids]) -> list[list[int]]:
    """The places of `reviews` in groups of like length, the longest first."""
    order = sorted(range(len(reviews)), key=lambda place: -len(reviews[place]))
    return [order[start : start + ROWS] for start in range(0, len(order), ROWS)]


def run_group(session: Session, reviews: Sequence[Ids], *, traced: bool = False) -> Group:
    """Compute `reviews` together, the longest first, none empty."""
    lengths = np.array([*map(len, reviews)], np.int32)
    longest = int(lengths[0])
    padded = np.zeros((len(reviews), longest), np.int64)
    padded[np.arange(longest) < lengths[:, None]] = np.concatenate(reviews)
    steps = -(-longest // -(-longest // STEPS))
    places, memory, chunks = np.full(len(reviews), FRESH), session.nothing, list[Chunk]()
    for start in range(0, longest, steps):
        left = lengths[lengths > start] - start
        token_ids = np.ascontiguousarray(padded[: len(left), start : start + steps].T)
        chunk = session.run(token_ids, np.minimum(left, steps), places[: len(left)], memory, traced=traced)
        chunks.append(chunk)
        places, memory = np.arange(len(left)), chunk.memory
    logits = chunks[0].logits
    for chunk in chunks[1:]:
        logits[: len(chunk.logits)] = chunk.logits
    return Group(logits, [_over_time(chunks, row, length) for row, length in enumerate(lengths.tolist()) if traced])


def _over_time(chunks: Sequence[Chunk], row: int, length: int) -> tuple[Array, ...]:
    """The hidden states of one row of a group, `[T, H]` a layer, without those of its padding."""
    pieces = [[layer[:, row] for layer in chunk.hidden] for chunk in chunks if row < len(chunk.logits)]
    return tuple(np.concatenate(layer)[:length] for layer in zip(*pieces, strict=True))
