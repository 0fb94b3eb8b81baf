"""The last day of the service is kept, a row a minute, and takes no more room however long it runs."""

import json
import tracemalloc
from collections.abc import Mapping
from math import isnan
from pathlib import Path

import pytest

from models.bundle.files import read
from service.metrics import history
from service.metrics.gauges import GaugeValues
from service.metrics.grouped import MOST
from service.metrics.history import KEPT, RUNNING, History
from service.metrics.predictions import Phases, PredictionRecord
from service.metrics.recorder import Recorder
from service.metrics.service_metrics import ServiceMetrics

RECORD = PredictionRecord.of(Phases(0.006, 0.001, 0.002, 0.003, 0.0001), 10, 1, False, [0.1, 0.9])


class Clock:
    """The time of day, as a test sets it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(history, "time", clock)
    monkeypatch.setattr(history, "monotonic", clock)
    return clock


def gauges(**values: float) -> Mapping[int, GaugeValues]:
    return {1: {f"gatescope_{name}": {(): value} for name, value in values.items()}}


def test_a_minute_tells_rates_durations_and_gauges(clock: Clock, repository: Path) -> None:
    manifest = read(repository / "lstm" / "1").manifest
    kept, recorder = History(), Recorder()
    for _ in range(120):
        recorder.answered(manifest, RECORD)
        recorder.request("POST", "/v1/predict", 200, 0.02)
    for _ in range(30):
        recorder.request("POST", "/v1/predict", 500, 0.02)
        recorder.request("GET", "/metrics", 200, 9.0)
    recorder.unanswered("lstm", 1, "rejected")
    recorder.batch("lstm", 1, 4, 30, 40, 0.001)
    clock.now += 60
    all_of = gauges(queue_predicted_seconds=1, queue_limit_seconds=4, worker_cpu_seconds=30, ready_workers=2)
    kept.add(recorder.report([], {}), all_of)
    end, clock.now = clock.now, clock.now + RUNNING
    ((ended, row), (_, running)), groups = kept.rows(all_of, KEPT, "route")
    assert ended == end
    assert groups["/v1/predict 500"][0] == pytest.approx((0.02, 0.5), rel=0.07)
    assert [*groups] == ["/v1/predict 200", "/v1/predict 500"]
    assert (row["answers_2xx"], row["answers_5xx"]) == (2, 0.5)
    assert row["predict_p99"] == pytest.approx(0.02, rel=0.07)
    assert (row["queue_p99"], row["words_mean"], row["batch_rows_mean"]) == pytest.approx((0.002, 10, 4), rel=0.07)
    assert (row["padding"], row["queue_filled"], row["cores"]) == pytest.approx((0.25, 0.25, 0.5))
    assert row["rejected"] * 60 == pytest.approx(1)
    assert running["answers_2xx"] == 0 and isnan(running["predict_p99"])


def test_a_minute_of_each_version_is_told(clock: Clock, repository: Path) -> None:
    kept, recorder = History(), Recorder()
    for name, count, seconds in (("lstm", 120, 0.006), ("gru", 30, 0.5)):
        for _ in range(count):
            recorder.answered(read(repository / name / "1").manifest, RECORD._replace(request=seconds))
    clock.now += 60
    kept.add(recorder.report([], {}), {})
    clock.now += RUNNING
    recorder.answered(read(repository / "rnn" / "1").manifest, RECORD)
    kept.add(recorder.report([], {}), {})
    _, found = kept.rows({}, KEPT, "version")
    assert found["lstm v1"][0] == pytest.approx((0.006, 2), rel=0.07)
    assert found["gru v1"][0] == pytest.approx((0.5, 0.5), rel=0.07)
    assert isnan(found["rnn v1"][0][0]) and found["rnn v1"][1] == pytest.approx((0.006, 1 / RUNNING), rel=0.07)
    assert isnan(found["lstm v1"][1][0]) and found["lstm v1"][1][1] == 0


def test_a_day_of_many_versions_is_kept_in_less_than_two_megabytes(clock: Clock, repository: Path) -> None:
    recorder, manifest = Recorder(), read(repository / "lstm" / "1").manifest
    for number in range(20):
        recorder.request("POST", "/v1/predict", 200 + number, 0.02)
        for name in ("lstm", "gru"):
            recorder.answered(manifest.model_copy(update={"name": f"{name}{number}"}), RECORD)
    report = recorder.report([], {})
    tracemalloc.start()
    kept = History()
    for _ in range(KEPT + 100):
        clock.now += 60
        kept.add(report, {})
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 2_000_000, used
    rows, groups = kept.rows({}, KEPT, "version")
    assert len(rows) == KEPT
    assert rows[-1][0] - rows[0][0] == 60 * (KEPT - 1)
    assert {name: len(found) for name, found in groups.items()} == dict.fromkeys(groups, KEPT) and len(groups) == MOST


def test_it_is_told_as_json_with_nothing_where_there_was_nothing() -> None:
    told = json.loads(ServiceMetrics(100).history(5, "model"))
    assert [*told] == ["columns", "rows", "groups", "events", "alerts", "levels"]
    (row,) = told["rows"]
    assert len(row) == 1 + len(told["columns"])
    assert row[1 + told["columns"].index("predict_p50")] is None


def test_a_clock_that_is_set_back_loses_no_minute(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = History()
    monkeypatch.setattr(history, "time", lambda: clock.now - 86_400)
    for _ in range(3):
        clock.now += 61
        kept.add(Recorder().report([], {}), {})
    assert len(kept.rows({}, KEPT, "model")[0]) == 3


def test_the_last_minutes_have_rows_of_seconds(clock: Clock) -> None:
    recent = History(5.0, 60)
    for _ in range(100):
        clock.now += 5
        recent.add(Recorder().report([], {}), {})
    rows, _ = recent.rows({}, 5, "model")
    assert [end for end, _ in rows] == [clock.now - 5 * before for before in reversed(range(60))]


def test_versions_that_come_and_go_and_processes_that_end_are_told(clock: Clock, repository: Path) -> None:
    old, recorder = read(repository / "lstm" / "1").manifest, Recorder()
    new, metrics = old.model_copy(update={"version": 2}), ServiceMetrics(100)
    metrics.add(1, recorder.report([old], {}))
    metrics.add(2, recorder.report([old], {}))
    for process in (1, 2):
        metrics.add(process, recorder.report([new], {}))
    recorder.loaded("lstm", 3, "failed")
    metrics.add(1, recorder.report([new], {}))
    metrics.forget(2)
    assert [says for _, says in json.loads(metrics.history(5, "model"))["events"]] == [
        "lstm v1 is served",
        "lstm v2 is served",
        "lstm v1 is served no longer",
        "lstm v3 could not be loaded",
        "a worker process ended",
    ]
