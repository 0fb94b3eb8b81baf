"""Reviews of like length side by side: padded batches to learn from, and predictions over them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array, Ids, Weights
from models.network.padding import by_length, pad
from models.network.torch_network import Classifier

SORTED_TOGETHER = 32
"""How many batches' reviews are drawn together and then sorted by length."""


@dataclass(frozen=True, slots=True)
class PaddedBatch:
    """`token_ids [T, B]`, `lengths [B]`, and which rows of the data these are, `[B]`."""

    token_ids: Ids
    lengths: NDArray[np.int64]
    rows: Sequence[int]


def shuffled(encoded: Sequence[Ids], size: int, random: np.random.Generator) -> list[PaddedBatch]:
    """Return all reviews once, in batches of `size` and in a random order; within a batch lengths are alike."""
    order = random.permutation(len(encoded))
    lengths = np.array([len(one) for one in encoded])
    batches = []
    for start in range(0, len(order), size * SORTED_TOGETHER):
        drawn = order[start : start + size * SORTED_TOGETHER]
        drawn = drawn[np.argsort(lengths[drawn], kind="stable")]
        batches += [_batch(encoded, drawn[first : first + size].tolist()) for first in range(0, len(drawn), size)]
    return [batches[number] for number in random.permutation(len(batches))]


def ordered(encoded: Sequence[Ids], size: int) -> Iterator[PaddedBatch]:
    """Yield all reviews once, the longest first."""
    return (_batch(encoded, rows) for rows in by_length(encoded, size))


def logits(classifier: Classifier, encoded: Sequence[Ids], size: int = 256) -> Array:
    """Return the logits `[N, C]` of each review, float32, in the order given and without dropout."""
    found = np.empty((len(encoded), classifier.shape.classes), np.float32)
    for batch in ordered(encoded, size):
        found[batch.rows] = classifier.logits(batch.token_ids, batch.lengths)
    return found


def predict(weights: Weights, encoded: Sequence[Ids]) -> Array:
    """Return the logits `[N, C]`, temperature applied, that a trained classifier gives reviews."""
    return logits(Classifier.from_weights(weights), encoded)


def _batch(encoded: Sequence[Ids], rows: Sequence[int]) -> PaddedBatch:
    token_ids, lengths = pad([encoded[row] for row in rows])
    return PaddedBatch(token_ids, lengths.astype(np.int64), rows)
