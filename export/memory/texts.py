"""What networks are given to remember: real reviews, whole, shuffled, joined, and behind one telling word."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.data.splits import DataSplit, Splits
from export.training.dataset import Words, folded_words

LENGTHS = (5, 10, 20, 40, 80, 160, 320)
DISTANCES = (0, 1, 2, 5, 10, 20, 40, 80, 160)
TEXTS_OF_A_LABEL = 200
SHUFFLES = 3
TELLING, FILLERS = 20, 10
LEAST_REVIEWS = 10
"""In how many training reviews a telling word must stand at least."""

Texts = list[Words]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """The texts, as words. `reviews` and `shuffled` are those of the test split, of labels `targets [N]`.

    `read` has, by number of words, the last so many words of test reviews of one label that are joined: `read_targets
    [M]`. `planted` has, by how many words of test reviews follow it, texts that begin with a word that tells the first
    label, and as many that begin with one of the last label. `telling` are these words.
    """

    reviews: Texts
    shuffled: list[Texts]
    targets: Labels
    read: Mapping[int, Texts]
    read_targets: Labels
    planted: Mapping[int, tuple[Texts, Texts]]
    telling: tuple[Words, Words]


def material(splits: Splits, seed: int = 0) -> Material:
    """Draw the texts from the test reviews of `splits`; the telling words are those of the training reviews."""
    draw = np.random.default_rng(seed)
    reviews = list(map(folded_words, splits.test.texts))
    joined, joined_targets = _joined(reviews, splits.test.targets, draw)
    telling = _telling(splits.train, 0), _telling(splits.train, len(splits.labels) - 1)
    fillers = [joined[row] for row in draw.permutation(len(joined))[:FILLERS]]
    return Material(
        reviews,
        [[draw.permutation(words).tolist() for words in reviews] for _ in range(SHUFFLES)],
        splits.test.targets,
        {length: [words[-length:] for words in joined] for length in LENGTHS},
        joined_targets,
        {
            distance: (_planted(telling[0], fillers, distance), _planted(telling[1], fillers, distance))
            for distance in DISTANCES
        },
        telling,
    )


def _joined(reviews: Texts, targets: Labels, draw: np.random.Generator) -> tuple[Texts, Labels]:
    """Return texts of at least the longest of `LENGTHS`, each joined from reviews of one label, and their labels."""
    texts, labels = list[Words](), list[int]()
    for label in np.unique(targets).tolist():
        rows = np.flatnonzero(targets == label)
        for _ in range(TEXTS_OF_A_LABEL):
            text: Words = []
            while len(text) < LENGTHS[-1]:
                text = [*reviews[int(draw.choice(rows))], *text]
            texts.append(text)
            labels.append(label)
    return texts, np.array(labels)


def _planted(telling: Words, fillers: Texts, distance: int) -> Texts:
    return [[word, *filler[len(filler) - distance :]] for word in telling for filler in fillers]


def _telling(train: DataSplit, label: int) -> Words:
    """Return the words whose reviews have `label` most often, by what is in training, counts smoothed by one."""
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for text, target in zip(train.texts, train.targets.tolist(), strict=True):
        counts[target == label].update(set(folded_words(text)))
    often = [word for word in counts[1] if counts[0][word] + counts[1][word] >= LEAST_REVIEWS]
    return sorted(often, key=lambda word: (-(counts[1][word] + 1) / (counts[0][word] + 1), word))[:TELLING]


def as_typed(texts: Sequence[Words]) -> list[str]:
    """Return texts whose words are these."""
    return [" ".join(words) for words in texts]
