"""Places in a corpus: stretches of words of one review, ranked by what the network's state was there."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.corpus.corpus_file import LEVELS, Corpus
from models.network.equations import Array

ON = 8
"""Units of a phrase that count where nobody says which."""


@dataclass(frozen=True, slots=True)
class Place:
    """`words` words of a review from word `word` on, and the value by which they were found."""

    review: int
    word: int
    words: int
    value: float


@dataclass(frozen=True, slots=True)
class UnitOn:
    """A unit in a phrase: its mean hidden state there, and by how many spreads that is above its mean in the corpus."""

    unit: int
    hidden: float
    above: float


def extremes(corpus: Corpus, unit: int, most: int) -> tuple[list[Place], list[Place]]:
    """Return the words at which the hidden state of `unit` is highest, and lowest: one a review, the furthest first."""
    values = corpus.hidden[:, unit].astype(np.float32) * (corpus.scale[unit] / LEVELS)
    return _best(corpus, values, 1, most), [
        Place(place.review, place.word, 1, -place.value) for place in _best(corpus, -values, 1, most)
    ]


def units_on(phrase: Array, mean: Array, spread: Array, units: Sequence[int] | None = None) -> list[UnitOn]:
    """Return the units that stand furthest from their mean in the corpus during a phrase, or else those named.

    `phrase [T, H]` are the hidden states at its words; `mean [H]` and `spread [H]` those of the corpus.
    """
    hidden = phrase.mean(axis=0)
    above = (hidden - mean) / spread
    chosen = np.argsort(-np.abs(above), kind="stable")[:ON].tolist() if units is None else units
    return [UnitOn(unit, float(hidden[unit]), float(above[unit])) for unit in chosen]


def similar(corpus: Corpus, on: Sequence[UnitOn], mean: Array, spread: Array, words: int, most: int) -> list[Place]:
    """Return the stretches of `words` words at which the same units are on: one a review, the most alike first.

    The value is how much of what is on in the phrase is on there: each unit counts as far as it stands from its mean
    in the same direction, and no further than in the phrase. 1: all of them at least as far; below 0: the opposite.
    """
    units, wanted = [one.unit for one in on], np.array([one.above for one in on], np.float32)
    states = corpus.hidden[:, units] * (corpus.scale[units] / LEVELS)
    above = (_moving_mean(states, words) - mean[units]) / spread[units] * np.sign(wanted)
    value = np.minimum(above, np.abs(wanted)).sum(axis=1) / max(float(np.abs(wanted).sum()), 1e-9)
    return _best(corpus, value, words, most)


def _moving_mean(states: Array, words: int) -> Array:
    """Return the mean over each word and the `words - 1` after it, `[N - words + 1, K]`."""
    total = np.zeros((len(states) + 1, states.shape[1]))
    np.cumsum(states, axis=0, dtype=np.float64, out=total[1:])
    mean: Array = (total[words:] - total[:-words]) / words
    return mean


def _best(corpus: Corpus, values: Array, words: int, most: int) -> list[Place]:
    """Return where the highest of `values [N - words + 1]` stand: the best of each review that has so many words."""
    review = _review_of_each(corpus)
    last = np.arange(len(values)) + words - 1
    inside = review[: len(values)] == review[last]
    order = np.argsort(-np.where(inside, values, -np.inf), kind="stable")[: int(inside.sum())]
    _, first = np.unique(review[order], return_index=True)
    chosen = order[np.sort(first)[:most]]
    return [
        Place(int(review[at]), int(at - corpus.starts[review[at]]), words, float(values[at])) for at in chosen.tolist()
    ]


def _review_of_each(corpus: Corpus) -> NDArray[np.int64]:
    """Return the review that each word stands in, `[N]`."""
    return np.repeat(np.arange(len(corpus.targets)), np.diff(corpus.starts))
