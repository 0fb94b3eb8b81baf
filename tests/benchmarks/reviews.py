"""The reviews that are sent: short, long, mixed and, where a file is named, the user's own; with their answers."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from export.data.sources import load
from export.data.tables import Columns, read_table
from models.text.words import typed, words
from tests.benchmarks.fixed import MAX_WORDS
from tests.benchmarks.peers.network import Answer, Network

SHORT_WORDS = 20


@dataclass(frozen=True, slots=True)
class ReviewSet:
    """Reviews of one kind of length, in the order in which they are sent, and the right answer to each."""

    name: str
    source: str
    texts: tuple[str, ...]
    answers: tuple[Answer, ...]

    @property
    def lengths(self) -> np.ndarray:
        """How many words are read of each, `[N]`."""
        return np.array([answer.words for answer in self.answers])

    def described(self) -> str:
        """One line for people: how many, where from, how long."""
        low, middle, high = np.percentile(self.lengths, [0, 50, 100])
        return (
            f"{len(self.texts)} reviews, {self.source}; words: "
            f"{low:.0f} to {high:.0f}, median {middle:.0f}, mean {self.lengths.mean():.0f}"
        )


def built_in_texts() -> list[str]:
    """Every built-in text: what the vocabulary is built from."""
    return [row.text for row in load("critics").rows]


def review_sets(network: Network, file: Path | None, column: str, count: int = 1000) -> dict[str, ReviewSet]:
    """The sets by name, `count` reviews each, and `own` from `file` where there is one."""
    draw = random.Random(0)
    long = draw.sample([row.text for row in load("critics-long").rows], count)
    enough = [text for text in built_in_texts() if len(typed(text)) >= SHORT_WORDS]
    short = [_first_words(text, SHORT_WORDS) for text in draw.sample(enough, count)]
    mixed = short[: count // 2] + long[: count // 2]
    draw.shuffle(mixed)
    sets = [
        _review_set(network, "short", f"`critics`, the first {SHORT_WORDS} words of each", short),
        _review_set(network, "long", "`critics-long`", long),
        _review_set(network, "mixed", "half of them short, half long", mixed),
    ]
    if file is not None:
        own = [text for text in _column(file, column) if typed(text)]
        sets.append(_review_set(network, "own", f"`{file.name}`", draw.sample(own, min(count, len(own)))))
    return {found.name: found for found in sets}


def _review_set(network: Network, name: str, source: str, texts: Sequence[str]) -> ReviewSet:
    answers = tuple(network.classify([text])[0] for text in texts)
    for text, answer in zip(texts, answers, strict=True):
        if answer.words != min(len(typed(text)), MAX_WORDS):
            raise ValueError(f"{name}: {answer.words} words read of a text of {len(typed(text))}")
    return ReviewSet(name, source, tuple(texts), answers)


def _first_words(text: str, count: int) -> str:
    return text[: list(islice(words(text), count))[-1].end]


def _column(file: Path, column: str) -> list[str]:
    return [row.text for row in read_table(str(file), Columns(column, column)).rows]
