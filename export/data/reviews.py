"""Labelled reviews as one frozen value, whatever they were read from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.reviews.errors import DataError
from models.text.pattern import fold
from models.text.words import typed

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Review:
    """One labelled review. A split never tears a `group` (a film) apart, and keeps to the `given_split`.

    A split that no review is given to is drawn from those of `train`.
    """

    text: str
    label: str
    group: str | None = None
    given_split: SplitName = "train"


@dataclass(frozen=True, slots=True)
class Reviews:
    """A data set without duplicates, and the names of its labels in index order."""

    name: str
    source: str
    licence: str
    rows: tuple[Review, ...]
    labels: tuple[str, ...]
    duplicates: int
    """Copies within one split that were dropped."""
    contradictions: int
    """How many dropped copies, of duplicates and overlaps, have another label than the copy that was kept."""
    overlaps: Mapping[tuple[SplitName, SplitName], int]
    """Reviews of the first split that were dropped because they stand in the second one too."""
    skipped: tuple[str, ...] = ()
    """Where rows without a text or label stand, and which of the two is missing."""
    joined: tuple[str, ...] = ()
    """Labels that stand in the files as text and as a number as well, and are one label here."""

    @property
    def overlap(self) -> int:
        """How many reviews were dropped because they stand in another split too."""
        return sum(self.overlaps.values())

    @property
    def targets(self) -> NDArray[np.int64]:
        """The label index of every row, int64 `[N]`."""
        index = {label: number for number, label in enumerate(self.labels)}
        return np.array([index[row.label] for row in self.rows], np.int64)


def targets_of(rows: Sequence[Review], labels: Sequence[str], source: str) -> NDArray[np.int64]:
    """Return the index of each row's label among `labels`, those of a model, `[N]`.

    Raises `DataError` where there are no rows, or one has another label.
    """
    if not rows:
        raise DataError(f"{source}: no reviews")
    unknown = sorted({row.label for row in rows} - set(labels))
    if unknown:
        raise DataError(
            f"{source}: the model knows the labels {', '.join(labels)}, not {', '.join(map(repr, unknown))}"
        )
    return np.array([labels.index(row.label) for row in rows], np.int64)


def normalised(text: str) -> str:
    """Return what two copies of a review have in common: its words, folded."""
    return " ".join(map(fold, typed(text)))


def gather(
    name: str,
    source: str,
    licence: str,
    rows: Iterable[Review],
    labels: Sequence[str] | None = None,
    skipped: Sequence[str] = (),
    joined: Sequence[str] = (),
) -> Reviews:
    """Return a data set in which every text stands once: of copies the first is kept, of several splits the last one's.

    Training gives way to validation, and both to test. `labels` orders the labels; without it they are sorted. Raises
    `DataError` where there are fewer than two labels, where `labels` are not those of the rows, and where a given
    validation or test has a label that no training review has.
    """
    read = tuple(rows)
    ordered = _ordered(source, read, labels)
    kept: dict[str, Review] = {}
    duplicates, contradictions, overlaps = 0, 0, Counter[tuple[SplitName, SplitName]]()
    for row in sorted(read, key=_place, reverse=True):
        key = normalised(row.text)
        first = kept.get(key)
        if first is None:
            kept[key] = row
            continue
        contradictions += first.label != row.label
        if first.given_split == row.given_split:
            duplicates += 1
        else:
            overlaps[row.given_split, first.given_split] += 1
    return Reviews(
        name=name,
        source=source,
        licence=licence,
        rows=tuple(sorted(kept.values(), key=_place)),
        labels=ordered,
        duplicates=duplicates,
        contradictions=contradictions,
        overlaps=overlaps,
        skipped=tuple(skipped),
        joined=tuple(joined),
    )


def _place(row: Review) -> int:
    return SPLITS.index(row.given_split)


def _ordered(source: str, rows: Sequence[Review], labels: Sequence[str] | None) -> tuple[str, ...]:
    if not rows:
        raise DataError(f"{source}: no reviews")
    counts = Counter(row.label for row in rows if row.given_split == "train")
    if not counts:
        raise DataError(f"{source}: every review is given to validation or test; none is left to learn from")
    _require_known(source, rows, counts)
    if len(counts) < 2:
        raise DataError(f"{source}: every review has the label {next(iter(counts))!r}; two labels are needed")
    if labels is None:
        return tuple(sorted(counts))
    if len(set(labels)) != len(labels) or set(labels) != set(counts):
        raise DataError(f"{source}: the labels are {sorted(counts)}, not {list(labels)}")
    return tuple(labels)


def _require_known(source: str, rows: Sequence[Review], trained: Mapping[str, int]) -> None:
    """Raise `DataError` for labels of a given validation or test that no training review has."""
    for split in SPLITS[1:]:
        unknown = Counter(row.label for row in rows if row.given_split == split and row.label not in trained)
        if unknown:
            raise DataError(
                f"{source}: {split} has labels that no training review has: {_counted(unknown)}; "
                f"training has {_counted(trained)}"
            )


def _counted(labels: Mapping[str, int], most: int = 5) -> str:
    named = [f"{label!r} ({labels[label]:,})" for label in sorted(labels)]
    return ", ".join(named[:most]) + (f" and {len(named) - most:,} more" if len(named) > most else "")


POSITIVE = {"fresh", "pos", "positive", "good"}
NEGATIVE = {"rotten", "neg", "negative", "bad"}


def positive_label(labels: Sequence[str]) -> int | None:
    """Return the index of the label that praises, where there are two and the other one blames; None elsewhere."""
    names = [label.lower() for label in labels]
    for index in (0, 1):
        if len(names) == 2 and names[index] in POSITIVE and names[1 - index] in NEGATIVE:
            return index
    return None
