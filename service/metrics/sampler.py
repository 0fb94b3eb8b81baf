"""Four times a second: how late the event loop is, and what was noted since goes to the metrics."""

import asyncio
import os
from collections.abc import Callable
from time import perf_counter, process_time

from service.engine import Engine
from service.inference.catalog import Catalog, Model
from service.metrics.definitions import Metrics
from service.metrics.engine import EngineMetrics
from service.metrics.prediction_record import PredictionRecord

PERIOD = 0.25
_PAGE = os.sysconf("SC_PAGE_SIZE")


class MetricsSampler:
    """Keeps the metrics of one process current."""

    def __init__(self, metrics: Metrics, engine: Engine, observed: EngineMetrics, catalog: Catalog) -> None:
        self._metrics, self._engine, self._observed, self._catalog = metrics, engine, observed, catalog

    async def run(self, ready: Callable[[], bool]) -> None:
        """Beat until cancelled; `ready` says whether requests should be sent here."""
        while True:
            self._metrics.ready.set(ready())
            self._metrics.ready_workers.set(ready())
            due = perf_counter() + PERIOD
            await asyncio.sleep(PERIOD)
            self._metrics.loop_lag.observe(max(0.0, perf_counter() - due))
            self.flush()

    def flush(self) -> None:
        """Add what was noted to the metrics; a scrape calls this too, so that it misses nothing of its own process."""
        metrics, engine = self._metrics, self._engine
        metrics.flush()
        self._observed.flush()
        for model in self._catalog:
            self._drift(model, model.recorder.flush())
            queue = engine.queue(model.served)
            metrics.queue_rows.labels(model.name).set(queue.rows)
            metrics.queue_cells.labels(model.name).set(queue.cells)
            metrics.queue_predicted.labels(model.name).set(queue.seconds)
            metrics.batch_rows_limit.labels(model.name).set(model.served.cost.rows)
        metrics.queue_limit.set(engine.settings.queue_seconds)
        metrics.workers.set(engine.lanes)
        metrics.workers_busy.set(engine.busy)
        for method, count in metrics.active.items():
            metrics.http_active.labels(method).set(count)
        metrics.worker_cpu.set(process_time())
        metrics.worker_memory.set(_resident())

    def _drift(self, model: Model, answered: list[PredictionRecord]) -> None:
        if not answered:
            return
        model.window.add(answered)
        of = model.name, str(model.version)
        for feature, bins in model.window.bins.items():
            counts = model.window.counts[feature].tolist()
            for name, count, expected in zip(bins.names, counts, bins.counts, strict=True):
                self._metrics.drift_window.labels(*of, feature, name).set(count)
                self._metrics.drift_reference.labels(*of, feature, name).set(expected)


def _resident() -> int:
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - read four times a second
        return int(file.read().split()[1]) * _PAGE
