"""How much the reviews of each label count in training."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array
from models.reviews.errors import DataError

Wanted = Literal["balanced"] | Mapping[str, float] | None
"""`balanced`: all labels together count alike. Else weights by label, 1 where none is given."""


def label_weights(wanted: Wanted, labels: Sequence[str], targets: NDArray[np.int64]) -> Array:
    """Return the weight of a review of each label `[C]`; their mean over the training reviews, `targets [N]`, is 1.

    Raises `DataError` for a weight of a label that is none.
    """
    counts = np.bincount(targets, minlength=len(labels))
    if wanted == "balanced":
        return len(targets) / (len(labels) * counts)
    given = wanted or {}
    unknown = [label for label in given if label not in labels]
    if unknown:
        raise DataError(f"--class-weight: no review has the label {unknown[0]!r}; there are {', '.join(labels[:10])}")
    weights = np.array([given.get(label, 1.0) for label in labels])
    return weights * len(targets) / float(weights @ counts)
