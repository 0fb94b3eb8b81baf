"""Word vectors from the training texts alone: what a word's neighbours say about it, before any label is read."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from models.network.equations import Ids
from models.text.words import PAD, SPECIAL, UNK

WINDOW = 5
SMOOTHING = 0.75
SPREAD = 0.1


def word_vectors(texts: Sequence[Ids], words: int, *, width: int, seed: int) -> NDArray[np.float32]:
    """Return one vector for each of `words` ids, `[words, width]`, learnt from `texts` (ids).

    Positive pointwise mutual information of words within `WINDOW` of each other, context counts smoothed, then the
    leading singular vectors weighted by the root of their values (Levy, Goldberg and Dagan 2015). Where there are
    fewer words than `width` the remaining columns are noise. Padding is zero, the unknown word the mean.
    """
    vectors = np.random.default_rng(seed).normal(0.0, SPREAD, (words, width))
    information = _information(_neighbours(texts, words - len(SPECIAL)))
    rank = min(width, information.shape[0] - 1)
    if rank > 0:
        left, values, _ = randomized_svd(information, rank, n_iter=4, random_state=seed)
        found = left * np.sqrt(values)
        vectors[len(SPECIAL) :, :rank] = found * (SPREAD / found.std())
    vectors[UNK] = vectors[len(SPECIAL) :].mean(0) if words > len(SPECIAL) else 0.0
    vectors[PAD] = 0.0
    return vectors.astype(np.float32)


def _neighbours(texts: Sequence[Ids], known: int) -> sparse.csr_array:
    """Return how often word j stands near word i, `[known, known]`; a nearer neighbour weighs more."""
    ids = np.concatenate(texts)
    review = np.repeat(np.arange(len(texts)), [len(one) for one in texts])
    total = sparse.csr_array((known, known), dtype=np.float64)
    for distance in range(1, WINDOW + 1):
        left, right = ids[:-distance], ids[distance:]
        together = (review[:-distance] == review[distance:]) & (left >= len(SPECIAL)) & (right >= len(SPECIAL))
        pairs = (left[together] - len(SPECIAL), right[together] - len(SPECIAL))
        weights = np.full(int(together.sum()), (WINDOW + 1 - distance) / WINDOW)
        total += sparse.coo_array((weights, pairs), (known, known)).tocsr()
    return sparse.csr_array(total + total.T)


def _information(counts: sparse.csr_array) -> sparse.csr_array:
    """Return the positive pointwise mutual information of `counts [W, W]`."""
    pairs = counts.tocoo()
    word = counts.sum(1)
    context = np.power(counts.sum(0), SMOOTHING)
    expected = word[pairs.row] * context[pairs.col] / context.sum()
    values = np.maximum(np.log(pairs.data / expected), 0.0)
    return sparse.csr_array((values, (pairs.row, pairs.col)), counts.shape)
