"""Metrics of all kinds in one manner: their prefix, their buckets, and how they are defined in a registry."""

from collections.abc import Sequence
from time import time

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.samples import Exemplar

from models.network.equations import Array

disable_created_metrics()  # type: ignore[no-untyped-call]

PREFIX = "gatescope_"
SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 5)
VERSION = ("model", "version")
MODEL = ("model",)


class BulkHistogram(Histogram):
    """A histogram that takes many values in one step."""

    def observe_many(self, values: Sequence[float] | Array) -> None:
        """Count every value; the same as `observe` for each."""
        inside = np.searchsorted(self._upper_bounds, values)
        self._sum.inc(float(np.sum(values)))
        for bucket, count in enumerate(np.bincount(inside)):
            if count:
                self._buckets[bucket].inc(int(count))

    def add_exemplar(self, value: float, trace: str) -> None:
        """Have the bucket of `value` name the trace in which it was observed, in OpenMetrics."""
        bucket = self._buckets[int(np.searchsorted(self._upper_bounds, value))]
        bucket.set_exemplar(Exemplar({"trace_id": trace}, value, time()))


class Registry(CollectorRegistry):
    """Where metrics are defined, and whose series can be taken away again."""

    def __init__(self) -> None:
        super().__init__()
        self._defined: list[tuple[Counter | Histogram, Sequence[str]]] = []

    def counter(self, name: str, text: str, labels: Sequence[str]) -> Counter:
        """Define `gatescope_NAME_total`."""
        metric = Counter(PREFIX + name, text, labels, registry=self)
        self._defined.append((metric, labels))
        return metric

    def histogram(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float] = SECONDS
    ) -> BulkHistogram:
        """Define the histogram `gatescope_NAME`."""
        metric = BulkHistogram(PREFIX + name, text, labels, buckets=buckets, registry=self)
        self._defined.append((metric, labels))
        return metric

    def remove(self, **values: str) -> None:
        """Take away every series that has these labels with these values."""
        for metric, labels in self._defined:
            if values.keys() <= set(labels):
                metric.remove_by_labels(values)


def powers_of_two(most: int) -> tuple[int, ...]:
    """Return 1, 2, 4, ... up to the first that holds `most`."""
    return tuple(1 << bit for bit in range((most - 1).bit_length() + 1))
