"""What the engine lets others observe, as metrics."""

from collections import defaultdict, deque

import numpy as np
from prometheus_client import Counter

from service.metrics.definitions import BulkHistogram, Metrics


class EngineMetrics:
    """The engine's observer. Runs of the graph are noted where they are computed and added to the metrics in bulk."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._runs: deque[tuple[tuple[str, int], tuple[float, ...]]] = deque()
        self._counters: dict[tuple[str, int], tuple[Counter, ...]] = {}
        self._histograms: dict[str, tuple[BulkHistogram, ...]] = {}

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        """A run of the step graph: its rows, the cells that hold a word, all cells, its seconds."""
        self._runs.append(((model, version), (rows, 1, real, padded, seconds)))

    def flush(self) -> None:
        """Add the runs that were noted to the metrics."""
        noted = defaultdict(list)
        for _ in range(len(self._runs)):
            served, run = self._runs.popleft()
            noted[served].append(run)
        for (model, version), runs in noted.items():
            table = np.array(runs)
            counters = self._counters.get((model, version)) or self._add(model, version)
            for counter, amount in zip(counters, table.sum(axis=0).tolist(), strict=True):
                counter.inc(amount)
            batch_rows, batch_cells = self._histograms[model]
            batch_rows.observe_many(table[:, 0])
            batch_cells.observe_many(table[:, 3])

    def refused(self, model: str, version: int) -> None:
        """Too much work waits for a review to be accepted."""
        self._metrics.requests.labels(model, str(version), "rejected").inc()

    def expired(self, model: str, version: int) -> None:
        """A deadline passed."""
        self._metrics.requests.labels(model, str(version), "expired").inc()

    def cancelled(self, model: str, version: int) -> None:
        """A client went away."""
        self._metrics.requests.labels(model, str(version), "cancelled").inc()

    def _add(self, model: str, version: int) -> tuple[Counter, ...]:
        metrics = self._metrics
        self._histograms[model] = (metrics.batch_rows.labels(model), metrics.batch_padded_cells.labels(model))
        counters = (
            metrics.rows.labels(model, str(version)),
            metrics.batches.labels(model, str(version)),
            metrics.real_cells.labels(model),
            metrics.padded_cells.labels(model),
            metrics.batch_seconds.labels(model, str(version)),
        )
        self._counters[model, version] = counters
        return counters
