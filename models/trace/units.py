"""The units of the top layer that mattered most in a verdict."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.network.equations import Array


@dataclass(frozen=True, slots=True)
class TopUnits:
    """The top layer's units that mattered most, largest first: by the sum of their |shares| in the `write` ledger, or,
    for a cell without one, by what the `head` read of them.

    `omitted` units are not detailed; `omitted_share` of all |shares| is theirs.
    """

    layer: int
    ranked_by: Literal["write", "head"]
    selected: list[int]
    omitted: int
    omitted_share: float


def top_units(shares: Array, count: int, layer: int, ranked_by: Literal["write", "head"]) -> TopUnits:
    """Return the `count` units of `layer` with the largest sum of |shares| `[T, H]` over all words."""
    sizes = np.abs(shares).sum(axis=0, dtype=np.float64)
    order = np.argsort(-sizes, kind="stable")
    omitted, total = order[count:], float(sizes.sum())
    share = float(sizes[omitted].sum()) / total if total else 0.0
    return TopUnits(layer, ranked_by, order[:count].tolist(), len(omitted), share)
