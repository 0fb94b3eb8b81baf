"""The reference histograms that a bundle carries: what its validation reviews look like, to tell drift by."""

from collections.abc import Sequence

import numpy as np

from models.bundle.manifest import Histogram, Reference
from models.network.equations import Array
from models.text.words import MAX_WORDS, UNK

WORD_EDGES = (0, 5, 10, 20, 40, 80, 160, 320, 640, 1280, MAX_WORDS)
RATE_EDGES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 1.0)
CONFIDENCE_EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)


def reference(reviews: Sequence[Array], probabilities: Array, labels: Sequence[str]) -> Reference:
    """Return the histograms of validation `reviews` (ids) and of their `probabilities [N, C]`."""
    answers = probabilities.argmax(axis=1)
    return Reference(
        words=_histogram([len(ids) for ids in reviews], WORD_EDGES),
        unknown_rate=_histogram([float(np.mean(ids == UNK)) for ids in reviews], RATE_EDGES),
        confidence=_histogram(probabilities.max(axis=1), CONFIDENCE_EDGES),
        labels={label: int((answers == index).sum()) for index, label in enumerate(labels)},
    )


def _histogram(values: Sequence[float] | Array, edges: Sequence[float]) -> Histogram:
    """Count `values` between `edges`; what lies outside counts in the first or last bin."""
    clipped = np.clip(np.asarray(values, float), edges[0], edges[-1])
    return Histogram(edges=tuple(edges), counts=tuple(np.histogram(clipped, edges)[0].tolist()))
