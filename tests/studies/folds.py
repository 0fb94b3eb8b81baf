"""Folds of a data set, for cross-validation."""

import numpy as np

from export.data.reviews import Reviews
from export.data.splits import SHARE, Splits, assemble, draw, groups_of


def folds(reviews: Reviews, count: int, seed: int) -> list[Splits]:
    """Return `count` splits whose tests together are all reviews; a tenth of the rest, by group, is validation."""
    groups = groups_of(reviews.rows)
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    fold = {name: number % count for number, name in enumerate(names.tolist())}
    number = np.array([fold[group] for group in groups.tolist()])
    made = []
    for held in range(count):
        test = number == held
        validation = draw(groups, ~test, seed + 1 + held, SHARE)
        rule = f"fold {held + 1} of {count} by group, seed {seed}"
        made.append(assemble(reviews, ~test & ~validation, validation, test, rule))
    return made
