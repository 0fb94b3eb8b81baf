"""`POST /v1/trace`: what a network kept of one review; a plain ASGI handler, as the one for predictions is."""

from litestar import asgi
from litestar.exceptions import MethodNotAllowedException
from litestar.types import Receive, Scope, Send

from service.api.context import context_of
from service.api.http import WhileConnected, deadline_of, header, is_counted, read_text_body
from service.api.problems import NotAcceptable
from service.api.schemas import parse
from service.tracing.encoders import ENCODERS, JSON
from service.tracing.request import TraceRequest


@asgi("/v1/trace", copy_scope=False)
async def trace(scope: Scope, receive: Receive, send: Send) -> None:
    """Trace one review: JSON, or msgpack or npz where the client accepts that."""
    if scope["method"] != "POST":  # type: ignore[typeddict-item]
        raise MethodNotAllowedException(headers={"Allow": "POST"})
    parts = context_of(scope)
    deadline = deadline_of(scope, parts.settings.request_timeout)
    media_type = _media_type(header(scope, b"accept"))
    body = parse(TraceRequest, await read_text_body(receive, parts.settings))
    model = parts.catalog.find(body.model, body.version)
    with model, WhileConnected(receive):
        content = await parts.tracer.trace(model, body, ENCODERS[media_type], deadline, counted=is_counted(scope))
    headers = [(b"content-type", media_type.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})


def _media_type(accept: bytes | None) -> str:
    """The first media type that the client accepts, JSON where anything will do. Raises 406 that names them all."""
    for accepted in (accept or b"*/*").decode("latin-1").split(","):
        kind = accepted.partition(";")[0].strip().lower()
        if kind in ENCODERS:
            return kind
        if kind in ("*/*", "application/*"):
            return JSON
    raise NotAcceptable(f"a trace comes as {', '.join(ENCODERS)}")
