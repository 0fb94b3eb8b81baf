"""Labelled reviews as one frozen value, whatever they were read from."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.text.words import typed

Half = Literal["train", "test"]


class DataError(ValueError):
    """Reviews that can't be used; the message names the file, the row and the column where there is one."""


@dataclass(frozen=True, slots=True)
class Row:
    """One review as read: `group` is what must not be torn apart by a split (a film), `half` the publisher's split."""

    text: str
    label: str
    group: str | None = None
    half: Half = "train"


@dataclass(frozen=True, slots=True)
class Reviews:
    """A data set: rows without duplicates, and the names of the labels in index order."""

    name: str
    source: str
    licence: str
    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    duplicates: int
    overlap: int

    @property
    def targets(self) -> NDArray[np.int64]:
        """The label index of every row, `[N]`."""
        index = {label: number for number, label in enumerate(self.labels)}
        return np.array([index[row.label] for row in self.rows], np.int64)


def normalised(text: str) -> str:
    """Return what two copies of a review have in common: its words, lower-cased."""
    return " ".join(typed(text)).lower()


def gather(name: str, source: str, licence: str, rows: Iterable[Row], labels: Sequence[str] | None = None) -> Reviews:
    """Return a data set without later copies of a text, and without training rows that stand in the test half too.

    `labels` orders the labels; without it they are sorted. Raises `DataError` where there are fewer than two labels,
    or `labels` are not those of the rows.
    """
    read = tuple(rows)
    tested = _distinct(row for row in read if row.half == "test")
    trained = _distinct(row for row in read if row.half == "train")
    kept = [row for key, row in trained.items() if key not in tested]
    return Reviews(
        name=name,
        source=source,
        licence=licence,
        rows=(*kept, *tested.values()),
        labels=_ordered(source, read, labels),
        duplicates=len(read) - len(trained) - len(tested),
        overlap=len(trained) - len(kept),
    )


def _distinct(rows: Iterable[Row]) -> dict[str, Row]:
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(normalised(row.text), row)
    return first


def _ordered(source: str, rows: Sequence[Row], labels: Sequence[str] | None) -> tuple[str, ...]:
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


def decoded(content: bytes, file: Path | str) -> str:
    """`content` as UTF-8, with or without a byte order mark. Raises `DataError` that names the line."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{file}, line {line}: not UTF-8 ({error.reason})") from error


POSITIVE = {"fresh", "pos", "positive", "good"}
NEGATIVE = {"rotten", "neg", "negative", "bad"}


def positive_label(labels: Sequence[str]) -> int | None:
    """Return the index of the label that praises, where there are two and the other one blames; None elsewhere."""
    names = [label.lower() for label in labels]
    for index in (0, 1):
        if len(names) == 2 and names[index] in POSITIVE and names[1 - index] in NEGATIVE:
            return index
    return None
