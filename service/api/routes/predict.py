"""`POST /v1/predict`: the hot path, so a plain ASGI handler."""

from litestar import asgi
from litestar.exceptions import MethodNotAllowedException
from litestar.types import Receive, Scope, Send

from service.api.context import context_of
from service.api.http import WhileConnected, deadline_of, is_counted, read_text_body, send_json
from service.api.schemas import PredictRequest, parse


@asgi("/v1/predict", copy_scope=False)
async def predict(scope: Scope, receive: Receive, send: Send) -> None:
    """Classify one review."""
    if scope["method"] != "POST":  # type: ignore[typeddict-item]
        raise MethodNotAllowedException(headers={"Allow": "POST"})
    parts = context_of(scope)
    deadline = deadline_of(scope, parts.settings.request_timeout)
    request = parse(PredictRequest, await read_text_body(receive, parts.settings))
    model = parts.catalog.find(request.model, request.version)
    with WhileConnected(receive):
        prediction = await parts.predictor.predict(model, request.text, deadline=deadline, counted=is_counted(scope))
    await send_json(send, prediction)
