"""Word vectors from the training texts alone: what a word's neighbours say about it, before any label is read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from models.text.words import PAD, SPECIAL, UNK, Vocabulary

WINDOW = 5
SMOOTHING = 0.75
SPREAD = 0.1


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words that a model will know, and the vectors `[V, E]`, float32, from which it starts."""

    vocabulary: Vocabulary
    vectors: NDArray[np.float32]


def learn_words(texts: Sequence[str], *, size: int, min_count: int, width: int, seed: int) -> Lexicon:
    """The vocabulary of `texts` and a vector of `width` for each word.

    Positive pointwise mutual information of words within `WINDOW` of each other, context counts smoothed, then the
    leading singular vectors weighted by the root of their values (Levy, Goldberg and Dagan 2015). Where the
    vocabulary is smaller than `width` the remaining columns are noise. Padding is zero, the unknown word the mean.
    """
    vocabulary = Vocabulary.build(texts, min_count=min_count, size=size)
    vectors = np.random.default_rng(seed).normal(0.0, SPREAD, (len(vocabulary), width))
    information = _information(_counts(texts, vocabulary))
    rank = min(width, information.shape[0] - 1)
    if rank > 0:
        left, values, _ = randomized_svd(information, rank, n_iter=4, random_state=seed)
        found = left * np.sqrt(values)
        vectors[len(SPECIAL) :, :rank] = found * (SPREAD / found.std())
    vectors[UNK] = vectors[len(SPECIAL) :].mean(0) if len(vocabulary) > len(SPECIAL) else 0.0
    vectors[PAD] = 0.0
    return Lexicon(vocabulary, vectors.astype(np.float32))


def _counts(texts: Sequence[str], vocabulary: Vocabulary) -> sparse.csr_array:
    """How often word j stands near word i, `[V - 2, V - 2]`; a nearer neighbour weighs more."""
    encoded = [vocabulary.encode(text, max_words=len(text)).ids for text in texts]
    ids = np.concatenate(encoded)
    review = np.repeat(np.arange(len(encoded)), [len(one) for one in encoded])
    known = len(vocabulary) - len(SPECIAL)
    total = sparse.csr_array((known, known), dtype=np.float64)
    for distance in range(1, WINDOW + 1):
        left, right = ids[:-distance], ids[distance:]
        together = (review[:-distance] == review[distance:]) & (left >= len(SPECIAL)) & (right >= len(SPECIAL))
        places = (left[together] - len(SPECIAL), right[together] - len(SPECIAL))
        weights = np.full(int(together.sum()), (WINDOW + 1 - distance) / WINDOW)
        total += sparse.coo_array((weights, places), (known, known)).tocsr()
    return sparse.csr_array(total + total.T)


def _information(counts: sparse.csr_array) -> sparse.csr_array:
    """Positive pointwise mutual information of `counts [W, W]`."""
    pairs = counts.tocoo()
    word = counts.sum(1)
    context = np.power(counts.sum(0), SMOOTHING)
    expected = word[pairs.row] * context[pairs.col] / context.sum()
    values = np.maximum(np.log(pairs.data / expected), 0.0)
    return sparse.csr_array((values, (pairs.row, pairs.col)), counts.shape)
