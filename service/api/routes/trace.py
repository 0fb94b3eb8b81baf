"""`POST /v1/trace`: what a network kept of one review."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from litestar import Response, post
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.params import HeaderParameter, JSONBody

from service.api.compression import ENCODINGS, PLAIN, packed
from service.api.dependencies import Call, Context, Counted, Deadline, Encoding
from service.api.described import answer, problems, with_media_types
from service.api.http import WhileConnected
from service.api.problems import NotAcceptable
from service.errors import READS_TEXT, NotInModel
from service.tracing.encoders import ENCODERS, JSON, encoder_of
from service.tracing.request import TraceRequest
from service.tracing.trace import Trace

LARGE = 32_768
"""Bytes of a trace from which it comes in zstd or gzip to clients that read that."""

BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)


@post(
    "/v1/trace",
    status_code=200,
    responses={200: answer(Trace), **problems(*READS_TEXT, NotInModel, NotAcceptable)},
    operation_class=with_media_types({form: BINARY for form in ENCODERS if form != JSON}),
)
async def trace(
    data: JSONBody[TraceRequest],
    context: Context,
    deadline: Deadline,
    counted: Counted,
    request: Call,
    encoding: Encoding,
    accept: Annotated[str | None, HeaderParameter(name="Accept", include_in_schema=False)] = None,
) -> Response[bytes]:
    """Trace one review: JSON, or msgpack or npz where the client accepts that."""
    media_type = _media_type(accept or "*/*")
    model = context.catalog.find(data.model, data.version)
    with model, WhileConnected(request.receive):
        write = partial(_written, encoder_of(media_type, half=data.half), encoding)
        content, used = await context.tracer.trace(model, data, write, deadline, counted=counted)
    return packed(content, media_type, used)


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
