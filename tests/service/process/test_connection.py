"""What is written on a connection leaves in order, whole, and a head together with its body."""

import asyncio
import json
import socket
import time
from collections.abc import Iterable
from http.client import HTTPResponse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.process.transport import CoalescingTransport
from tests.service.conftest import Running


class Wire:
    """Takes down what is sent, call by call."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def writelines(self, pieces: Iterable[bytes]) -> None:
        self.write(b"".join(pieces))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def turns(pieces: list[list[bytes]], *, close: bool = False) -> Wire:
    """Write the pieces of each turn of the event loop."""
    wire = Wire()
    transport = CoalescingTransport(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    for turn in pieces:
        for piece in turn:
            transport.write(piece)
        await asyncio.sleep(0)
    if close:
        transport.write(b"last")
        transport.close()
    return wire


@given(st.lists(st.lists(st.binary(max_size=5), max_size=5), max_size=5))
def test_everything_leaves_in_order_by_the_end_of_its_turn(pieces: list[list[bytes]]) -> None:
    assert b"".join(asyncio.run(turns(pieces)).sent) == b"".join(piece for turn in pieces for piece in turn)


def test_a_head_and_its_body_leave_together() -> None:
    assert asyncio.run(turns([[b"head", b"body"], [b"head", b"body"]])).sent == [b"headbody"] * 2


def test_what_is_held_leaves_before_the_connection_is_closed() -> None:
    wire = asyncio.run(turns([[b"head"]], close=True))
    assert wire.closed
    assert wire.sent == [b"head", b"last"]


def test_what_is_held_when_the_other_end_is_gone_is_dropped() -> None:
    async def gone() -> Wire:
        wire = Wire()
        CoalescingTransport(wire, asyncio.get_running_loop()).write(b"head")  # type: ignore[arg-type]
        wire.closed = True
        await asyncio.sleep(0)
        return wire

    assert asyncio.run(gone()).sent == []


@pytest.mark.parametrize("upgrade", ["h2c", "HTTP/2.0", "TLS/1.2"])
@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_upgrade_that_is_offered_is_declined_and_the_body_is_no_request(
    served: Running, upgrade: str, pieces: int, chunked: bool
) -> None:
    body = b'{"text": "a great film"}'
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    head = [b"POST /v1/predict HTTP/1.1", b"Host: localhost", b"Connection: Upgrade", b"Upgrade: " + upgrade.encode()]
    packed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    sent = b"\r\n".join([*head, framing, b"", packed])
    with socket.create_connection(("127.0.0.1", served.port), 10) as client:
        for _ in range(2):
            size = -(-len(sent) // pieces)
            for start in range(0, len(sent), size):
                client.sendall(sent[start : start + size])
                time.sleep(0.02)
            answer = HTTPResponse(client)
            answer.begin()
            assert (answer.status, json.loads(answer.read())["words"]) == (200, 3)


@pytest.mark.parametrize("requests", [1, 3])
def test_a_client_that_says_no_more_gets_its_answers_and_the_connection_ends(served: Running, requests: int) -> None:
    body = b'{"text": "a great film"}'
    request = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    with socket.create_connection(("127.0.0.1", served.port), 30) as client:
        client.sendall(request * requests)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 200 OK") == requests


def test_a_request_that_breaks_off_has_no_answer(served: Running) -> None:
    with socket.create_connection(("127.0.0.1", served.port), 30) as client:
        client.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
