"""Drift: the last predictions of a served version, counted by the bins of the reviews that it was validated on."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from models.bundle.manifest import Histogram
from models.network.equations import Array
from service.metrics.definitions import PREFIX, VERSION
from service.metrics.predictions import ServedVersion

WINDOW = 2_000
FEATURES = ("words", "unknown_rate", "confidence", "labels")


def stability_index(window: Sequence[float], reference: Sequence[float]) -> float:
    """Return the population stability index of two histograms over the same bins; each bin gets half a count more.

    `sum((p - q) ln(p / q))`, p the window's shares and q the reference's (Siddiqi 2006): below 0.1 nothing has moved,
    above 0.25 much has.
    """
    p, q = ([(count + 0.5) / (sum(counts) + 0.5 * len(counts)) for count in counts] for counts in (window, reference))
    return sum((now - then) * math.log(now / then) for now, then in zip(p, q, strict=True))


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of one feature: their names, the reference's counts, and the edges between two bins."""

    names: tuple[str, ...]
    counts: tuple[int, ...]
    edges: tuple[float, ...]

    @classmethod
    def of_histogram(cls, histogram: Histogram) -> "Bins":
        """Return the bins of a histogram, each named by its ends."""
        names = tuple(f"{low:g}-{high:g}" for low, high in pairwise(histogram.edges))
        return cls(names, histogram.counts, histogram.edges[1:-1])

    @classmethod
    def of_labels(cls, served: ServedVersion) -> "Bins":
        """Return a bin for every label."""
        counts = tuple(served.reference.labels.get(label, 0) for label in served.labels)
        return cls(served.labels, counts, tuple(index + 0.5 for index in range(len(counts) - 1)))


class Window:
    """The last `size` predictions of one served version, as counts by bin."""

    def __init__(self, served: ServedVersion, size: int = WINDOW) -> None:
        reference = served.reference
        self.bins = {
            "words": Bins.of_histogram(reference.words),
            "unknown_rate": Bins.of_histogram(reference.unknown_rate),
            "confidence": Bins.of_histogram(reference.confidence),
            "labels": Bins.of_labels(served),
        }
        self.counts = {name: np.zeros(len(self.bins[name].names), np.int64) for name in FEATURES}
        self._size = size
        self._kept: deque[tuple[int, ...]] = deque()

    @property
    def rows(self) -> int:
        """Return how many predictions are in the window."""
        return len(self._kept)

    def add(self, columns: dict[str, Array]) -> None:
        """Let predictions in, a column `[N]` for every field of `PredictionRecord`, and the oldest out."""
        recent = {name: column[-self._size :] for name, column in columns.items()}
        values = {
            "words": recent["words"],
            "unknown_rate": recent["unknown"] / recent["words"],
            "confidence": recent["confidence"],
            "labels": recent["label"],
        }
        placed = [np.searchsorted(self.bins[name].edges, values[name], "right") for name in FEATURES]
        for row in zip(*(column.tolist() for column in placed), strict=True):
            self._kept.append(row)
            self._count(row, 1)
        while len(self._kept) > self._size:
            self._count(self._kept.popleft(), -1)

    def _count(self, row: Sequence[int], by: int) -> None:
        for name, place in zip(FEATURES, row, strict=True):
            self.counts[name][place] += by


class DriftCollector(Collector):
    """The windows of the served versions, by name and version, as Prometheus reads them."""

    def __init__(self) -> None:
        self.windows: dict[tuple[str, str], Window] = {}

    def collect(self) -> Iterable[Metric]:
        """Yield the counts of every window and its reference, and how far they are apart."""
        bins, feature = [*VERSION, "feature", "bin"], [*VERSION, "feature"]
        window = GaugeMetricFamily(f"{PREFIX}drift_window_counts", "The last predictions, by bin", labels=bins)
        reference = GaugeMetricFamily(f"{PREFIX}drift_reference_counts", "Validation reviews, by bin", labels=bins)
        index = GaugeMetricFamily(
            f"{PREFIX}drift_psi", "Population stability index of the window against validation", labels=feature
        )
        rows = GaugeMetricFamily(f"{PREFIX}drift_window_rows", "Predictions in the window", labels=VERSION)
        for key, found in self.windows.copy().items():
            if not found.rows:
                continue
            rows.add_metric(key, found.rows)
            for name, described in found.bins.items():
                counts = found.counts[name].tolist()
                index.add_metric([*key, name], stability_index(counts, described.counts))
                for place, count, expected in zip(described.names, counts, described.counts, strict=True):
                    window.add_metric([*key, name, place], count)
                    reference.add_metric([*key, name, place], expected)
        return [window, reference, index, rows]
