"""Reading requests and writing answers: bodies within a limit, deadlines, clients that go away."""

import asyncio
from time import monotonic
from types import TracebackType
from typing import Any

from litestar.types import Receive, Scope, Send
from pydantic import BaseModel

from service.api.problems import ClientGone, Problem
from service.errors import Malformed, Overloaded, too_large
from service.settings import Settings

LATE = 0.1
"""Seconds after which an answer is late enough to look whether its client is still there."""

MAX_UNFINISHED_BYTES = 128 * 2**20
"""Most bytes that a process holds of bodies whose end has not come, all together."""

SHORT_BODY_BYTES = 65_536
"""Most bytes of the body of a request that holds no text."""

_JSON = (b"content-type", b"application/json")


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


async def read_text_body(receive: Receive, settings: Settings) -> bytes:
    """Return the body of a request with one text. Raises `TooLarge` past what any text within the limit makes of it."""
    limit = settings.max_text_bytes
    return await read_body(receive, 6 * limit + 4096, "a text", limit)


async def read_batch_body(receive: Receive, settings: Settings) -> bytes:
    """Return the body of a request with many texts. Raises `TooLarge`."""
    return await read_body(receive, settings.max_batch_bytes)


async def read_short_body(receive: Receive, _: Settings) -> bytes:
    """Return the body of a request without a text. Raises `TooLarge`."""
    return await read_body(receive, SHORT_BODY_BYTES)


class Unfinished:
    """The bytes of all bodies in this process whose end has not come; `with` gives back what one body added."""

    held = 0

    def __init__(self) -> None:
        self._own = 0

    def __enter__(self) -> "Unfinished":
        return self

    def __exit__(self, *_: object) -> None:
        Unfinished.held -= self._own

    def add(self, size: int) -> None:
        """Count bytes that have come. Raises `Overloaded` past `MAX_UNFINISHED_BYTES`."""
        if Unfinished.held + size > MAX_UNFINISHED_BYTES:
            raise Overloaded("too many bodies are on their way; try again in 1 s", retry_after=1)
        Unfinished.held += size
        self._own += size


async def read_body(receive: Receive, limit: int, what: str = "a request", stated: int | None = None) -> bytes:
    """Return the whole body, chunked or not.

    Raises `TooLarge` as soon as it is longer than `limit` bytes; the limit that is named is `stated`, where it differs.
    """
    with Unfinished() as unfinished:
        return await _read_body(receive, limit, what, stated, unfinished)


async def _read_body(receive: Receive, limit: int, what: str, stated: int | None, unfinished: Unfinished) -> bytes:
    content = bytearray()
    while len(content) <= limit:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone("the request ended before its body did")
        if not content and not message.get("more_body"):
            content = message["body"]
            break
        unfinished.add(len(message["body"]))
        content += message["body"]
        if not message.get("more_body"):
            break
    if len(content) > limit:
        raise too_large(what, limit if stated is None else stated)
    return bytes(content)


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
    await _send(send, 200, [_JSON], body.__pydantic_serializer__.to_json(body))


async def send_problem(send: Send, problem: Problem) -> None:
    """Send problem details: the shortest way from a refusal to the socket."""
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    content, media_type = problem.content(open_inference=False)
    await _send(send, problem.status, [(b"content-type", media_type.encode()), *headers], content)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], content: bytes) -> None:
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
