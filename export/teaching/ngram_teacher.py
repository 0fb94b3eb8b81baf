"""NB-SVM on n-grams as the teacher of long reviews: it needs nothing but their labels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.feature_extraction.text import CountVectorizer

from export.data.splits import DataSplit
from export.teaching.lessons import PARTS, TEMPERATURE, are_long, parts_of
from export.teaching.opinions import Opinions
from export.training.baselines import fit_nb, ngrams
from export.training.dataset import Words, folded_words

FOLDS = 5
FEWEST_GROUPS = 1_000
SMOOTHING, PENALTY = 1.0, 0.1


def can_teach(reviews: DataSplit) -> bool:
    """Return whether `reviews` are long and of two labels, and `FEWEST_GROUPS` have each."""
    groups = np.array(reviews.groups)
    counts = [len(set(groups[reviews.targets == label].tolist())) for label in range(int(reviews.targets.max()) + 1)]
    return len(counts) == 2 and min(counts) >= FEWEST_GROUPS and are_long(reviews)


def ask_ngrams(reviews: DataSplit, seed: int, said: Callable[[str], None]) -> Opinions:
    """Return what models of words, pairs and triples think of the training `reviews` and of their parts.

    Each review, and what is part of it, is judged by a model that has not learnt from its group. Such chances are true
    as they are: they are made surer by as much as lessons soften a teacher's.
    """
    texts = [*reviews.texts, *parts_of(reviews)]
    features = CountVectorizer(analyzer=_up_to_triples, binary=True, min_df=2, dtype=np.float64)
    counts = features.fit_transform([folded_words(text) for text in reviews.texts])
    parts = features.transform([folded_words(text) for text in texts[len(reviews) :]])
    folds = _folds(reviews.groups, seed)
    found, found_in_parts = np.empty(len(reviews)), np.empty(len(texts) - len(reviews))
    for number in range(FOLDS):
        said(f"n-grams judge {number + 1} of {FOLDS} folds")
        rest, here = folds != number, folds == number
        ratio, model = fit_nb(counts[rest], reviews.targets[rest] == 1, np.ones(rest.sum()), SMOOTHING, PENALTY)
        found[here] = model.predict_proba(counts[here] @ ratio)[:, 1]
        here = np.repeat(here, PARTS)
        found_in_parts[here] = model.predict_proba(parts[here] @ ratio)[:, 1]
    chances = np.concatenate([found, found_in_parts])
    return Opinions.of(texts, expit(TEMPERATURE * logit(chances)), teacher="NB-SVM", training=reviews.fingerprint)


def _up_to_triples(words: Words) -> list[str]:
    return ngrams(words) + [" ".join(words[start : start + 3]) for start in range(len(words) - 2)]


def _folds(groups: tuple[str, ...], seed: int) -> NDArray[np.int64]:
    """Return the fold of each review, `[N]`; a group is in one fold."""
    names, numbers = np.unique(groups, return_inverse=True)
    folds: NDArray[np.int64] = np.random.default_rng(seed).integers(FOLDS, size=len(names))[numbers]
    return folds
