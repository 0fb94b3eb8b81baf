"""Reviews into training, validation and test: whole groups, seeded, and the same every time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.data.reviews import Review, Reviews
from export.data.stratify import draw_stratified
from models.reviews.errors import DataError

SHARE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Part:
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
    train: Part
    validation: Part
    test: Part
    rule: str

    @property
    def parts(self) -> dict[str, Part]:
        """The three splits by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split(reviews: Reviews, seed: int) -> Splits:
    """80/10/10 by group; where the publisher set a test half apart, that is the test and 10 % of the rest validation.

    Each label has its share of every split. Groups that the reviews come with are drawn at random first, and by label
    only where a split would lack one. Raises `DataError` where no split can hold every label.
    """
    _require_enough(reviews)
    unit = "group" if any(row.group is not None for row in reviews.rows) else "review"
    if unit == "group":
        masks = _by_group(reviews, seed)
        if _holds_every_label(reviews, masks):
            return assemble(reviews, *masks, f"{_shares(reviews)} by group, seed {seed}")
    rule = f"{_shares(reviews)} by {unit}, stratified by label, seed {seed}"
    return assemble(reviews, *_by_label(reviews, seed), rule)


Masks = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]
"""Which rows are training, validation and test, each `[N]`."""


def _by_group(reviews: Reviews, seed: int) -> Masks:
    groups, published = _groups(reviews.rows), _published(reviews)
    test = published if published.any() else _draw(groups, ~published, seed, SHARE)
    validation = _draw(groups, ~test, seed + 1, _validation_share(published))
    return ~test & ~validation, validation, test


def _by_label(reviews: Reviews, seed: int) -> Masks:
    groups, targets, published = _groups(reviews.rows), reviews.targets, _published(reviews)
    numbers = np.unique(groups, return_inverse=True)[1]
    test = published if published.any() else draw_stratified(numbers, targets, seed, SHARE, leave=2)
    rest = np.flatnonzero(~test)
    validation = np.zeros(len(groups), np.bool_)
    among = np.unique(numbers[rest], return_inverse=True)[1]
    validation[rest] = draw_stratified(among, targets[rest], seed + 1, _validation_share(published), leave=1)
    return ~test & ~validation, validation, test


def _published(reviews: Reviews) -> NDArray[np.bool_]:
    return np.array([row.published_split == "test" for row in reviews.rows])


def _validation_share(published: NDArray[np.bool_]) -> float:
    """Return the part of what is not test that is validation."""
    return SHARE if published.any() else SHARE / (1 - SHARE)


def _shares(reviews: Reviews) -> str:
    return "90/10 and the published test" if _published(reviews).any() else "80/10/10"


def _holds_every_label(reviews: Reviews, masks: Masks) -> bool:
    targets = reviews.targets
    return all(len(np.unique(targets[mask])) == len(reviews.labels) for mask in masks)


def _require_enough(reviews: Reviews) -> None:
    """Raise `DataError` for a label that stands in fewer groups than there are splits to draw."""
    published, needed = _published(reviews), 2 if _published(reviews).any() else 3
    pairs = np.unique(
        np.stack([np.unique(_groups(reviews.rows), return_inverse=True)[1], reviews.targets])[:, ~published], axis=1
    )
    counts = np.bincount(pairs[1], minlength=len(reviews.labels))
    scarce = [
        f"{label!r} ({count})" for label, count in zip(reviews.labels, counts.tolist(), strict=True) if count < needed
    ]
    if scarce:
        unit = "groups" if any(row.group is not None for row in reviews.rows) else "reviews"
        more = ", ..." if len(scarce) > 3 else ""
        raise DataError(
            f"{reviews.source}: no split can hold every label: each needs {needed} different {unit}, "
            f"one for each split that is drawn; too few have {', '.join(scarce[:3])}{more}; "
            "add reviews, or leave these labels out"
        )


def folds(reviews: Reviews, count: int, seed: int) -> list[Splits]:
    """`count` splits whose tests together are all the reviews; a tenth of the rest, by group, is validation."""
    groups = _groups(reviews.rows)
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    fold = {name: number % count for number, name in enumerate(names.tolist())}
    number = np.array([fold[group] for group in groups.tolist()])
    made = []
    for held in range(count):
        test = number == held
        validation = _draw(groups, ~test, seed + 1 + held, SHARE)
        rule = f"fold {held + 1} of {count} by group, seed {seed}"
        made.append(assemble(reviews, ~test & ~validation, validation, test, rule))
    return made


def assemble(
    reviews: Reviews,
    train: NDArray[np.bool_],
    validation: NDArray[np.bool_],
    test: NDArray[np.bool_],
    rule: str,
) -> Splits:
    """Make splits from masks `[N]` over the rows. Raises `DataError` where a label is missing from one of them."""
    targets, groups = reviews.targets, _groups(reviews.rows)
    parts = {}
    for name, mask in (("training", train), ("validation", validation), ("test", test)):
        rows = np.flatnonzero(mask)
        absent = sorted(set(range(len(reviews.labels))) - set(targets[rows].tolist()))
        if absent:
            raise DataError(
                f"{reviews.source}: no review in the {name} split has the label {reviews.labels[absent[0]]!r} "
                f"({len(rows)} of {len(targets)} reviews; {rule})"
            )
        parts[name] = Part(tuple(reviews.rows[row].text for row in rows), targets[rows], tuple(groups[rows].tolist()))
    return Splits(reviews.labels, parts["training"], parts["validation"], parts["test"], rule)


def _groups(rows: Sequence[Review]) -> NDArray[np.str_]:
    return np.array([f"#{number}" if row.group is None else row.group for number, row in enumerate(rows)])


def _draw(groups: NDArray[np.str_], among: NDArray[np.bool_], seed: int, share: float) -> NDArray[np.bool_]:
    """Return a mask `[N]` over whole groups that holds `share` of the rows `among`, or a little more."""
    names, inverse, sizes = np.unique(groups[among], return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    taken = np.zeros(len(names), np.bool_)
    taken[order[before < share * among.sum()]] = True
    mask = np.zeros(len(groups), np.bool_)
    mask[among] = taken[inverse]
    return mask
