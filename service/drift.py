"""Drift: the last reviews of a served version against those it was validated on, as a population stability index.

The index is `sum((p - q) ln(p / q))` over the bins of a reference histogram, p the window's shares and q the
reference's (Siddiqi 2006): below 0.1 nothing has moved, above 0.25 much has. Bins are counted by each process and
added up at the scrape, so that the index is that of all workers together.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from models.manifest import Histogram, Manifest, Reference
from service.answered import Answered

WINDOW = 2_000
WINDOW_COUNTS, REFERENCE_COUNTS = "gatescope_drift_window_counts", "gatescope_drift_reference_counts"
FEATURES = ("words", "unknown_rate", "confidence", "labels")

Counts = NDArray[np.int64]


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

    def add(self, answered: Sequence[Answered]) -> None:
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


def stability_index(window: Sequence[float] | Counts, reference: Sequence[float] | Counts) -> float:
    """The population stability index of two histograms over the same bins; half a count is added to each bin."""
    shares = [
        (np.asarray(counts, float) + 0.5) / (np.sum(counts) + 0.5 * len(counts)) for counts in (window, reference)
    ]
    p, q = shares
    return float(np.sum((p - q) * np.log(p / q)))


class WithDrift(Collector):
    """The metrics of a registry, and the index of each feature worked out of their bins."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """Every metric of the registry, then `gatescope_drift_psi` and `gatescope_drift_window_rows`."""
        families = list(self._registry.collect())
        yield from families
        named = {family.name: family for family in families}
        if WINDOW_COUNTS in named and REFERENCE_COUNTS in named:
            yield from _indices(_by_feature(named[WINDOW_COUNTS]), _by_feature(named[REFERENCE_COUNTS]))


Key = tuple[str, str, str]


def _by_feature(family: Metric) -> Mapping[Key, Mapping[str, float]]:
    found: dict[Key, dict[str, float]] = defaultdict(dict)
    for sample in family.samples:
        of = sample.labels
        found[of["model"], of["version"], of["feature"]][of["bin"]] = sample.value
    return found


def _indices(
    windows: Mapping[Key, Mapping[str, float]], references: Mapping[Key, Mapping[str, float]]
) -> Iterable[Metric]:
    labels = ["model", "version"]
    index = GaugeMetricFamily(
        "gatescope_drift_psi",
        "Population stability index of the window against validation",
        labels=[*labels, "feature"],
    )
    rows = GaugeMetricFamily("gatescope_drift_window_rows", "Predictions in the window", labels=labels)
    for (model, version, feature), window in windows.items():
        reference = references[model, version, feature]
        if feature == "labels":
            rows.add_metric([model, version], sum(window.values()))
        if any(window.values()):
            psi = stability_index([window.get(name, 0) for name in reference], list(reference.values()))
            index.add_metric([model, version, feature], psi)
    return index, rows


def _histograms(reference: Reference) -> dict[str, Histogram]:
    return {
        "words": reference.words,
        "unknown_rate": reference.unknown_rate,
        "confidence": reference.confidence,
    }


def _binned(histogram: Histogram) -> Bins:
    ends = histogram.edges
    return Bins(tuple(f"{low:g}-{high:g}" for low, high in pairwise(ends)), histogram.counts)
