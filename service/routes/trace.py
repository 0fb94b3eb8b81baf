"""`POST /v1/trace`: what a network kept of one review."""

from typing import Any

from litestar import Request, Response, post

from service.classify import check_size
from service.errors import Problem
from service.parts import parts_of
from service.schemas import parse
from service.tracing.schemas import TraceRequest
from service.tracing.wire import FORMATS, Format, Json
from service.wire import WhileConnected, deadline_of, header, read_text_body


@post("/v1/trace", status_code=200)
async def trace(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Trace one review: JSON, or msgpack or npz where the client accepts that."""
    parts = parts_of(request.scope)
    deadline = deadline_of(request.scope, parts.settings.request_timeout)
    form = _format(header(request.scope, b"accept"))
    body = parse(TraceRequest, await read_text_body(request.receive, parts.settings))
    model = parts.catalog.find(body.model, body.version)
    check_size(parts, body.text)
    with model, WhileConnected(request.receive):
        content = await parts.tracer.trace(model.served, body, form, deadline)
    return Response(content, media_type=form.media_type)


def _format(accept: bytes | None) -> Format:
    """The first format that the client accepts, JSON where anything will do. Raises 406 that names them all."""
    for accepted in (accept or b"*/*").decode("latin-1").split(","):
        kind = accepted.partition(";")[0].strip().lower()
        if kind in FORMATS:
            return FORMATS[kind]()
        if kind in ("*/*", "application/*"):
            return Json()
    raise Problem("not-acceptable", f"a trace comes as {', '.join(FORMATS)}")
