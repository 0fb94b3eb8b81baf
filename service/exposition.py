"""Metrics as text for a scrape: those of one process, or of several added up; and what follows from their sums.

The supervisor does this for its workers, so that a scrape takes no time of theirs.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

WINDOW_COUNTS, REFERENCE_COUNTS = "gatescope_drift_window_counts", "gatescope_drift_reference_counts"


def exposed(registry: CollectorRegistry) -> bytes:
    """The metrics of one process as text. Takes milliseconds: to be called off the event loop."""
    return generate_latest(WithDrift(registry))


def added_up(folder: Path) -> bytes:
    """The metrics of all processes that keep theirs in `folder`, as text. Takes milliseconds, too."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return exposed(registry)


def stability_index(window: Sequence[float], reference: Sequence[float]) -> float:
    """The population stability index of two histograms over the same bins; half a count is added to each bin.

    `sum((p - q) ln(p / q))`, p the window's shares and q the reference's (Siddiqi 2006): below 0.1 nothing has moved,
    above 0.25 much has.
    """
    p, q = ([(count + 0.5) / (sum(counts) + 0.5 * len(counts)) for count in counts] for counts in (window, reference))
    return sum((now - then) * math.log(now / then) for now, then in zip(p, q, strict=True))


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
