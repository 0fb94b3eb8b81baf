"""What holds when there is too much work, when clients go away, and when the end comes."""

import json
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path

import numpy as np
import pytest

from service.engine.batch import Row
from service.settings import Settings
from tests.service.conftest import PATIENCE, Running, running, until

LONG = "good film, not bad. " * 400


def counted(service: Running, outcome: str) -> float:
    return service.metric("gatescope_inference_requests_total", model="lstm", outcome=outcome)


def test_too_much_work_is_429_with_an_honest_retry_after(repository: Path) -> None:
    with running(Settings(repository=repository, max_queue_seconds=1e-6)) as service:
        with ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(service.predict, [LONG] * 200))
        statuses = Counter(answer.status_code for answer in answers)
        assert set(statuses) == {200, 429}
        for answer in answers:
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) >= 1
                assert answer.json()["type"] == "urn:gatescope:problem:overloaded"
        assert (counted(service, "ok"), counted(service, "rejected")) == (statuses[200], statuses[429])
        assert service.predict("good").status_code == 200


def test_a_long_text_for_which_there_is_no_room_is_refused_before_it_comes(repository: Path) -> None:
    with (
        running(Settings(repository=repository)) as service,
        socket.create_connection(("127.0.0.1", service.port)) as wire,
    ):
        scheduler = service.service.context.catalog.find("lstm").scheduler
        waiting = Row(np.zeros(10**8, np.int64))
        scheduler.add(waiting)
        wire.settimeout(PATIENCE)
        wire.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n")
        refused = HTTPResponse(wire)
        refused.begin()
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert json.loads(refused.read())["type"] == "urn:gatescope:problem:overloaded"
        scheduler.remove(waiting)
        wire.sendall(b'{"text": "good"}'.ljust(9000) + b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        alive = HTTPResponse(wire)
        alive.begin()
        assert alive.status == 200
        assert counted(service, "rejected") == 1


def test_a_client_that_goes_away_frees_its_work(repository: Path) -> None:
    with running(Settings(repository=repository, max_queue_seconds=60)) as service:
        body = json.dumps({"text": LONG}).encode()
        head = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
        connections = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(200)]
        for connection in connections:
            connection.sendall(head + body)
        for connection in connections:
            connection.close()
        until(lambda: service.metric("gatescope_queue_rows", model="lstm") == 0)
        until(lambda: service.metric("http_server_active_requests", http_request_method="POST") == 0)
        assert counted(service, "error") == 0
        assert service.predict("good").status_code == 200


def test_draining_is_not_ready_but_alive_and_accepted_work_is_answered(repository: Path) -> None:
    with running(Settings(repository=repository)) as service:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(service.predict, LONG) for _ in range(50)]
            service.service.start_draining()
            assert service.client.get("/health/ready").json()["reason"] == "draining"
            assert service.client.get("/health/ready").status_code == 503
            assert service.client.get("/v2/health/ready").status_code == 503
            assert service.client.get("/health/live").status_code == 200
            assert {future.result().status_code for future in asked} == {200}
        assert service.metric("gatescope_draining") == 1


@pytest.mark.parametrize("size", [2_000, 900_000])
def test_long_texts_do_not_hold_up_others(repository: Path, size: int) -> None:
    with running(Settings(repository=repository)) as service:
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                assert service.predict("a" * 8 + " " + "b " * (size // 2)).status_code in (200, 429)

        with ThreadPoolExecutor(2) as pool:
            asking = [pool.submit(ask) for _ in range(2)]
            answers = [service.predict("good").status_code for _ in range(20)]
            stop.set()
            assert set(answers) == {200}
            assert [future.result() for future in asking] == [None, None]
