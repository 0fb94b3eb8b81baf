"""Metrics as text, and what follows from them when they are added up: how far the reviews have drifted."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.samples import Sample

WINDOW_COUNTS, REFERENCE_COUNTS = DRIFT_COUNTS = "gatescope_drift_window_counts", "gatescope_drift_reference_counts"


@dataclass(frozen=True, slots=True)
class Families:
    """Metrics as prometheus-client collects them."""

    families: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        return self.families


def written(families: Iterable[Metric]) -> bytes:
    """Metrics in Prometheus' text format."""
    return generate_latest(Families(families))


def exposed(registry: CollectorRegistry) -> bytes:
    """The metrics of one process as text. Takes milliseconds: to be called off the event loop."""
    families = list(registry.collect())
    return written([*families, *drift(sample for family in families for sample in family.samples)])


def stability_index(window: Sequence[float], reference: Sequence[float]) -> float:
    """The population stability index of two histograms over the same bins; half a count is added to each bin.

    `sum((p - q) ln(p / q))`, p the window's shares and q the reference's (Siddiqi 2006): below 0.1 nothing has moved,
    above 0.25 much has.
    """
    p, q = ([(count + 0.5) / (sum(counts) + 0.5 * len(counts)) for count in counts] for counts in (window, reference))
    return sum((now - then) * math.log(now / then) for now, then in zip(p, q, strict=True))


Key = tuple[str, str, str]


def drift(samples: Iterable[Sample]) -> Sequence[Metric]:
    """`gatescope_drift_psi` of each feature and `gatescope_drift_window_rows`, from the bins among the samples."""
    counts: dict[str, dict[Key, dict[str, float]]] = {name: defaultdict(dict) for name in DRIFT_COUNTS}
    for sample in samples:
        if sample.name in counts:
            of = sample.labels
            counts[sample.name][of["model"], of["version"], of["feature"]][of["bin"]] = sample.value
    return _indices(counts[WINDOW_COUNTS], counts[REFERENCE_COUNTS])


def _indices(
    windows: Mapping[Key, Mapping[str, float]], references: Mapping[Key, Mapping[str, float]]
) -> Sequence[Metric]:
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
    return [index, rows]
