"""`POST /v1/trace`: what a network kept of one review; a plain ASGI handler, as that of `/v1/predict`."""

from collections.abc import Callable
from functools import partial

from litestar import post
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.params import JSONBody
from litestar.types import Receive, Scope, Send

from service.api.compression import ENCODINGS, PLAIN, encoding_of, headers_of
from service.api.context import context_of
from service.api.dependencies import Deadline
from service.api.described import answer, problems, with_media_types
from service.api.http import WhileConnected, deadline_of, header, is_counted, send_answer
from service.api.problems import NotAcceptable
from service.api.raw import raw
from service.api.schemas import parse
from service.errors import READS_TEXT, NotInModel
from service.tracing.encoders import ENCODERS, JSON, encoder_of
from service.tracing.request import TraceRequest
from service.tracing.trace import Trace

LARGE = 32_768
"""Bytes of a trace from which it comes in zstd or gzip to clients that read that."""

BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)


async def _trace(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `trace`."""
    context = context_of(scope)
    deadline = deadline_of(header(scope, b"x-request-timeout"), context.settings.request_timeout)
    media_type = _media_type((header(scope, b"accept") or b"*/*").decode("latin-1"))
    encoding = encoding_of((header(scope, b"accept-encoding") or b"").decode("latin-1"))
    request = parse(TraceRequest, await context.bodies.read_text(receive))
    model = context.catalog.find(request.model, request.version)
    write = partial(_written, encoder_of(media_type, half=request.half), encoding)
    with model, WhileConnected(receive):
        content, used = await context.tracer.trace(model, request, write, deadline, counted=is_counted(scope))
    headers = {"Content-Type": media_type} | headers_of(used)
    await send_answer(send, 200, [(name.lower().encode(), value.encode()) for name, value in headers.items()], content)


@post(
    "/v1/trace",
    status_code=200,
    middleware=raw(_trace),
    responses={200: answer(Trace), **problems(*READS_TEXT, NotInModel, NotAcceptable)},
    operation_class=with_media_types({form: BINARY for form in ENCODERS if form != JSON}),
)
async def trace(data: JSONBody[TraceRequest], deadline: Deadline) -> Trace:
    """Trace one review: JSON, or msgpack or npz where the client accepts that."""
    raise NotImplementedError  # `_trace` answers


def _written(encode: Callable[[Trace], bytes], encoding: str, trace: Trace) -> tuple[bytes, str]:
    """Return a trace as it goes over the wire, and its encoding: a short one is not worth the work."""
    content = encode(trace)
    used = encoding if len(content) >= LARGE else PLAIN
    return ENCODINGS[used](content), used


def _media_type(accept: str) -> str:
    """Return the first media type that is accepted, JSON where anything will do. Raises `NotAcceptable`."""
    for accepted in accept.split(","):
        kind = accepted.partition(";")[0].strip().lower()
        if kind in ENCODERS:
            return kind
        if kind in ("*/*", "application/*"):
            return JSON
    raise NotAcceptable(f"a trace comes as {', '.join(ENCODERS)}")
