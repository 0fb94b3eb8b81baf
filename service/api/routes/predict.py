"""`POST /v1/predict`: the hot path, so a plain ASGI handler."""

from litestar import asgi, post
from litestar.exceptions import MethodNotAllowedException
from litestar.params import JSONBody
from litestar.types import Receive, Scope, Send

from service.api.context import context_of
from service.api.dependencies import Deadline
from service.api.described import problems
from service.api.http import WhileConnected, deadline_of, header, is_counted, read_text_body, send_json
from service.api.schemas import PredictRequest, parse
from service.errors import READS_TEXT
from service.inference.prediction import Prediction


@post("/v1/predict", status_code=200, name="predict", responses=problems(*READS_TEXT))
async def typed(data: JSONBody[PredictRequest], deadline: Deadline) -> Prediction:
    """Classify one review."""
    raise NotImplementedError  # it only names the types of `predict`


@asgi("/v1/predict", copy_scope=False, opt={"typed": typed})
async def predict(scope: Scope, receive: Receive, send: Send) -> None:
    """Classify one review."""
    if scope["method"] != "POST":  # type: ignore[typeddict-item]
        raise MethodNotAllowedException(headers={"Allow": "POST"})
    context = context_of(scope)
    deadline = deadline_of(header(scope, b"x-request-timeout"), context.settings.request_timeout)
    request = parse(PredictRequest, await read_text_body(receive, context.settings))
    model = context.catalog.find(request.model, request.version)
    with WhileConnected(receive):
        prediction = await context.predictor.predict(model, request.text, deadline=deadline, counted=is_counted(scope))
    await send_json(send, prediction)
