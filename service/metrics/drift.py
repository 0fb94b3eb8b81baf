"""Drift: the last reviews of a served version, counted by the bins of those that it was validated on.

Bins are counted by each process and added up at the scrape, so that the index is that of all workers together.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.bundle.manifest import Histogram, Manifest, Reference
from service.metrics.prediction_record import PredictionRecord

WINDOW = 2_000
FEATURES = ("words", "unknown_rate", "confidence", "labels")


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of one feature: their names, as a metric's label has them, and the reference's counts."""

    names: tuple[str, ...]
    counts: tuple[int, ...]


def bins_of(manifest: Manifest) -> dict[str, Bins]:
    """The bins of every feature."""
    reference = manifest.reference
    labels = Bins(manifest.labels, tuple(reference.labels.get(label, 0) for label in manifest.labels))
    return {name: _binned(histogram) for name, histogram in _histograms(reference).items()} | {"labels": labels}


class Window:
    """The last `WINDOW` predictions of one served version, as counts by bin. Only the event loop calls it."""

    def __init__(self, manifest: Manifest, size: int = WINDOW) -> None:
        self.bins = bins_of(manifest)
        self._edges = {name: np.array(found.edges[1:-1]) for name, found in _histograms(manifest.reference).items()}
        self._size = size
        self._kept: deque[tuple[int, ...]] = deque()
        self.counts = {name: np.zeros(len(self.bins[name].names), np.int64) for name in FEATURES}

    @property
    def rows(self) -> int:
        """Predictions in the window."""
        return len(self._kept)

    def add(self, answered: Sequence[PredictionRecord]) -> None:
        """Let predictions into the window, and the oldest out."""
        if not answered:
            return
        recent = answered[-self._size :]
        words = np.array([one.words for one in recent])
        values = {
            "words": words,
            "unknown_rate": np.array([one.unknown for one in recent]) / words,
            "confidence": np.array([one.confidence for one in recent]),
        }
        places = [np.searchsorted(self._edges[name], found, "right") for name, found in values.items()]
        places.append(np.array([one.label for one in recent]))
        for row in zip(*(column.tolist() for column in places), strict=True):
            self._kept.append(row)
            self._count(row, 1)
        while len(self._kept) > self._size:
            self._count(self._kept.popleft(), -1)

    def _count(self, row: Sequence[int], by: int) -> None:
        for name, place in zip(FEATURES, row, strict=True):
            self.counts[name][place] += by


def _histograms(reference: Reference) -> dict[str, Histogram]:
    return {
        "words": reference.words,
        "unknown_rate": reference.unknown_rate,
        "confidence": reference.confidence,
    }


def _binned(histogram: Histogram) -> Bins:
    ends = histogram.edges
    return Bins(tuple(f"{low:g}-{high:g}" for low, high in pairwise(ends)), histogram.counts)
