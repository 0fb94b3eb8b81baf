"""The words that counted most in each verdict: the write ledger of a trace, the deep one of an RNN."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.trace import default_target
from models.words import typed
from service.engine.batch import Batch, Row
from service.engine.session import Session
from service.tracing.analysis import Analysis

Weighed = tuple[tuple[str, float], ...]
"""Words as typed, each with what it added to the target's logit; the largest first."""

ROWS, STEPS = 16, 32


def top_words(
    bundle: Bundle, session: Session, texts: Sequence[str], reviews: Sequence[NDArray[np.int64]], count: int
) -> list[Weighed]:
    """The `count` words of every review that counted most. `reviews` are the ids of `texts`, none empty."""
    by_length = sorted(range(len(reviews)), key=lambda number: -len(reviews[number]))
    found: dict[int, Weighed] = {}
    for start in range(0, len(by_length), ROWS):
        numbers = by_length[start : start + ROWS]
        rows = [Row(reviews[number], traced=True) for number in numbers]
        batch = Batch(session)
        batch.join(rows)
        while batch.rows:
            batch.advance(STEPS)
        for number, row in zip(numbers, rows, strict=True):
            found[number] = _top(bundle, texts[number], row, count)
    return [found[number] for number in range(len(reviews))]


def _top(bundle: Bundle, text: str, row: Row, count: int) -> Weighed:
    analysis = Analysis(bundle.weights, row.ids, row.over_time, row.answer, default_target(row.answer))
    weights = (analysis.write or analysis.deep).words
    order = np.argsort(-np.abs(weights), kind="stable")[:count].tolist()
    words = typed(text)
    return tuple((words[place], float(weights[place])) for place in order)
