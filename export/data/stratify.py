"""Whole groups drawn so that every label has its share of the rows that are drawn, and some are left of each."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def draw_stratified(groups: Rows, targets: Rows, seed: int, share: float, leave: int) -> NDArray[np.bool_]:
    """Return a mask `[N]` over whole `groups [N]` with `share` of the rows of every label `targets [N]`, at least one.

    At least `leave` groups of each label are not drawn. The rarest label draws first; groups come in the order of
    `seed`. Where the groups allow no better, a label has fewer rows than its share.
    """
    sizes = np.bincount(targets)
    wanted = np.maximum(1, np.rint(share * sizes)).astype(np.int64)
    pairs, rows = np.unique(np.stack([groups, targets]), axis=1, return_counts=True)
    labels_of = np.split(np.arange(pairs.shape[1]), np.flatnonzero(np.diff(pairs[0])) + 1)
    left = np.bincount(pairs[1], minlength=len(sizes))
    order = np.random.default_rng(seed).permutation(len(labels_of))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    drawn = np.zeros(len(labels_of), np.bool_)
    got = np.zeros(len(sizes), np.int64)
    for label in np.argsort(sizes, kind="stable").tolist():
        having = pairs[0, pairs[1] == label]
        for group in having[np.argsort(place[having])].tolist():
            if got[label] >= wanted[label]:
                break
            inside = labels_of[group]
            if drawn[group] or (left[pairs[1, inside]] <= leave).any():
                continue
            drawn[group] = True
            got[pairs[1, inside]] += rows[inside]
            left[pairs[1, inside]] -= 1
    return drawn[groups]
