"""Labelled reviews as one frozen value, whatever they were read from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.reviews.errors import DataError
from models.text.words import typed

PublishedSplit = Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Review:
    """One labelled review. A split never tears a `group` (a film) apart, and keeps to the `published_split`, if any."""

    text: str
    label: str
    group: str | None = None
    published_split: PublishedSplit = "train"


@dataclass(frozen=True, slots=True)
class Reviews:
    """A data set without duplicates, and the names of its labels in index order."""

    name: str
    source: str
    licence: str
    rows: tuple[Review, ...]
    labels: tuple[str, ...]
    duplicates: int
    """Copies that were dropped."""
    contradictions: int
    """How many of the duplicates have another label than the copy that was kept."""
    overlap: int
    """Training reviews that were dropped because they stand in the published test too."""
    skipped: tuple[str, ...] = ()
    """Where rows without a text or label stand, and which of the two is missing."""

    @property
    def dropped(self) -> str:
        """What was read and is not among the rows, in words."""
        contradicting = f" ({self.contradictions:,} of them with another label)" if self.contradictions else ""
        skipped = f"; skipped {len(self.skipped):,} rows: {self.skipped[0]} ..." if self.skipped else ""
        return (
            f"dropped {self.duplicates:,} duplicates{contradicting} and {self.overlap:,} shared by training and test"
            + skipped
        )

    @property
    def targets(self) -> NDArray[np.int64]:
        """The label index of every row, int64 `[N]`."""
        index = {label: number for number, label in enumerate(self.labels)}
        return np.array([index[row.label] for row in self.rows], np.int64)


def normalised(text: str) -> str:
    """Return what two copies of a review have in common: its words, lower-cased."""
    return " ".join(typed(text)).lower()


def gather(
    name: str,
    source: str,
    licence: str,
    rows: Iterable[Review],
    labels: Sequence[str] | None = None,
    skipped: Sequence[str] = (),
) -> Reviews:
    """Return a data set: later copies of a text go, and so do training reviews that are in the published test as well.

    `labels` orders the labels; without it they are sorted. Raises `DataError` where there are fewer than two labels,
    or `labels` are not those of the rows.
    """
    read = tuple(rows)
    tested = _distinct(row for row in read if row.published_split == "test")
    trained = _distinct(row for row in read if row.published_split == "train")
    kept = [row for key, row in trained.items() if key not in tested]
    first = {"test": tested, "train": trained}
    return Reviews(
        name=name,
        source=source,
        licence=licence,
        rows=(*kept, *tested.values()),
        labels=_ordered(source, read, labels),
        duplicates=len(read) - len(trained) - len(tested),
        contradictions=sum(first[row.published_split][normalised(row.text)].label != row.label for row in read),
        overlap=len(trained) - len(kept),
        skipped=tuple(skipped),
    )


def _distinct(rows: Iterable[Review]) -> dict[str, Review]:
    first: dict[str, Review] = {}
    for row in rows:
        first.setdefault(normalised(row.text), row)
    return first


def _ordered(source: str, rows: Sequence[Review], labels: Sequence[str] | None) -> tuple[str, ...]:
    if not rows:
        raise DataError(f"{source}: no reviews")
    counts = Counter(row.label for row in rows)
    if len(counts) < 2:
        raise DataError(f"{source}: every review has the label {next(iter(counts))!r}; two labels are needed")
    if labels is None:
        return tuple(sorted(counts))
    if len(set(labels)) != len(labels) or set(labels) != set(counts):
        raise DataError(f"{source}: the labels are {sorted(counts)}, not {list(labels)}")
    return tuple(labels)


POSITIVE = {"fresh", "pos", "positive", "good"}
NEGATIVE = {"rotten", "neg", "negative", "bad"}


def positive_label(labels: Sequence[str]) -> int | None:
    """Return the index of the label that praises, where there are two and the other one blames; None elsewhere."""
    names = [label.lower() for label in labels]
    for index in (0, 1):
        if len(names) == 2 and names[index] in POSITIVE and names[1 - index] in NEGATIVE:
            return index
    return None
