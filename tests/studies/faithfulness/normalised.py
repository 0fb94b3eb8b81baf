"""Comprehensiveness between the best and the worst that any order of a review's words could have (NAOPC).

Raw curves of two models can't be compared: one that leans on a single word falls further, however its words are
ordered. After Edin et al. 2024.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Ids
from tests.studies.faithfulness.methods import Scores, hidden_at
from tests.studies.faithfulness.model import StudiedModel, confidence

BEAM = 5
LONGEST = 30
"""Words up to which orders are searched."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The smallest and largest area over the curve that was found for each review, `[N]`; NaN for long ones."""

    low: Array
    high: Array


def bounds(model: StudiedModel, reviews: Sequence[Ids]) -> Bounds:
    """Search the orders in which words are made unknown, the best `BEAM` beginnings of each review at a time."""
    return Bounds(*(_search(model, reviews, sign) for sign in (-1, 1)))


def normalised(model: StudiedModel, reviews: Sequence[Ids], scores: Scores, found: Bounds) -> Array:
    """Return where the order by falling `scores` stands between the bounds, `[N]`: 1 is the best, 0 the worst."""
    rows = _searched(reviews)
    orders = [np.argsort(-scores[row], kind="stable") for row in rows]
    hidden = [
        hidden_at(reviews[row], order[: count + 1])
        for row, order in zip(rows, orders, strict=True)
        for count in range(len(order))
    ]
    many = np.repeat(rows, [len(order) for order in orders])
    lost = _lost(model, reviews, many, hidden)
    means = np.bincount(many, lost, len(reviews)) / np.array([len(ids) for ids in reviews])
    return (means - found.low) / np.where(found.high > found.low, found.high - found.low, np.nan)


def _searched(reviews: Sequence[Ids]) -> list[int]:
    return [row for row, ids in enumerate(reviews) if len(ids) <= LONGEST]


def _lost(model: StudiedModel, reviews: Sequence[Ids], rows: Sequence[int] | Array, hidden: Sequence[Ids]) -> Array:
    """Return the confidence that each of the changed reviews `hidden`, of review `rows [M]`, has lost, `[M]`."""
    logits = model.logits(reviews)
    labels = logits.argmax(1)
    before: Array = confidence(logits, labels)
    return before[rows] - confidence(model.logits(hidden), labels[rows])


Beginning = tuple[float, frozenset[int]]
"""The confidence lost so far, added up, and the words that are unknown."""


def _search(model: StudiedModel, reviews: Sequence[Ids], sign: int) -> Array:
    """Return the largest (`sign` 1) or smallest (-1) area found for each review, `[N]`."""
    beams: dict[int, list[Beginning]] = {row: [(0.0, frozenset())] for row in _searched(reviews)}
    found = np.full(len(reviews), np.nan)
    while beams:
        beams = _longer(model, reviews, beams, sign)
        for row in [row for row, beam in beams.items() if len(beam[0][1]) == len(reviews[row])]:
            found[row] = beams.pop(row)[0][0] / len(reviews[row])
    return found


def _longer(
    model: StudiedModel, reviews: Sequence[Ids], beams: dict[int, list[Beginning]], sign: int
) -> dict[int, list[Beginning]]:
    """Return the best beginnings of one word more."""
    tried = [
        (row, lost, words | {word})
        for row, beam in beams.items()
        for lost, words in beam
        for word in range(len(reviews[row]))
        if word not in words
    ]
    rows = [row for row, _, _ in tried]
    now = _lost(model, reviews, rows, [hidden_at(reviews[row], list(words)) for row, _, words in tried])
    longer: dict[int, dict[frozenset[int], float]] = {row: {} for row in beams}
    for (row, lost, words), more in zip(tried, now.tolist(), strict=True):
        known = longer[row].get(words)
        if known is None or sign * (lost + more) > sign * known:
            longer[row][words] = lost + more
    return {
        row: sorted(((lost, words) for words, lost in each.items()), key=lambda one: -sign * one[0])[:BEAM]
        for row, each in longer.items()
    }
