"""All metrics of the service: the reports of its processes, added up in one of them."""

import json
from collections.abc import Sized
from dataclasses import asdict
from math import isnan
from time import time

from prometheus_client import Gauge, GCCollector, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open_metrics

from service.metrics.alerts import LONGEST, alerts, levels
from service.metrics.definitions import VERSION, BulkHistogram, Registry
from service.metrics.drift import DriftCollector, Window
from service.metrics.engine import EngineMetrics
from service.metrics.events import RecentEvents
from service.metrics.gauges import GaugeCollector
from service.metrics.history import MINUTE, By, History
from service.metrics.predictions import PredictionMetrics, PredictionRecord, ServedVersion
from service.metrics.recorder import ProcessReport, Request, route_of
from service.metrics.statistics import VersionStatistics, statistics_of

HTTP_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
RETIRED = 4
"""Versions whose counts stay after nobody serves them any longer, to be scraped once more."""

RECENT_MINUTES, RECENT_SECONDS = 5, 5.0
"""The last minutes that are kept in rows of seconds."""


class ServiceMetrics:
    """The metrics of the whole service. Labels take values from the repository or from fixed lists only.

    `sequences` are the open ones of `/v2`; `of_process` adds what there is of this process itself, where it is the only
    one.
    """

    def __init__(self, max_words: int, sequences: Sized = (), *, of_process: bool = False) -> None:
        self._registry = registry = Registry()
        self._gauges, self._drift, self._events = GaugeCollector(), DriftCollector(), RecentEvents()
        self._day, self._recent = History(), History(RECENT_SECONDS, round(RECENT_MINUTES * MINUTE / RECENT_SECONDS))
        self._predictions = PredictionMetrics(registry, max_words)
        self._engine = EngineMetrics(registry)
        self._loads = registry.counter("model_loads", "Loads by how they ended", [*VERSION, "outcome"])
        self._loop_lag = registry.histogram("event_loop_lag_seconds", "How late the event loop woke up", [])
        self._http_seconds = BulkHistogram(
            "http_server_request_duration_seconds",
            "Time from the first byte of a request's head to the last of its answer",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=HTTP_SECONDS,
            registry=registry,
        )
        Gauge("gatescope_open_sequences", "Open sequences of /v2", registry=registry).set_function(sequences.__len__)
        registry.register(self._gauges)
        registry.register(self._drift)
        if of_process:
            ProcessCollector(registry=registry)
            GCCollector(registry=registry)
        self._served_by: dict[int, set[tuple[str, str]]] = {}
        self._known: list[tuple[str, str]] = []
        self._last: dict[tuple[str, str], float] = {}

    def text(self, open_metrics: bool = False) -> bytes:
        """Return all metrics in Prometheus' text format or in OpenMetrics. Call it off the event loop."""
        return (generate_open_metrics if open_metrics else generate_latest)(self._registry)

    def history(self, minutes: int, by: By) -> bytes:
        """Return the last minutes, grouped `by`, and how near each alert is, as JSON. Call it off the event loop."""
        processes, windows = self._gauges.processes, self._drift.windows
        shown = self._recent if minutes <= RECENT_MINUTES else self._day
        rows, groups = shown.rows(processes, minutes, by)
        watched = self._day.rows(processes, LONGEST, "model")
        told = {
            "columns": [*rows[-1][1]],
            "rows": [(round(end, 1), *map(_rounded, figures.values())) for end, figures in rows],
            "groups": {name: [tuple(map(_rounded, row)) for row in found] for name, found in groups.items()},
            "events": [event for event in self._events if event.time > time() - minutes * MINUTE],
            "alerts": [asdict(alert) for alert in alerts(*watched, windows)],
            "levels": [asdict(level) for level in levels(*watched, windows)],
        }
        return json.dumps(told).encode()

    def statistics(self) -> list[VersionStatistics]:
        """Return what became of the reviews of each version. To be called off the event loop."""
        return statistics_of(self._registry.collect(), dict(self._last))

    def add(self, process: int, measured: ProcessReport) -> None:
        """Add what a process measured since its last report; its gauges replace those of that report."""
        for served in (*measured.served, *(served for served, _ in measured.predictions)):
            self._show(served)
        for served, rows in measured.predictions:
            columns = dict(zip(PredictionRecord._fields, rows.T, strict=True))
            self._predictions.add(served, columns)
            self._drift.windows[served.key].add(columns)
            self._last[served.key] = time()
        for key, reviews in measured.outcomes.items():
            self._predictions.count(*key, reviews)
        for (name, version, outcome), loads in measured.loads.items():
            self._remember((name, version))
            if outcome != "ok":
                self._events.note(f"{name} v{version} could not be loaded")
            self._loads.labels(name, version, outcome).inc(loads)
        for name, version, runs in measured.runs:
            self._engine.add(name, version, runs)
        for request, seconds in measured.requests:
            self._http_series(request).observe_many(seconds)
        for request, exemplar in measured.exemplars.items():
            self._http_series(request).add_exemplar(*exemplar)
        self._loop_lag.observe_many(measured.loop_lag)
        self._gauges.processes[process] = measured.gauges
        for history in (self._day, self._recent):
            history.add(measured, self._gauges.processes)
        self._served_by[process] = {served.key for served in measured.served}
        self._retire()

    def _http_series(self, request: Request) -> BulkHistogram:
        method, template, status = request
        return self._http_seconds.labels(method, route_of(template), str(status))

    def forget(self, process: int) -> None:
        """Take the gauges of a process that has ended away; what it counted stays."""
        self._gauges.processes.pop(process, None)
        self._served_by.pop(process, None)
        self._events.note("a worker process ended")

    def _show(self, served: ServedVersion) -> None:
        if served.key not in self._drift.windows:
            self._drift.windows[served.key] = Window(served)
            self._predictions.begin(served)
            self._last.setdefault(served.key, 0.0)
        self._remember(served.key)

    def _remember(self, key: tuple[str, str]) -> None:
        if key not in self._known:
            self._known.append(key)

    def _retire(self) -> None:
        """Take away the drift of versions that nobody serves, and the counts of all but the last `RETIRED` of them."""
        served = set().union(*self._served_by.values())
        self._events.serving(served)
        gone = [key for key in self._known if key not in served]
        for key in gone:
            self._drift.windows.pop(key, None)
        for name, version in gone[:-RETIRED]:
            self._known.remove((name, version))
            self._last.pop((name, version), None)
            self._registry.remove(model=name, version=version)
            if all(other != name for other, _ in self._known):
                self._registry.remove(model=name)


def _rounded(value: float) -> float | None:
    """Return four digits of a figure; None where there is none."""
    return None if isnan(value) else float(f"{value:.4g}")
