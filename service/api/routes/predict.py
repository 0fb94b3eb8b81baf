"""`POST /v1/predict`: the hot path, so a plain ASGI handler."""

from litestar import post
from litestar.params import JSONBody
from litestar.types import Receive, Scope, Send

from service.api.context import AppContext, context_of
from service.api.dependencies import Deadline
from service.api.described import problems
from service.api.http import (
    WhileConnected,
    content_length,
    deadline_of,
    header,
    is_counted,
    send_json,
    send_problem,
)
from service.api.problems import problem_of
from service.api.raw import raw
from service.api.schemas import PartPrediction, TextPart, parse
from service.engine import Model
from service.errors import READS_TEXT, Malformed, Overloaded, UnknownModel
from service.inference.continuation import Continuation, StateGone, begin, read_on
from service.inference.prediction import Prediction

COMES_WITH_HEAD = 4096
"""Bytes of a body up to which it comes with its head: to refuse it unread would save nothing."""


async def _predict(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `predict`."""
    context = context_of(scope)
    size = content_length(scope)
    if size > COMES_WITH_HEAD and (refused := _refused_unread(context, size)) is not None:
        await send_problem(send, problem_of(refused))
        return
    deadline = deadline_of(header(scope, b"x-request-timeout"), context.settings.request_timeout)
    request = parse(TextPart, await context.bodies.read_text(receive))
    if request.state is not None or request.return_state:
        with WhileConnected(receive):
            answer = await _read_part(context, request, deadline, counted=is_counted(scope))
        await send_json(send, answer)
        return
    model = context.catalog.find(request.model, request.version)
    with WhileConnected(receive):
        prediction = await context.predictor.predict(model, request.text, deadline=deadline, counted=is_counted(scope))
    await send_json(send, prediction)


@post("/v1/predict", status_code=200, middleware=raw(_predict), responses=problems(*READS_TEXT, StateGone))
async def predict(data: JSONBody[TextPart], deadline: Deadline) -> PartPrediction:
    """Classify one review."""
    raise NotImplementedError  # `_predict` answers


def _refused_unread(context: AppContext, size: int) -> Overloaded | None:
    """Return why a body of `size` bytes need not be read: the default model has no room for a text of that size."""
    if (model := context.catalog.default()) is not None:
        try:
            context.predictor.admit(model, size)
        except Overloaded as error:
            return error
    return None


async def _read_part(context: AppContext, part: TextPart, deadline: float, *, counted: bool) -> Prediction:
    """Classify all parts of a review so far. Raises `StateGone` for the state of a model that is not served."""
    if part.state is None:
        model = context.catalog.find(part.model, part.version)
        before = begin(model)
    else:
        before = context.tokens.read(part.state)
        model = _model_of(context, before, part)
    said, state = await read_on(context.predictor, model, before, part.text, deadline=deadline, counted=counted)
    if not part.return_state:
        return said
    return PartPrediction.model_construct(**dict(said), state=context.tokens.write(state))


def _model_of(context: AppContext, state: Continuation, part: TextPart) -> Model:
    """Return the model that a state is of. Raises `Malformed` where the request names another."""
    versions = (None, state.version, *context.catalog.aliases_of(state.model, state.version))
    if part.model not in (None, state.model) or part.version not in versions:
        raise Malformed(f"model: the state is of {state.model} version {state.version}")
    try:
        return context.catalog.find(state.model, state.version)
    except UnknownModel as error:
        raise StateGone(f"the state goes on in no other model: {error.detail}") from error
