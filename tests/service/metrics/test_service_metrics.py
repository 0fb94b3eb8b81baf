"""The reports of several processes as one text: counts add up and stay, gauges go with what they tell of."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from models.bundle.files import read
from models.bundle.manifest import Manifest
from service.metrics.gauges import GAUGES
from service.metrics.predictions import Phases, PredictionRecord
from service.metrics.recorder import Recorder
from service.metrics.service_metrics import RETIRED, ServiceMetrics

RECORD = PredictionRecord.of(Phases(0.006, 0.001, 0.002, 0.003, 0.0001), 10, 1, False, [0.1, 0.9])
Value = Callable[..., float | None]


@pytest.fixture
def served(repository: Path) -> Manifest:
    return read(repository / "lstm" / "1").manifest


def version(served: Manifest, number: int) -> Manifest:
    return served.model_copy(update={"version": number})


def add(metrics: ServiceMetrics, process: int, served: Manifest, answers: int, **gauges: float) -> None:
    """Report `answers` predictions of a version that a process serves."""
    recorder = Recorder()
    for _ in range(answers):
        recorder.answered(served, RECORD)
    labels = {gauge.name: (served.name, str(served.version))[: len(gauge.labels)] for gauge in GAUGES}
    values = {f"gatescope_{name}": value for name, value in gauges.items()}
    metrics.add(process, recorder.report([served], {name: {labels[name]: value} for name, value in values.items()}))


def value(metrics: ServiceMetrics, name: str, **labels: str) -> float | None:
    """The sum of the series that have these labels; None where there is none."""
    families = text_string_to_metric_families(metrics.text().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    found = [sample.value for sample in samples if labels.items() <= sample.labels.items()]
    return sum(found) if found else None


def test_counts_add_up_over_processes_and_stay_when_one_ends(served: Manifest) -> None:
    metrics = ServiceMetrics(100)
    add(metrics, 1, served, 3)
    add(metrics, 2, served, 4)
    metrics.forget(1)
    add(metrics, 3, served, 5)
    assert value(metrics, "gatescope_inference_requests_total", outcome="ok") == 12
    assert value(metrics, "gatescope_tokens_total") == 120
    assert value(metrics, "gatescope_request_duration_seconds_count") == 12
    assert value(metrics, "gatescope_predictions_total", label=served.labels[1]) == 12
    assert value(metrics, "gatescope_drift_window_rows") == 12


def test_gauges_go_by_what_they_tell(served: Manifest) -> None:
    metrics = ServiceMetrics(100)
    add(metrics, 1, served, 0, queue_rows=3, model_ready=1, model_load_duration_seconds=0.5, worker_memory_bytes=7)
    add(metrics, 2, served, 0, queue_rows=4, model_ready=0, model_load_duration_seconds=0.2, worker_memory_bytes=8)
    assert value(metrics, "gatescope_queue_rows", model="lstm") == 7
    assert value(metrics, "gatescope_model_ready", model="lstm", version="1") == 0
    assert value(metrics, "gatescope_model_load_duration_seconds") == 0.5
    assert [value(metrics, "gatescope_worker_memory_bytes", pid=pid) for pid in "12"] == [7, 8]
    add(metrics, 1, served, 0, queue_rows=1)
    assert value(metrics, "gatescope_queue_rows") == 5
    assert value(metrics, "gatescope_worker_memory_bytes", pid="1") is None
    metrics.forget(2)
    assert value(metrics, "gatescope_queue_rows") == 1


def test_the_gauges_and_the_drift_of_what_nobody_serves_are_gone(served: Manifest) -> None:
    metrics = ServiceMetrics(100)
    add(metrics, 1, served, 5, queue_rows=3)
    add(metrics, 2, served, 5, queue_rows=3)
    newer = version(served, 2)
    add(metrics, 1, newer, 1)
    assert value(metrics, "gatescope_drift_window_rows", version="1") == 10  # the other one serves it still
    add(metrics, 2, newer, 1)
    assert value(metrics, "gatescope_queue_rows") is None
    assert value(metrics, "gatescope_drift_window_rows", version="1") is None
    assert value(metrics, "gatescope_drift_psi", version="1") is None
    assert value(metrics, "gatescope_drift_psi", version="2") is not None
    assert value(metrics, "gatescope_inference_requests_total", version="1") == 10  # to be scraped once more


def test_the_text_does_not_grow_with_the_number_of_swaps(served: Manifest) -> None:
    metrics, sizes = ServiceMetrics(100), []
    for number in range(100, 200):
        add(metrics, 1, version(served, number), 1)
        sizes.append(len(metrics.text()))
    assert max(sizes[RETIRED + 1 :]) < 1.01 * sizes[RETIRED + 1]
    assert value(metrics, "gatescope_inference_requests_total", version="194") is None
    assert value(metrics, "gatescope_inference_requests_total", version="195") == 1
    assert value(metrics, "gatescope_tokens_total", model="lstm") == 1000  # counted by model, which is served


def test_a_failed_load_leaves_no_series_for_ever(served: Manifest) -> None:
    metrics, recorder = ServiceMetrics(100), Recorder()
    for number in range(100):
        recorder.loaded("other", number, "failed")
    metrics.add(1, recorder.report([served], {}))
    families = text_string_to_metric_families(metrics.text().decode())
    assert sum(sample.labels.get("model") == "other" for family in families for sample in family.samples) == RETIRED


def test_a_version_that_comes_back_is_counted_again(served: Manifest) -> None:
    metrics = ServiceMetrics(100)
    for number in (1, *range(2, 10), 1):
        add(metrics, 1, version(served, number), 2)
    assert value(metrics, "gatescope_inference_requests_total", version="1", outcome="ok") == 2
    assert value(metrics, "gatescope_drift_window_rows", version="1") == 2


def test_any_label_of_a_model_can_be_written(served: Manifest) -> None:
    strange = served.model_copy(update={"labels": ('100% "sure"\nor \\ not é', "fresh")})
    metrics = ServiceMetrics(100)
    add(metrics, 1, strange, 2)
    assert value(metrics, "gatescope_predictions_total", label=strange.labels[0]) == 0


def test_a_process_reports_every_gauge_that_is_defined(served: Manifest) -> None:
    metrics = ServiceMetrics(100)
    add(metrics, 1, served, 1)
    names = {family.name for family in text_string_to_metric_families(metrics.text().decode())}
    assert {gauge.name for gauge in GAUGES} <= names
