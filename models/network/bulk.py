"""Many reviews at once: sorted by length, in fixed groups."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from models.network.equations import Array, Ids
from models.network.padding import by_length
from models.network.session import FRESH, Chunk, Session

ROWS = 24
STEPS = 48
"""Rows x steps of a chunk: not fitted, so that the same reviews give the same bits on every machine of a kind."""


class Group(NamedTuple):
    """What a group of reviews gave: `logits [B, C]` and, where traced, each one's hidden states, `[T, H]` a layer."""

    logits: Array
    hidden: list[tuple[Array, ...]]


def run_many(session: Session, reviews: Sequence[Ids], threads: int = 1) -> Array:
    """Return the logits `[N, C]` of `reviews`, in order. Raises `ValueError` where a review is empty."""
    if not all(map(len, reviews)):
        raise ValueError("a review needs a word")
    if not reviews:
        return np.zeros((0, 0), np.float32)
    groups = by_length(reviews, ROWS)
    with ThreadPoolExecutor(threads) as pool:
        found = pool.map(lambda group: run_group(session, [reviews[index] for index in group]).logits, groups)
        return np.concatenate(list(found))[np.argsort(np.concatenate(groups))]


def run_group(session: Session, reviews: Sequence[Ids], *, traced: bool = False) -> Group:
    """Compute `reviews` together, the longest first, none empty."""
    chunks = _chunks(session, reviews, traced=traced)
    logits = chunks[0].logits
    for chunk in chunks[1:]:
        logits[: len(chunk.logits)] = chunk.logits
    return Group(logits, [_over_time(chunks, row, len(ids)) for row, ids in enumerate(reviews) if traced])


def _chunks(session: Session, reviews: Sequence[Ids], *, traced: bool) -> list[Chunk]:
    """Run after run; reviews leave as they end. Where nothing is padded one run does."""
    longest = len(reviews[0])
    steps = -(-longest // -(-longest // STEPS)) if session.pads else longest
    carry, state, chunks = np.full(len(reviews), FRESH), session.empty_state, list[Chunk]()
    for start in range(0, longest, steps):
        ids_by_row = [ids[start : start + steps] for ids in reviews if len(ids) > start]
        chunk = session.run(ids_by_row, carry[: len(ids_by_row)], state, traced=traced)
        chunks.append(chunk)
        carry, state = np.arange(len(ids_by_row)), chunk.state
    return chunks


def _over_time(chunks: Sequence[Chunk], row: int, length: int) -> tuple[Array, ...]:
    """Return the hidden states of one row of a group, `[T, H]` a layer, without those of its padding."""
    pieces = [[layer[:, row] for layer in chunk.hidden] for chunk in chunks if row < len(chunk.logits)]
    return tuple(np.concatenate(layer)[:length] for layer in zip(*pieces, strict=True))
