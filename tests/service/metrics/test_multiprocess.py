"""The metrics of several processes as one text: what prometheus-client makes of them, value by value."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.parser import text_string_to_metric_families

from service.metrics.multiprocess import MultiprocessAggregator

WORKER = """
import sys
from service.metrics.definitions import Metrics
metrics = Metrics(100)
for line in sys.stdin:
    amount = int(line)
    metrics.tokens.labels("lstm").inc(amount)
    metrics.compute_seconds.labels("lstm", "1").observe_many([0.001, 0.3, 99.0] * amount)
    metrics.queue_rows.labels("lstm").set(amount)
    metrics.queue_seconds.labels("lstm", str(amount)).observe_many([0.001])
    metrics.model_ready.labels("lstm", "1").set(amount > 1)
    metrics.model_load_seconds.labels("lstm", "1").set(amount / 3)
    metrics.worker_memory.set(amount * 1e9)
    metrics.predictions.labels("lstm", "1", "100% \\"sure\\"\\nor \\\\ not é").inc(amount)
    metrics.drift_window.labels("lstm", "1", "labels", str(amount % 2)).set(amount)
    metrics.drift_reference.labels("lstm", "1", "labels", str(amount % 2)).set(50)
    print("noted", flush=True)
"""

Worker = subprocess.Popen[bytes]
Value = tuple[str, tuple[tuple[str, str], ...], float]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Worker]]:
    """Starts processes that keep their metrics in the test's folder."""
    started: list[Worker] = []

    def one() -> Worker:
        environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        command = [sys.executable, "-c", WORKER]
        started.append(
            subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        )
        return started[-1]

    yield one
    for worker in started:
        worker.kill()
        worker.communicate()


def note(worker: Worker, amount: int) -> None:
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(b"%d\n" % amount)
    assert worker.stdout.readline() == b"noted\n"


def values(text: bytes) -> tuple[list[Value], set[tuple[str, str, str]]]:
    families = list(text_string_to_metric_families(text.decode()))
    samples = [(s.name, tuple(sorted(s.labels.items())), s.value) for family in families for s in family.samples]
    return sorted(samples), {(family.name, family.type, family.documentation) for family in families}


def of_the_library(folder: Path) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def agree(added: MultiprocessAggregator, folder: Path) -> None:
    """Everything that the library says, in the same words, and beside it only what follows from the drift's counts."""
    (ours, described), (theirs, expected) = values(added.text()), values(of_the_library(folder))
    extra = {"gatescope_drift_psi", "gatescope_drift_window_rows"}
    assert [value for value in ours if value[0] not in extra] == theirs
    assert {family for family in described if family[0] not in extra} == expected
    assert extra <= {name for name, _, _ in ours}


def test_every_value_is_that_of_the_library_while_processes_come_change_and_end(
    start: Callable[[], Worker], tmp_path: Path
) -> None:
    added = MultiprocessAggregator(tmp_path)
    first, second = start(), start()
    note(first, 1)
    note(second, 40)
    agree(added, tmp_path)
    note(first, 7)
    agree(added, tmp_path)
    first.kill()
    first.communicate()
    mark_process_dead(first.pid, str(tmp_path))  # type: ignore[no-untyped-call]
    agree(added, tmp_path)
    for amount in range(50):
        note(second, amount)
    note(start(), 3)
    agree(added, tmp_path)


def test_counters_add_up_and_gauges_go_by_their_mode(start: Callable[[], Worker], tmp_path: Path) -> None:
    for amount in (1, 41):
        note(start(), amount)
    found = {
        (name, dict(labels).get("le")): value
        for name, labels, value in values(MultiprocessAggregator(tmp_path).text())[0]
    }
    assert found["gatescope_tokens_total", None] == 42
    assert found["gatescope_compute_seconds_count", None] == 3 * 42
    assert found["gatescope_compute_seconds_bucket", "0.001"] == 42
    assert found["gatescope_queue_rows", None] == 42
    assert found["gatescope_model_ready", None] == 0


def test_no_process_has_no_metrics(tmp_path: Path) -> None:
    assert values(MultiprocessAggregator(tmp_path).text())[0] == []
