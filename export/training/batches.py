"""Reviews of like length side by side: padded batches to learn from, and predictions over them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array, Ids, Weights
from models.network.padding import by_length, pad
from models.network.torch_network import Classifier
from models.text.words import UNK, Vocabulary

POOL = 32
"""Batches that are shuffled together before their reviews are sorted by length."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`token_ids [T, B]`, `lengths [B]`, and which rows of the data these are, `[B]`."""

    token_ids: Ids
    lengths: NDArray[np.int64]
    rows: Sequence[int]


def encode(texts: Sequence[str], vocabulary: Vocabulary, max_words: int) -> list[Ids]:
    """The ids of each text, at least one: a text without a word is one unknown word."""
    ids = (vocabulary.encode(text, max_words).ids for text in texts)
    return [one if len(one) else np.array([UNK], np.int64) for one in ids]


def shuffled(encoded: Sequence[Ids], size: int, draw: np.random.Generator) -> list[Batch]:
    """All reviews once, in batches of `size` and in a random order; within a batch lengths are alike."""
    order = draw.permutation(len(encoded))
    lengths = np.array([len(one) for one in encoded])
    batches = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [_batch(encoded, pool[at : at + size].tolist()) for at in range(0, len(pool), size)]
    return [batches[number] for number in draw.permutation(len(batches))]


def ordered(encoded: Sequence[Ids], size: int) -> Iterator[Batch]:
    """Yield all reviews once, the longest first."""
    return (_batch(encoded, rows) for rows in by_length(encoded, size))


def logits(classifier: Classifier, encoded: Sequence[Ids], size: int = 256) -> Array:
    """What `classifier` says of each review, `[N, C]` float32, in the order given and without dropout."""
    found = np.empty((len(encoded), classifier.shape.classes), np.float32)
    for batch in ordered(encoded, size):
        found[batch.rows] = classifier.logits(batch.token_ids, batch.lengths)
    return found


def predict(weights: Weights, vocabulary: Vocabulary, texts: Sequence[str], max_words: int) -> Array:
    """The logits `[N, C]`, temperature applied, that a trained classifier gives `texts`."""
    return logits(Classifier.from_weights(weights), encode(texts, vocabulary, max_words))


def _batch(encoded: Sequence[Ids], rows: Sequence[int]) -> Batch:
    token_ids, lengths = pad([encoded[row] for row in rows])
    return Batch(token_ids, lengths.astype(np.int64), rows)
