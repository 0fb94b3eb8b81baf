"""The gauges. Every process reports all of its own anew, so what a process no longer reports is gone."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

GaugeValues = Mapping[str, Mapping[tuple[str, ...], float]]
"""The gauges of one process: by name, then by the values of the labels."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A gauge: `combine` makes one value of those of several processes; without it each has a series, by `pid`."""

    name: str
    text: str
    labels: tuple[str, ...]
    combine: Callable[[Iterable[float]], float] | None = sum


_version = ("model", "version")

GAUGES = (
    Gauge("http_server_active_requests", "Requests being answered", ("http_request_method",)),
    Gauge("gatescope_batch_rows_limit", "Most rows of a run", ("model",), max),
    Gauge("gatescope_queue_rows", "Accepted reviews that are not answered", ("model",)),
    Gauge("gatescope_queue_tokens", "Words of accepted reviews left to compute", ("model",)),
    Gauge("gatescope_queue_predicted_seconds", "Predicted time of accepted work", ("model",)),
    Gauge("gatescope_queue_limit_seconds", "Most predicted time of the work of all models", ()),
    Gauge("gatescope_workers", "Cores that the workers compute on", ()),
    Gauge("gatescope_workers_busy", "Cores of the workers that compute", ()),
    Gauge("gatescope_batch_streams", "Batches being streamed", ()),
    Gauge("gatescope_typed_texts", "Open streams of texts that are being typed", ()),
    Gauge("gatescope_model_info", "Served versions", (*_version, "cell", "sha256", "precision"), max),
    Gauge("gatescope_model_alias", "Other names of served versions, as in aliases.json", (*_version, "alias"), max),
    Gauge("gatescope_model_ready", "Whether a version is loaded and warm", _version, min),
    Gauge("gatescope_model_load_duration_seconds", "Time of a load", _version, max),
    Gauge("gatescope_ready", "Whether requests should be sent here", (), max),
    Gauge("gatescope_ready_workers", "Worker processes that are ready", ()),
    Gauge("gatescope_draining", "Whether accepted work is being finished before the end", (), max),
    Gauge("gatescope_worker_memory_bytes", "Resident memory of a worker", (), None),
    Gauge("gatescope_worker_cpu_seconds", "Processor time that a worker has used", (), None),
)


class GaugeCollector(Collector):
    """The gauges of all processes, by process id, as Prometheus reads them."""

    def __init__(self) -> None:
        self.processes: dict[int, GaugeValues] = {}

    def collect(self) -> Iterable[Metric]:
        """Yield every gauge."""
        processes = dict(self.processes)
        for gauge in GAUGES:
            labels = gauge.labels if gauge.combine else (*gauge.labels, "pid")
            family = GaugeMetricFamily(gauge.name, gauge.text, labels=labels)
            values: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
            for process, reported in processes.items():
                for key, value in reported.get(gauge.name, {}).items():
                    values[key if gauge.combine else (*key, str(process))].append(value)
            for key, found in values.items():
                family.add_metric(key, (gauge.combine or sum)(found))
            yield family
