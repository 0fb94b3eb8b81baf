"""Splits made ready to learn from: every text is cut into words once and turned into ids once."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from export.data.splits import Part, Splits
from models.network.equations import Ids
from models.text.words import MAX_WORDS, UNK, Vocabulary, typed

Words = list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """One split of N texts: each text's `words` (lower case) and `ids`, its label index in `targets [N]`, its group."""

    texts: tuple[str, ...]
    words: list[Words]
    ids: list[Ids]
    targets: NDArray[np.int64]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """What is learnt from, what choices are made on and what is published, as ids of one vocabulary."""

    labels: tuple[str, ...]
    vocabulary: Vocabulary
    train: Examples
    validation: Examples
    test: Examples
    fingerprint: str
    """That of the training split."""


def prepare(splits: Splits, *, vocabulary_size: int, min_count: int) -> Dataset:
    """Return `splits` as words and ids; the vocabulary is that of the training texts."""
    words = {name: [lowercase_words(text) for text in part.texts] for name, part in splits.parts.items()}
    vocabulary = Vocabulary.build(chain.from_iterable(words["train"]), min_count=min_count, size=vocabulary_size)

    def examples(name: str, part: Part) -> Examples:
        return Examples(part.texts, words[name], encode(part.texts, vocabulary), part.targets, part.groups)

    parts = {name: examples(name, part) for name, part in splits.parts.items()}
    return Dataset(splits.labels, vocabulary, **parts, fingerprint=splits.train.fingerprint)


def lowercase_words(text: str) -> Words:
    """Return the words of `text` in lower case. Equal words are one object, so that large data sets fit in memory."""
    return [sys.intern(word.lower()) for word in typed(text)]


def encode(texts: Sequence[str], vocabulary: Vocabulary) -> list[Ids]:
    """Return the ids of each text, at least one: a text without a word is one unknown word."""
    ids = (vocabulary.encode(text, MAX_WORDS).ids for text in texts)
    return [one if len(one) else np.array([UNK], np.int64) for one in ids]
