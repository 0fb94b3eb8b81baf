"""Reviews into training, validation and test: whole groups, seeded, and the same every time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.data.reviews import SPLITS, Review, Reviews
from export.data.stratify import draw_stratified
from models.reviews.errors import DataError

SHARE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class DataSplit:
    """One split: texts, label indices `[N]`, and the group of each text (its own number where it has none)."""

    texts: tuple[str, ...]
    targets: NDArray[np.int64]
    groups: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the rows, whatever their order."""
        rows = (f"{target}\0{text}" for text, target in zip(self.texts, self.targets.tolist(), strict=True))
        hashes = sorted(hashlib.sha256(row.encode("utf-8", "surrogatepass")).hexdigest() for row in rows)
        return hashlib.sha256("".join(hashes).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Splits:
    """What is learnt from, what choices are made on, and what is published; `rule` says how they were drawn."""

    labels: tuple[str, ...]
    train: DataSplit
    validation: DataSplit
    test: DataSplit
    rule: str

    @property
    def by_name(self) -> dict[str, DataSplit]:
        """The three splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split(reviews: Reviews, seed: int) -> Splits:
    """Return the splits that the reviews came with; one that is missing is 10 %, drawn from training.

    Each label has its share of every split. Groups that the reviews come with are drawn at random first, and by label
    only where a split would lack one. Raises `DataError` where no split can hold every label.
    """
    given = np.array([row.given_split for row in reviews.rows])
    drawn = [name for name in SPLITS[1:] if name not in given]
    if not drawn:
        return assemble(reviews, given == "train", given == "validation", given == "test", "as given")
    _require_enough(reviews, given == "train", needed=1 + len(drawn))
    unit, shares = "group" if _grouped(reviews) else "review", _shares(drawn)
    if unit == "group":
        masks = _by_group(reviews, given, seed)
        if _holds_every_label(reviews, masks):
            return assemble(reviews, *masks, f"{shares} by group, seed {seed}")
    rule = f"{shares} by {unit}, stratified by label, seed {seed}"
    return assemble(reviews, *_by_label(reviews, given, seed), rule)


Mask = NDArray[np.bool_]
Masks = tuple[Mask, Mask, Mask]
"""Which rows are training, validation and test, each `[N]`."""

Given = NDArray[np.str_]
"""The split that each row came with, `[N]`."""


def _by_group(reviews: Reviews, given: Given, seed: int) -> Masks:
    groups, test, validation = groups_of(reviews.rows), given == "test", given == "validation"
    if not test.any():
        test = draw(groups, given == "train", seed, SHARE)
    if not validation.any():
        validation = draw(groups, (given == "train") & ~test, seed + 1, _validation_share(given))
    return ~test & ~validation, validation, test


def _by_label(reviews: Reviews, given: Given, seed: int) -> Masks:
    test, validation = given == "test", given == "validation"
    if not test.any():
        test = _draw_by_label(reviews, given == "train", seed, SHARE, leave=1 if validation.any() else 2)
    if not validation.any():
        among = (given == "train") & ~test
        validation = _draw_by_label(reviews, among, seed + 1, _validation_share(given), leave=1)
    return ~test & ~validation, validation, test


def _draw_by_label(reviews: Reviews, among: Mask, seed: int, share: float, leave: int) -> Mask:
    rows = np.flatnonzero(among)
    numbers = np.unique(groups_of(reviews.rows)[rows], return_inverse=True)[1]
    mask = np.zeros(len(among), np.bool_)
    mask[rows] = draw_stratified(numbers, reviews.targets[rows], seed, share, leave)
    return mask


def _validation_share(given: Given) -> float:
    """Return the part of what is not test that is validation."""
    return SHARE if "test" in given else SHARE / (1 - SHARE)


def _shares(drawn: Sequence[str]) -> str:
    if len(drawn) == 2:
        return "80/10/10"
    return f"90/10 and the given {'test' if drawn == ['validation'] else 'validation'}"


def _grouped(reviews: Reviews) -> bool:
    return any(row.group is not None for row in reviews.rows)


def _holds_every_label(reviews: Reviews, masks: Masks) -> bool:
    targets = reviews.targets
    return all(len(np.unique(targets[mask])) == len(reviews.labels) for mask in masks)


def _require_enough(reviews: Reviews, train: Mask, needed: int) -> None:
    """Raise `DataError` for a label that stands in fewer groups of `train` than there are splits to make of it."""
    numbers = np.unique(groups_of(reviews.rows), return_inverse=True)[1]
    pairs = np.unique(np.stack([numbers, reviews.targets])[:, train], axis=1)
    counts = np.bincount(pairs[1], minlength=len(reviews.labels))
    scarce = [
        f"{label!r} ({count})" for label, count in zip(reviews.labels, counts.tolist(), strict=True) if count < needed
    ]
    if scarce:
        unit = "groups" if _grouped(reviews) else "reviews"
        more = ", ..." if len(scarce) > 3 else ""
        raise DataError(
            f"{reviews.source}: no split can hold every label: each needs {needed} different {unit}, "
            f"one for each split that is drawn; too few have {', '.join(scarce[:3])}{more}; "
            "add reviews, or leave these labels out"
        )


def assemble(
    reviews: Reviews,
    train: NDArray[np.bool_],
    validation: NDArray[np.bool_],
    test: NDArray[np.bool_],
    rule: str,
) -> Splits:
    """Make splits from masks `[N]` over the rows. Raises `DataError` where a label is missing from one of them."""
    targets, groups = reviews.targets, groups_of(reviews.rows)
    parts = {}
    for name, mask in (("training", train), ("validation", validation), ("test", test)):
        rows = np.flatnonzero(mask)
        absent = sorted(set(range(len(reviews.labels))) - set(targets[rows].tolist()))
        if absent:
            raise DataError(
                f"{reviews.source}: no review in the {name} split has the label {reviews.labels[absent[0]]!r} "
                f"({len(rows)} of {len(targets)} reviews; {rule})"
            )
        parts[name] = DataSplit(
            tuple(reviews.rows[row].text for row in rows), targets[rows], tuple(groups[rows].tolist())
        )
    return Splits(reviews.labels, parts["training"], parts["validation"], parts["test"], rule)


def groups_of(rows: Sequence[Review]) -> NDArray[np.str_]:
    """Return the group of each row, `[N]`: its own number where it has none."""
    return np.array([f"#{number}" if row.group is None else row.group for number, row in enumerate(rows)])


def draw(groups: NDArray[np.str_], among: NDArray[np.bool_], seed: int, share: float) -> NDArray[np.bool_]:
    """Return a mask `[N]` over whole groups that holds `share` of the rows `among`, or a little more."""
    names, inverse, sizes = np.unique(groups[among], return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    taken = np.zeros(len(names), np.bool_)
    taken[order[before < share * among.sum()]] = True
    mask = np.zeros(len(groups), np.bool_)
    mask[among] = taken[inverse]
    return mask
