"""What reading unknown words in pieces would be worth: `python -m tests.studies.unknown_words` writes a table.

A word that the training reviews do not hold twice is unknown to a model. Here such words are written in pieces before
anything reads them, in three ways, and an LSTM learns from the built-in reviews with all its lessons. Measured on
validation: as it is, with a letter wrong in every fifth word, and the reviews of which more than a tenth is unknown.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import mean

import numpy as np
import torch

from export.data.critics import critics
from export.data.splits import DataSplit, Splits, split
from export.data.wheels import cache_directory
from export.teaching.lessons import lessons_of
from export.teaching.opinions import BUILT_IN, Opinions
from export.training.batches import predict
from export.training.config import TrainingSettings, epochs_for
from export.training.dataset import encode, folded_words, prepare
from export.training.train import train
from export.training.vectors import word_vectors
from models.text.words import words

SEEDS = (0, 1, 2)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = 2000
Rewrite = Callable[[str], list[str]]
"""From an unknown word, folded, to the words that stand for it."""


def ending(word: str) -> list[str]:
    """Return one word for all unknown words that end alike."""
    return [f"Qx{word[-3:]}"] if word.isalpha() else [word]


def trigrams(word: str) -> list[str]:
    """Return the letters of a word by three, one after another."""
    return [f"Qx{word[start : start + 3]}" for start in range(0, len(word), 3)] if word.isalpha() else [word]


def frequent_pieces(known: Counter[str]) -> Rewrite:
    """Return a cut into the longest of the `PIECES` most frequent beginnings and ends of known words."""
    counts: Counter[str] = Counter()
    for word, count in known.items():
        if word.isalpha():
            counts.update(dict.fromkeys({word[:size] for size in range(3, 9)} | {word[-4:], word[-3:]}, count))
    pieces = {piece for piece, _ in counts.most_common(PIECES)}

    def cut(word: str) -> list[str]:
        if not word.isalpha():
            return [word]
        found, start = [], 0
        while start < len(word):
            end = next((end for end in range(len(word), start + 2, -1) if word[start:end] in pieces), start + 3)
            found.append(f"Qx{word[start:end]}")
            start = end
        return found

    return cut


def rewritten(text: str, known: Counter[str], rewrite: Rewrite) -> str:
    """Return `text` with its unknown words in pieces."""
    parts, before = [], 0
    for word in words(text):
        (folded,) = folded_words(word.text) or [word.text]
        if known[folded] < 2:
            parts += [text[before : word.start], " ".join(rewrite(folded))]
            before = word.end
    return "".join([*parts, text[before:]])


def mistyped(texts: Iterable[str], seed: int) -> list[str]:
    """Return the texts with one letter changed, left out or doubled in a fifth of the words of four letters or more."""
    draw = random.Random(seed)

    def wrong(found: re.Match[str]) -> str:
        word = found[0]
        if draw.random() > 0.2:
            return word
        at = draw.randrange(1, len(word))
        return word[:at] + draw.choice([draw.choice(LETTERS), "", word[at] * 2]) + word[at + 1 :]

    return [re.sub(r"[A-Za-z]{4,}", wrong, text) for text in texts]


@dataclass(frozen=True, slots=True)
class Result:
    """Percentages right on validation."""

    as_is: float
    mistyped: float
    with_unknown: float


def run(splits: Splits, known: Counter[str], rewrite: Rewrite | None, seed: int) -> Result:
    """Train on one thread and measure."""

    def read(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(texts) if rewrite is None else tuple(rewritten(text, known, rewrite) for text in texts)

    def read_part(part: DataSplit) -> DataSplit:
        return replace(part, texts=read(part.texts))

    lessons = [
        replace(lesson, texts=read(lesson.texts))
        for lesson in lessons_of(splits.train, splits.labels, Opinions.read(BUILT_IN))
    ]
    train_part, validation, test = map(read_part, splits.by_name.values())
    changed = replace(splits, train=train_part, validation=validation, test=test)
    dataset = prepare(changed, lessons, vocabulary_size=20_000, min_count=2)
    vectors = word_vectors(dataset.train.ids, len(dataset.vocabulary), width=128, seed=seed)
    epochs = epochs_for(len(dataset.lesson_ids))
    model = train(dataset, vectors, TrainingSettings("lstm", epochs=epochs, seed=seed))

    def right(texts: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return predict(model.weights, encode(read(texts), model.vocabulary)).argmax(1) == validation.targets

    typed = splits.validation.texts

    most = np.array([mean(known[word] < 2 for word in folded_words(text)) > 0.1 for text in typed])
    hits = right(typed)
    return Result(
        100 * float(hits.mean()),
        100 * float(right(mistyped(typed, seed)).mean()),
        100 * float(hits[most].mean()),
    )


def main() -> None:
    """Run every way with every seed and print the table."""
    torch.set_num_threads(1)
    splits = split(critics(cache_directory()), 0)
    known = Counter(chain.from_iterable(map(folded_words, splits.train.texts)))
    ways = {
        "unknown words are one": None,
        "by their ends": ending,
        "by three letters": trigrams,
        "in frequent pieces": frequent_pieces(known),
    }
    print("| | validation | mistyped | reviews with > 10 % unknown |\n|---|---|---|---|", flush=True)
    for name, rewrite in ways.items():
        found = [run(splits, known, rewrite, seed) for seed in SEEDS]
        columns = zip(*((one.as_is, one.mistyped, one.with_unknown) for one in found), strict=True)
        cells = [f"{mean(values):.1f} ({min(values):.1f} - {max(values):.1f})" for values in columns]
        print(f"| {' | '.join([name, *cells])} |", flush=True)


if __name__ == "__main__":
    main()
