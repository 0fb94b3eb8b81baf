"""No descriptor is left, for a moment or for good: connections wait, and what is open is answered."""

import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.serving import GATESCOPE, serving

BODY = json.dumps({"text": "good"})
PATIENCE = 30


def descriptors(process: int) -> set[int]:
    return {int(entry.name) for entry in Path(f"/proc/{process}/fd").iterdir()}


def a_worker(connection: HTTPConnection) -> int:
    """The process id of one that computes."""
    _, metrics = ask(connection, "GET", "/metrics")
    return int(metrics.decode().partition('gatescope_worker_cpu_seconds{pid="')[2].partition('"')[0])


@contextmanager
def none_left(process: int) -> Iterator[None]:
    """For as long as this holds, the process gets no descriptor more than it has."""
    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (max(descriptors(process)) + 1, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)


def ask(connection: HTTPConnection, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    connection.request(method, path, body, {"Content-Type": "application/x-ndjson"} if path == "/v1/batch" else {})
    answer = connection.getresponse()
    return answer.status, answer.read()


def ask_anew(port: int, statuses: list[int]) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    statuses.append(ask(connection, "POST", "/v1/predict", BODY)[0])
    connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_none_for_a_moment(repository: Path, workers: str) -> None:
    with serving(repository, "--workers", workers) as root:
        port = int(root.rpartition(":")[2])
        opened = [HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for _ in range(4)]
        for connection in opened:
            connection.connect()
            assert ask(connection, "GET", "/health/ready")[0] == 200
        serves = a_worker(opened[0])
        before = descriptors(serves)
        statuses: list[int] = []
        new = [threading.Thread(target=ask_anew, args=(port, statuses)) for _ in range(12)]
        with none_left(serves):
            for thread in new:
                thread.start()
            time.sleep(0.3)
            for connection in opened:
                assert ask(connection, "POST", "/v1/predict", BODY)[0] == 200
                assert ask(connection, "POST", "/v1/trace", BODY)[0] == 200
                assert ask(connection, "POST", "/v1/batch", BODY + "\n")[0] == 200
                assert ask(connection, "GET", "/health/ready")[0] == 200
                assert ask(connection, "GET", "/metrics")[0] == 200
        for thread in new:
            thread.join()
        assert statuses == [200] * len(new)
        _, metrics = ask(opened[0], "GET", "/metrics")
        assert f"gatescope_ready_workers {float(workers)}" in metrics.decode()
        for connection in opened:
            connection.close()
        until = time.monotonic() + PATIENCE
        while len(descriptors(serves)) > len(before):
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_more_connections_than_descriptors_wait(repository: Path, workers: str) -> None:
    few = ("sh", "-c", 'ulimit -n 64; exec "$0" "$@"', *GATESCOPE)
    with serving(repository, "--workers", workers, command=few) as root:
        port = int(root.rpartition(":")[2])
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
        statuses: list[int] = []
        late = threading.Thread(target=ask_anew, args=(port, statuses))
        late.start()
        time.sleep(0.3)
        assert not statuses
        for connection in idle:
            connection.close()
        late.join()
        assert statuses == [200]
