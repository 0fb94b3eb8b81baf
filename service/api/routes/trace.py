"""`POST /v1/trace`: what a network kept of one review."""

from typing import Annotated

from litestar import Response, post
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.params import HeaderParameter, JSONBody

from service.api.dependencies import Call, Context, Counted, Deadline
from service.api.described import answer, problems, with_media_types
from service.api.http import WhileConnected
from service.api.problems import NotAcceptable
from service.errors import READS_TEXT, NotInModel
from service.tracing.encoders import ENCODERS, JSON
from service.tracing.request import TraceRequest
from service.tracing.trace import Trace

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
    accept: Annotated[str | None, HeaderParameter(name="Accept", include_in_schema=False)] = None,
) -> Response[bytes]:
    """Trace one review: JSON, or msgpack or npz where the client accepts that."""
    media_type = _media_type(accept or "*/*")
    model = context.catalog.find(data.model, data.version)
    with model, WhileConnected(request.receive):
        content = await context.tracer.trace(model, data, ENCODERS[media_type], deadline, counted=counted)
    return Response(content, media_type=media_type)


def _media_type(accept: str) -> str:
    """Return the first media type that is accepted, JSON where anything will do. Raises `NotAcceptable`."""
    for accepted in accept.split(","):
        kind = accepted.partition(";")[0].strip().lower()
        if kind in ENCODERS:
            return kind
        if kind in ("*/*", "application/*"):
            return JSON
    raise NotAcceptable(f"a trace comes as {', '.join(ENCODERS)}")
