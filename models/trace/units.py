"""The units of the top layer that mattered most in a verdict."""

from dataclasses import dataclass

import numpy as np

from models.network.equations import Array


@dataclass(frozen=True, slots=True)
class TopUnits:
    """The top layer's units that mattered most, largest first: by the sum of the sizes of what the head read of them.

    `omitted` units are not detailed; `omitted_share` of all that the head read is theirs.
    """

    layer: int
    selected: list[int]
    omitted: int
    omitted_share: float


def top_units(shares: Array, count: int, layer: int) -> TopUnits:
    """Return the `count` units of `layer` with the largest sum of |shares| `[T, H]` over all words."""
    sizes = np.abs(shares).sum(axis=0, dtype=np.float64)
    order = np.argsort(-sizes, kind="stable")
    omitted, total = order[count:], float(sizes.sum())
    share = float(sizes[omitted].sum()) / total if total else 0.0
    return TopUnits(layer, order[:count].tolist(), len(omitted), share)
