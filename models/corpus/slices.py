"""The reviews of a corpus by what is right and what the network says, and the words that made it say so."""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from models.corpus.corpus_file import Corpus
from models.text.pattern import Pattern, fold
from models.text.words import typed


@dataclass(frozen=True, slots=True)
class Blamed:
    """A word in the reviews of a slice: what it brought to their answers in all, in logits, and how often it stands."""

    word: str
    share: float
    count: int


@dataclass(frozen=True, slots=True)
class Slice:
    """The reviews with one right label and one answer: how many, the most confident first, and the words behind it.

    `words` are those behind the answer, the worst first; None where the corpus has no texts.
    """

    label: int
    answer: int
    count: int
    reviews: list[int]
    words: list[Blamed] | None


def slices(corpus: Corpus, pattern: Pattern, most: int) -> list[Slice]:
    """Return the reviews by right label and answer, the right answers first, each with its `most` first entries."""
    labels = range(corpus.probabilities.shape[1])
    found = [_slice(corpus, label, answer, pattern, most) for label in labels for answer in labels]
    return sorted(found, key=lambda one: one.label != one.answer)


def _slice(corpus: Corpus, label: int, answer: int, pattern: Pattern, most: int) -> Slice:
    reviews = np.flatnonzero((corpus.targets == label) & (corpus.answers == answer))
    order = reviews[np.argsort(-corpus.probabilities[reviews, answer], kind="stable")].tolist()
    return Slice(label, answer, len(order), order[:most], _words(corpus, order, pattern, most))


def _words(corpus: Corpus, reviews: list[int], pattern: Pattern, most: int) -> list[Blamed] | None:
    """Return the words that brought most to the answers of `reviews`, a word in all its cases being one.

    They are ranked by what they brought over the root of how often they stand, so that "the" and "a" do not come first
    for being everywhere.
    """
    if corpus.texts is None:
        return None
    brought, count = Counter[str](), Counter[str]()
    for review in reviews:
        shares = corpus.shares[corpus.words_of(review)]
        for word, share in zip(typed(corpus.texts[review], len(shares), pattern), shares.tolist(), strict=False):
            brought[fold(word)] += share
            count[fold(word)] += 1
    blamed = [Blamed(word, share, count[word]) for word, share in brought.items() if share > 0]
    return sorted(blamed, key=lambda one: -one.share / math.sqrt(one.count))[:most]
