"""`POST /v1/batch`: a JSON list of reviews in, a list of predictions out, in the same order."""

from functools import partial
from typing import Any

from litestar import Request, Response, post
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from service.classify import classify
from service.errors import Problem, too_large
from service.parts import Parts, parts_of
from service.rows import each
from service.schemas import Prediction, PredictRequest, ProblemDetails, RowError, malformed
from service.wire import WhileConnected, deadline_of, read_body

_answers = TypeAdapter(list[Prediction | RowError])


@post("/v1/batch", status_code=200)
async def batch(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Classify every review of a list; a row that can't be classified is an error row, the others are answered."""
    parts = parts_of(request.scope)
    deadline = deadline_of(request.scope, parts.settings.request_timeout)
    rows = read_rows(await read_body(request.receive, parts.settings.max_batch_bytes))
    if len(rows) > parts.settings.max_batch_rows:
        raise too_large("a batch", parts.settings.max_batch_rows, "rows")
    with WhileConnected(request.receive):
        answers = await each(rows, partial(_answer, parts, deadline))
    return Response(_answers.dump_json(answers), media_type="application/json")


def read_rows(content: bytes) -> list[Any]:
    """The rows of a JSON list, not looked at yet. Raises 400."""
    try:
        rows = from_json(content)
    except ValueError as error:
        raise Problem("malformed", f"not JSON: {error}") from None
    if not isinstance(rows, list):
        raise Problem("malformed", "a JSON list is expected")
    return rows


async def _answer(parts: Parts, deadline: float, number: int, row: Any) -> Prediction | RowError:
    try:
        asked = PredictRequest(text=row) if isinstance(row, str) else PredictRequest.model_validate(row)
        model = parts.catalog.find(asked.model, asked.version)
        return await classify(parts, model, asked.text, deadline=deadline, background=True)
    except ValidationError as error:
        problem = malformed(error)
    except Problem as error:
        problem = error
    return RowError(row=number, error=ProblemDetails(**problem.body()))
