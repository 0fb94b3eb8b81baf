"""The load generator sees what happened: every answer, every lost connection, and time from when a request was due."""

import json
import socketserver
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

import pytest

from tests.benchmarks.load import Load, Reply, closed_loop, open_loop
from tests.benchmarks.measure import wrong_answers
from tests.benchmarks.peers.network import Answer
from tests.benchmarks.reviews import ReviewSet
from tests.benchmarks.wire import PLAIN

SERVICE_SECONDS = 0.02


class _Echo(socketserver.StreamRequestHandler):
    """Answers the body of each request; hangs up on `hang up`."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            size = 0
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            body = self.rfile.read(size)
            if b"hang up" in body:
                return
            with self.server.turn:  # type: ignore[attr-defined]
                sleep(SERVICE_SECONDS)
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@contextmanager
def echo() -> Iterator[int]:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        turn = threading.Lock()

    with Server(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_every_answer_belongs_to_its_request() -> None:
    texts = [f"review {number}" for number in range(50)]
    with echo() as port:
        load = closed_loop(port, [PLAIN.request(text) for text in texts], 4, 0.5, warm_up=0.0)
    assert load.replies
    assert not load.errors
    assert all(json.loads(reply.body) == {"text": texts[reply.index]} for reply in load.replies)


def test_a_lost_connection_is_an_error() -> None:
    with echo() as port:
        load = closed_loop(port, [PLAIN.request("hang up")], 1, 0.1, warm_up=0.0)
    assert not load.replies
    assert load.errors["connection closed"] > 0


def test_waiting_for_a_slow_server_counts() -> None:
    """At three times what the server can do, the last of the queue waits for all before it."""
    with echo() as port:
        load = open_loop(port, [PLAIN.request("a review")], 3 / SERVICE_SECONDS, 0.5, seed=0)
    assert not load.errors
    assert load.latencies.max() > 5 * SERVICE_SECONDS


@pytest.mark.parametrize(
    ("status", "answer", "wrong"),
    [
        (200, {"label": "fresh", "probabilities": [0.2, 0.8], "words": 2}, 0),
        (200, {"label": "rotten", "probabilities": [0.2, 0.8], "words": 2}, 1),
        (200, {"label": "fresh", "probabilities": [0.2002, 0.7998], "words": 2}, 1),
        (200, {"label": "fresh", "probabilities": [0.2, 0.8], "words": 1}, 1),
        (429, {}, 0),
        (500, {}, 1),
    ],
)
def test_answers_are_checked(status: int, answer: dict[str, object], wrong: int) -> None:
    sent = ReviewSet("two", "here", ("two words",), (Answer("fresh", [0.2, 0.8], 2),))
    load = Load(0.0, 1.0, (Reply(0, 0.0, 0.5, status, json.dumps(answer).encode()),), Counter(), 0.0)
    assert wrong_answers(load, sent, PLAIN) == wrong
