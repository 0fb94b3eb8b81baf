"""Many reviews at once: sorted by length, in fixed groups whose rows leave as they end."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from models.cells import Array
from service.engine.batch import Batch, Row
from service.engine.session import Session

ROWS = 24
STEPS = 24
"""Rows x steps of a chunk: not fitted, so that the same reviews give the same bits on every machine of a kind."""


def run_many(session: Session, reviews: Sequence[NDArray[np.int64]], threads: int) -> Array:
    """The logits `[N, C]` of `reviews`, in order. Every review needs a word."""
    if not all(map(len, reviews)):
        raise ValueError("a review needs a word")
    rows = [Row(ids) for ids in reviews]
    run_rows(session, rows, threads)
    return np.array([row.answer for row in rows])


def run_rows(session: Session, rows: Sequence[Row], threads: int) -> None:
    """Compute `rows`, fresh ones with a word each, to their ends; what is at fault in one is its `error`."""
    by_length = sorted(rows, key=lambda row: -len(row.ids))
    groups = [by_length[start : start + ROWS] for start in range(0, len(rows), ROWS)]
    if threads == 1 or len(groups) == 1:
        for group in groups:
            _run_group(session, group)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda group: _run_group(session, group), groups))


def _run_group(session: Session, rows: Sequence[Row]) -> None:
    batch = Batch(session)
    batch.join(rows)
    while batch.rows:
        longest = max(batch.left)
        batch.advance(-(-longest // -(-longest // STEPS)))
