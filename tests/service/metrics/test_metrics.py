from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.openmetrics import parser as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from service.metrics.definitions import BulkHistogram, powers_of_two
from service.settings import Settings
from tests.service.conftest import Running, running

BUCKETS = (0.5, 1, 2)


@pytest.fixture(scope="module")
def alone(repository: Path) -> Iterator[Running]:
    """A service that only one test talks to."""
    with running(Settings(repository=repository, max_words=20)) as service:
        yield service


def families(service: Running) -> dict[str, list[Sample]]:
    text = service.client.get("/metrics").text
    return {family.name: family.samples for family in text_string_to_metric_families(text)}


@given(st.lists(st.floats(-1, 5), min_size=1, max_size=30))
def test_many_values_in_one_step_count_as_one_by_one(values: list[float]) -> None:
    registry = CollectorRegistry()
    bulk = BulkHistogram("bulk", "", registry=registry, buckets=BUCKETS)
    single = Histogram("single", "", registry=registry, buckets=BUCKETS)
    bulk.observe_many(values)
    for value in values:
        single.observe(value)
    for bound in ("0.5", "1.0", "2.0", "+Inf"):
        counts = [registry.get_sample_value(f"{name}_bucket", {"le": bound}) for name in ("bulk", "single")]
        assert counts[0] == counts[1]
    assert registry.get_sample_value("bulk_sum") == pytest.approx(registry.get_sample_value("single_sum"))


def test_powers_of_two_hold_the_most() -> None:
    assert [powers_of_two(most)[-1] for most in (1, 2, 3, 1024, 1025)] == [1, 2, 4, 1024, 2048]


def test_what_happens_is_counted_once(alone: Running) -> None:
    for text in ("good film", "good film zzz", "good " * 30):
        assert alone.predict(text).status_code == 200
    assert alone.predict(" ").status_code == 422
    assert alone.predict("good", model="gru").status_code == 200
    lstm = {"model": "lstm", "version": "1"}
    assert alone.metric("gatescope_inference_requests_total", **lstm, outcome="ok") == 3
    assert alone.metric("gatescope_inference_requests_total", **lstm, outcome="invalid") == 1
    assert alone.metric("gatescope_empty_inputs_total", model="lstm") == 1
    assert alone.metric("gatescope_tokens_total", model="lstm") == 2 + 3 + 20
    assert alone.metric("gatescope_oov_tokens_total", model="lstm") == 1
    assert alone.metric("gatescope_truncated_total", model="lstm") == 1
    assert alone.metric("gatescope_input_tokens_count", model="lstm") == 3
    assert sum(alone.metric("gatescope_predictions_total", **lstm, label=label) for label in ("fresh", "rotten")) == 3
    for phase in ("request_duration", "tokenization", "queue", "compute", "postprocess"):
        assert alone.metric(f"gatescope_{phase}_seconds_count", **lstm) == 3
    assert alone.metric("gatescope_real_tokens_total", model="lstm") == 25
    assert alone.metric("gatescope_padded_tokens_total", model="lstm") >= 25
    assert alone.metric("gatescope_inference_batches_total", **lstm) >= 3
    assert alone.metric("gatescope_inference_requests_total", model="gru", version="1", outcome="ok") == 1
    route = {"http_request_method": "POST", "http_route": "/v1/predict"}
    assert alone.metric("http_server_request_duration_seconds_count", **route, http_response_status_code="200") == 4
    assert alone.metric("http_server_request_duration_seconds_count", **route, http_response_status_code="422") == 1


def test_every_metric_of_the_dashboards_is_there_from_the_start(alone: Running) -> None:
    names = set(families(alone))
    assert names >= {
        "http_server_request_duration_seconds",
        "http_server_active_requests",
        *(
            f"gatescope_{name}"
            for name in (
                *("inference_requests", "inference_rows", "inference_batches", "request_duration_seconds"),
                *("tokenization_seconds", "queue_seconds", "compute_seconds", "postprocess_seconds"),
                *("queue_rows", "queue_tokens", "queue_predicted_seconds", "queue_limit_seconds", "batch_rows_limit"),
                *("batch_rows", "batch_padded_tokens", "real_tokens", "padded_tokens", "input_tokens", "truncated"),
                *("oov_tokens", "tokens", "empty_inputs", "predictions", "confidence", "model_info", "model_ready"),
                *("model_load_duration_seconds", "model_loads", "workers_busy", "workers", "event_loop_lag_seconds"),
                *("draining", "ready", "ready_workers", "batch_streams"),
            )
        ),
        "process_resident_memory_bytes",
        "process_cpu_seconds",
    }


def test_series_are_bounded_whatever_a_client_sends(alone: Running) -> None:
    alone.client.get("/a0")
    alone.client.request("BREW0", "/")
    before = {name: len(samples) for name, samples in families(alone).items()}
    for number in range(1, 40):
        alone.client.get(f"/a{number}")
        alone.client.request(f"BREW{number}", "/")
        alone.predict("good", model=f"m{number}")
        alone.client.get(f"/v1/models/m{number}")
    after = {name: len(samples) for name, samples in families(alone).items()}
    http = "http_server_request_duration_seconds"
    assert {name: count for name, count in after.items() if count != before[name]}.keys() <= {http}
    assert after[http] - before[http] <= 2 * 20
    unmatched = {"http_route": "unmatched", "http_response_status_code": "404"}
    assert alone.metric(f"{http}_count", http_request_method="GET", **unmatched) == 40


def test_open_metrics_come_where_they_are_asked_for(served: Running) -> None:
    accept = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
    answer = served.client.get("/metrics", headers=accept)
    assert answer.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    parsed = open_metrics.text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    found = {family.name: family.type for family in parsed}
    assert found["gatescope_predictions"] == "counter" and found["gatescope_confidence"] == "histogram"
    assert served.client.get("/metrics").headers["content-type"].startswith("text/plain")
