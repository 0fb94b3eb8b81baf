"""Reading heads of requests and writing answers; deadlines, and clients that go away."""

import asyncio
from time import monotonic
from types import TracebackType
from typing import Any

from litestar.types import Receive, Scope, Send
from pydantic import BaseModel

from service.api.problems import ClientGone, Problem
from service.errors import Malformed

LATE = 0.1
"""Seconds after which an answer is late enough to look whether its client is still there."""

JSON = (b"content-type", b"application/json")


def header(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of a header by its lower-case name."""
    for key, value in scope["headers"]:
        if key == name:
            return value
    return None


def content_length(scope: Scope) -> int:
    """Return how many bytes the body is said to have; 0 where that is not said."""
    said = header(scope, b"content-length") or b""
    return int(said) if said.isdigit() else 0


def is_counted(scope: Scope) -> bool:
    """Return whether a request is production: one that only looks at a model, as the explorer does, is not."""
    return bool(scope["state"]["counted"])


def deadline_of(asked: str | bytes | None, longest: float) -> float:
    """Return when the answer must be there, of `time.monotonic`: after `X-Request-Timeout` seconds, at most `longest`.

    `asked` is what the header says. Raises `Malformed`.
    """
    if asked is None:
        return monotonic() + longest
    try:
        seconds = float(asked)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise Malformed("X-Request-Timeout is a positive number of seconds")
    return monotonic() + min(seconds, longest)


async def send_json(send: Send, body: BaseModel) -> None:
    """Send `body` with status 200: the shortest way from a prediction to the socket."""
    await send_answer(send, 200, [JSON], body.__pydantic_serializer__.to_json(body))


async def send_problem(send: Send, problem: Problem) -> None:
    """Send problem details: the shortest way from a refusal to the socket."""
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    content, media_type = problem.content(open_inference=False)
    await send_answer(send, problem.status, [(b"content-type", media_type.encode()), *headers], content)


async def send_answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
    """Send an answer; its length is added to the headers."""
    length = (b"content-length", str(len(content)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": content, "more_body": False})


class WhileConnected:
    """Cancels the work inside `with` when the client goes away. Starts to look only once the answer is late.

    To be used once the body has been read: the next message then says that the client has gone.
    """

    __slots__ = ("_gone", "_receive", "_task", "_timer", "_watch")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False
        self._watch: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(LATE, self._start)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._gone and self._task is not None and kind is asyncio.CancelledError:
            self._task.uncancel()
            raise ClientGone("the client went away before its answer was ready")

    def _start(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        message: Any = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self._gone = True
        if self._task is not None:
            self._task.cancel()
