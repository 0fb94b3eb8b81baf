"""The parts of uvicorn that are overridden: they are as they were, and requests that it would hang on are refused."""

import ast
import inspect
import json
import socket
import textwrap
import tomllib
from importlib.metadata import version
from pathlib import Path

import httptools
import pytest
import uvicorn
from packaging.requirements import Requirement
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from tests.service.conftest import Running

ROOT = Path(__file__).parents[3]


def attributes(kind: type) -> set[str]:
    """The attributes that a class sets on itself, and its methods."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} | set(vars(kind))


def test_the_version_is_one_that_was_tested() -> None:
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    requirement = next(Requirement(line) for line in needed if line.startswith("uvicorn"))
    assert version("uvicorn") in requirement.specifier
    assert "1000" not in requirement.specifier


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        (HttpToolsProtocol.connection_made, ["self", "transport"]),
        (HttpToolsProtocol.data_received, ["self", "data"]),
        (HttpToolsProtocol.on_headers_complete, ["self"]),
        (HttpToolsProtocol.on_body, ["self", "body"]),
        (HttpToolsProtocol.eof_received, ["self"]),
        (HttpToolsProtocol.on_response_complete, ["self"]),
        (HttpToolsProtocol.shutdown, ["self"]),
        (HttpToolsProtocol.on_message_complete, ["self"]),
        (HttpToolsProtocol.handle_websocket_upgrade, ["self"]),
        (HttpToolsProtocol.send_400_response, ["self", "msg"]),
        (HttpToolsProtocol._should_upgrade, ["self"]),
        (HttpToolsProtocol._unset_keepalive_if_required, ["self"]),
        (uvicorn.Server.on_tick, ["self", "counter"]),
        (uvicorn.Server.capture_signals, ["self"]),
        (uvicorn.Server.handle_exit, ["self", "sig", "frame"]),
        (uvicorn.Server.startup, ["self", "sockets"]),
        (uvicorn.Server.shutdown, ["self", "sockets"]),
    ],
)
def test_overridden_methods_are_called_as_they_were(method: object, parameters: list[str]) -> None:
    assert list(inspect.signature(method).parameters) == parameters  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            HttpToolsProtocol,
            {"parser", "headers", "url", "cycle", "transport", "loop", "flow", "timeout_keep_alive_task"},
        ),
        (RequestResponseCycle, {"scope", "keep_alive", "response_complete", "response_started", "more_body"}),
        (WebSocketsSansIOProtocol, {"handshake_initiated", "connections"}),
        (ServerState, {"connections", "tasks"}),
        (uvicorn.Server, {"server_state", "started", "should_exit", "lifespan"}),
    ],
)
def test_attributes_that_are_read_are_there(kind: type, names: set[str]) -> None:
    assert names <= attributes(kind)


def test_feeding_the_parser_is_what_reading_is() -> None:
    """`data_received` is replaced whole: what uvicorn does there is done here, too."""
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(HttpToolsProtocol.data_received))))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called == {
        "_unset_keepalive_if_required",
        "feed_data",
        "warning",
        "send_400_response",
        "_should_upgrade",
        "handle_websocket_upgrade",
        "_unsupported_upgrade_warning",
    }
    assert not issubclass(httptools.HttpParserUpgrade, httptools.HttpParserError)


def answer(port: int, *sent: bytes) -> bytes:
    """What comes before the service closes the connection, while it is sent these pieces."""
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        received = b""
        try:
            for piece in sent:
                client.sendall(piece)
            while piece := client.recv(65536):
                received += piece
        except ConnectionError:  # it was closed before all was sent
            pass
        return received


HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\n"
WEBSOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
MANY = b"".join(b"X-%d: y\r\n" % number for number in range(300))


@pytest.mark.parametrize(
    "sent",
    [
        [HEAD + MANY + b"\r\n"],
        [HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n"],
        [HEAD + b"X: "] + [b"y" * 1000] * 300,
        [HEAD] + [b"X: " + b"y" * 1000 + b"\r\n"] * 300,
        [b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: "] + [b"y" * 1000] * 300,
    ],
    ids=[
        "many headers",
        "a long header",
        "an endless header",
        "endless headers",
        "a long address",
        "an endless trailer",
    ],
)
def test_a_head_that_is_too_large_is_refused(served: Running, sent: list[bytes]) -> None:
    received = answer(served.port, *sent)
    if received:  # what the service answers may be lost to a client that goes on sending
        assert received.startswith(b"HTTP/1.1 431 ")
        assert json.loads(received.partition(b"\r\n\r\n")[2])["type"] == "urn:gatescope:problem:head-too-large"


def test_a_head_within_the_bound_is_answered_wherever_it_is_cut(served: Running) -> None:
    body = b'{"text": "good"}' + b" " * 100_000
    head = HEAD + b"X: " + b"y" * 60_000 + b"\r\nContent-Length: %d\r\n" % len(body)
    whole = head + b"\r\n" + body + head + b"Connection: close\r\n\r\n" + body
    received = answer(served.port, *(whole[start : start + 50_000] for start in range(0, len(whole), 50_000)))
    assert received.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n" + WEBSOCKET + MANY,
        b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n" + WEBSOCKET + b"X: " + b"y" * 10_000 + b"\r\n",
        b"POST /v1/stream HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" + WEBSOCKET,
    ],
    ids=["many headers", "a long header", "POST"],
)
def test_a_handshake_that_is_none_is_refused(served: Running, head: bytes) -> None:
    """The service stops in time with it, too: the fixture fails where a connection is left."""
    assert answer(served.port, head + b"\r\n").startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 405 "))
