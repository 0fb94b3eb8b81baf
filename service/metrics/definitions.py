"""Every metric of one process and their buckets, and how requests are added to them in bulk."""

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from models.network.equations import Array
from service.metrics.exposition import exposed

disable_created_metrics()  # type: ignore[no-untyped-call]

PREFIX = "gatescope_"
SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 5)
HTTP_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
CONFIDENCE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
_typed_parameter = re.compile(r"\{(\w+):\w+\}")


class BulkHistogram(Histogram):
    """A histogram that takes many values in one step."""

    def observe_many(self, values: Sequence[float] | Array) -> None:
        """Count every value; the same as `observe` for each."""
        inside = np.searchsorted(self._upper_bounds, values)
        self._sum.inc(float(np.sum(values)))
        for bucket, count in enumerate(np.bincount(inside)):
            if count:
                self._buckets[bucket].inc(int(count))


def powers_of_two(most: int) -> tuple[int, ...]:
    """1, 2, 4, ... up to the first that holds `most`."""
    return tuple(1 << bit for bit in range((most - 1).bit_length() + 1))


class Metrics:
    """The metrics by what they are about. Labels take values from the repository or from fixed lists only."""

    def __init__(self, max_words: int) -> None:
        self.registry = CollectorRegistry()
        self.active = dict.fromkeys((*METHODS, OTHER), 0)
        self._noted: defaultdict[tuple[str, str, int], list[float]] = defaultdict(list)
        self._http()
        self._requests(max_words)
        self._batches()
        self._models()
        self._drift()
        self._process()

    def expose(self) -> bytes:
        """The metrics of this process as text. Blocks: to be called off the event loop."""
        return exposed(self.registry)

    def note_request(self, series: tuple[str, str, int], seconds: float) -> None:
        """An answer took so long: method, path template, status. Only the event loop calls it."""
        self._noted[series].append(seconds)

    def flush(self) -> None:
        """Add the requests that were noted to their histogram."""
        noted, self._noted = self._noted, defaultdict(list)
        for (method, template, status), seconds in noted.items():
            route = _typed_parameter.sub(r"{\1}", template)
            self.http_seconds.labels(method, route, str(status)).observe_many(seconds)

    def _http(self) -> None:
        self.http_seconds = BulkHistogram(
            "http_server_request_duration_seconds",
            "Time from the first byte of a request's head to the last of its answer",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=HTTP_SECONDS,
            registry=self.registry,
        )
        self.http_active = Gauge(
            "http_server_active_requests",
            "Requests being answered",
            ["http_request_method"],
            multiprocess_mode="livesum",
            registry=self.registry,
        )

    def _requests(self, max_words: int) -> None:
        version, model = ["model", "version"], ["model"]
        self.requests = self._counter("inference_requests", "Reviews by what became of them", [*version, "outcome"])
        self.request_seconds = self._seconds("request_duration", "Time from text to prediction", version)
        self.tokenization_seconds = self._seconds("tokenization", "Time to find a text's words", version)
        self.queue_seconds = self._seconds("queue", "Time that a review waited for its first chunk", version)
        self.compute_seconds = self._seconds("compute", "Time from a review's first chunk to its last", version)
        self.postprocess_seconds = self._seconds("postprocess", "Time from logits to prediction", version)
        self.input_tokens = self._histogram("input_tokens", "Words read of a review", model, powers_of_two(max_words))
        self.confidence = self._histogram("confidence", "Highest probability of a prediction", version, CONFIDENCE)
        self.predictions = self._counter("predictions", "Predictions by label", [*version, "label"])
        self.tokens = self._counter("tokens", "Words read", model)
        self.unknown_tokens = self._counter("oov_tokens", "Words read that the model does not know", model)
        self.truncated = self._counter("truncated", "Reviews of which words were cut off", model)
        self.empty = self._counter("empty_inputs", "Texts without a word", model)

    def _batches(self) -> None:
        model = ["model"]
        self.rows = self._counter("inference_rows", "Rows of all runs of the step graph", ["model", "version"])
        self.batches = self._counter("inference_batches", "Runs of the step graph", ["model", "version"])
        self.batch_seconds = self._counter("inference_batch_seconds", "Time of all runs", ["model", "version"])
        self.real_cells = self._counter("real_cells", "Cells computed that hold a word", model)
        self.padded_cells = self._counter("padded_cells", "Cells computed in all, padding included", model)
        self.batch_rows = self._histogram("batch_rows", "Rows of a run of the step graph", model, powers_of_two(1024))
        self.batch_padded_cells = self._histogram(
            "batch_padded_cells", "Rows x steps of a run of the step graph", model, powers_of_two(1 << 16)
        )
        self.batch_rows_limit = self._gauge("batch_rows_limit", "Most rows of a run", model, "livemax")
        self.queue_rows = self._gauge("queue_rows", "Accepted reviews that are not answered", model)
        self.queue_cells = self._gauge("queue_cells", "Words of accepted reviews left to compute", model)
        self.queue_predicted = self._gauge("queue_predicted_seconds", "Predicted time of accepted work", model)
        self.queue_limit = self._gauge("queue_limit_seconds", "Most predicted time of the work of all models", [])
        self.workers_busy = self._gauge("workers_busy", "Cores of a worker that compute", [])
        self.workers = self._gauge("workers", "Cores that a worker computes on", [])
        self.streams = self._gauge("batch_streams", "Batches being streamed", [])

    def _models(self) -> None:
        version = ["model", "version"]
        self.model_info = self._gauge(
            "model_info", "Served versions", [*version, "cell", "sha256", "precision"], "livemax"
        )
        self.model_ready = self._gauge("model_ready", "Whether a version is loaded and warm", version, "livemin")
        self.model_load_seconds = self._gauge("model_load_duration_seconds", "Time of a load", version, "livemax")
        self.model_loads = self._counter("model_loads", "Loads by how they ended", [*version, "outcome"])

    def _drift(self) -> None:
        bins = ["model", "version", "feature", "bin"]
        self.drift_window = self._gauge("drift_window_counts", "The last predictions, by bin", bins)
        self.drift_reference = self._gauge("drift_reference_counts", "Validation reviews, by bin", bins, "livemax")

    def _process(self) -> None:
        self.loop_lag = self._histogram("event_loop_lag_seconds", "How late the event loop woke up", [], SECONDS)
        self.ready = self._gauge("ready", "Whether requests should be sent here", [], "livemax")
        self.ready_workers = self._gauge("ready_workers", "Worker processes that are ready", [])
        self.draining = self._gauge("draining", "Whether accepted work is being finished before the end", [], "livemax")
        self.worker_memory = self._gauge("worker_memory_bytes", "Resident memory of a worker", [], "liveall")
        self.worker_cpu = self._gauge("worker_cpu_seconds", "Processor time that a worker has used", [], "liveall")
        if MULTIPROCESS not in os.environ:
            ProcessCollector(registry=self.registry)
            GCCollector(registry=self.registry)

    def _counter(self, name: str, what: str, labels: list[str]) -> Counter:
        return Counter(PREFIX + name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, labels: list[str], mode: Any = "livesum") -> Gauge:
        return Gauge(PREFIX + name, what, labels, multiprocess_mode=mode, registry=self.registry)

    def _seconds(self, name: str, what: str, labels: list[str]) -> BulkHistogram:
        return self._histogram(f"{name}_seconds", what, labels, SECONDS)

    def _histogram(self, name: str, what: str, labels: list[str], buckets: Sequence[float]) -> BulkHistogram:
        return BulkHistogram(PREFIX + name, what, labels, buckets=buckets, registry=self.registry)
