"""Clients that do not end what they have begun."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving import serving

LIMIT = "0.5"
BODY = json.dumps({"text": "good"}).encode()
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture(scope="module")
def address(repository: Path) -> Iterator[tuple[str, int]]:
    """Where a service listens that waits half a second for a request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATESCOPE_REQUEST_TIMEOUT", LIMIT)
        with serving(repository, "--workers", "2") as root:
            host, port = root.removeprefix("http://").split(":")
            yield host, int(port)


def ended(connection: socket.socket) -> bytes:
    """What comes before the service closes the connection."""
    connection.settimeout(30)
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "begun",
    [b"", HEAD[:20], HEAD % len(BODY), HEAD % len(BODY) + BODY[:5]],
    ids=["nothing", "half a head", "no body", "half a body"],
)
def test_a_request_that_does_not_end_is_408(address: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(begun)
        head, _, body = ended(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["type"] == "urn:gatescope:problem:request-timeout"


def test_one_byte_now_and_then_does_not_help(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(HEAD % 10_000)
        with contextlib.suppress(ConnectionError):
            for byte in b" " * 600:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
            pytest.fail("the service goes on reading")


@pytest.mark.parametrize("pause", [lambda: None, lambda: time.sleep(0.2)], ids=["at once", "in pieces"])
def test_a_connection_that_ends_its_requests_stays(address: tuple[str, int], pause: Callable[[], None]) -> None:
    """Longer than the limit in all: every request has its own."""
    with socket.create_connection(address) as connection:
        connection.settimeout(30)
        for _ in range(10):
            connection.sendall(HEAD % len(BODY))
            pause()
            connection.sendall(BODY)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_stream_may_take_longer(address: tuple[str, int]) -> None:
    """Its answer has begun: the client may think as long as it likes."""
    with socket.create_connection(address) as connection:
        connection.settimeout(30)
        connection.sendall(
            b"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(3):
            connection.sendall(b'7\r\n"good"\n\r\n')
            time.sleep(1)
        connection.sendall(b"0\r\n\r\n")
        answer = b""
        while not answer.endswith(b"0\r\n\r\n"):
            answer += connection.recv(65536)
    assert answer.count(b'"label"') == 3
