"""Splits and lessons made ready to learn from: every text is turned into ids once."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from export.data.splits import DataSplit, Splits
from export.teaching.lessons import Lesson
from export.training.label_weights import Wanted, label_weights
from models.network.equations import Array, Ids
from models.text.pattern import fold
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
    """What is learnt from, what choices are made on and what is published, as ids of one vocabulary.

    Networks learn `lesson_targets [M, C]`, probabilities of the labels, from the M texts `lesson_ids`, of which there
    are so many of each kind: `lesson_sizes`. Linear models learn from `train`. A review counts as much as
    `label_weights [C]` say of its label, in learning and where choices are made.
    """

    labels: tuple[str, ...]
    vocabulary: Vocabulary
    lesson_ids: list[Ids]
    lesson_targets: Array
    lesson_sizes: Mapping[str, int]
    train: Examples
    validation: Examples
    test: Examples
    label_weights: Array

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the lessons."""
        digest = hashlib.sha256(np.ascontiguousarray(self.lesson_targets, np.float32).tobytes())
        for ids in self.lesson_ids:
            digest.update(ids.tobytes())
        return digest.hexdigest()


def prepare(
    splits: Splits, lessons: Sequence[Lesson], *, vocabulary_size: int, min_count: int, class_weight: Wanted = None
) -> Dataset:
    """Return `splits` and `lessons` as words and ids; the vocabulary is that of the lessons. Raises `DataError`."""
    words = {name: [folded_words(text) for text in each.texts] for name, each in splits.by_name.items()}
    seen = (folded_words(text) for lesson in lessons if lesson.new_words for text in lesson.texts)
    vocabulary = Vocabulary.build(chain.from_iterable(seen), min_count=min_count, size=vocabulary_size)

    def examples(name: str, split: DataSplit) -> Examples:
        return Examples(split.texts, words[name], encode(split.texts, vocabulary), split.targets, split.groups)

    parts = {name: examples(name, each) for name, each in splits.by_name.items()}
    return Dataset(
        splits.labels,
        vocabulary,
        encode([text for lesson in lessons for text in lesson.texts], vocabulary),
        np.concatenate([lesson.targets for lesson in lessons]),
        {lesson.name: len(lesson.texts) for lesson in lessons},
        **parts,
        label_weights=label_weights(class_weight, splits.labels, splits.train.targets),
    )


def folded_words(text: str) -> Words:
    """Return the words of `text`, folded. Equal words are one object, so that large data sets fit in memory."""
    return [sys.intern(fold(word)) for word in typed(text)]


def encode(texts: Sequence[str], vocabulary: Vocabulary) -> list[Ids]:
    """Return the ids of each text, at least one: a text without a word is one unknown word."""
    ids = (vocabulary.encode(text, MAX_WORDS).ids for text in texts)
    return [one if len(one) else np.array([UNK], np.int64) for one in ids]
