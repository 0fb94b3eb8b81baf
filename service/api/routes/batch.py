"""`POST /v1/batch`: a JSON list of reviews in and of predictions out; or lines of JSON or CSV, streamed both ways."""

from email.message import Message
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from litestar import asgi
from litestar.exceptions import MethodNotAllowedException
from litestar.types import Receive, Scope, Send
from pydantic import ValidationError
from pydantic_core import from_json

from service.api.batch.formats import BatchOptions, CsvRows, Form, JsonLines
from service.api.batch.stream import Stream
from service.api.context import Parts, context_of
from service.api.http import WhileConnected, deadline_of, header, read_body, send_json
from service.api.problems import problem_of
from service.api.schemas import BatchAnswers, PredictRequest, ProblemDetails, RowError, malformed
from service.errors import DeadlinePassed, Draining, Malformed, Overloaded, ServiceError, too_large
from service.inference.map_bounded import map_bounded
from service.inference.prediction import Prediction

STREAMED = (b"application/x-ndjson", b"application/jsonl", b"text/csv")


@asgi("/v1/batch", copy_scope=False)
async def batch(scope: Scope, receive: Receive, send: Send) -> None:
    """Classify many reviews in the form that the content type names; without a known one, as a JSON list."""
    if scope["method"] != "POST":  # type: ignore[typeddict-item]
        raise MethodNotAllowedException(headers={"Allow": "POST"})
    parts = context_of(scope)
    media_type = (header(scope, b"content-type") or b"").partition(b";")[0].strip().lower()
    chosen = BatchOptions.of(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    deadline = deadline_of(scope, parts.settings.request_timeout)
    if media_type not in STREAMED:
        await _list(parts, chosen, deadline, receive, send)
        return
    longest = 6 * parts.settings.max_text_bytes + 4096
    form: Form = CsvRows(chosen, longest, _charset(scope)) if media_type == b"text/csv" else JsonLines(longest)
    with parts.streams:
        await Stream(parts, form, chosen, receive, send).run()


def _charset(scope: Scope) -> str | None:
    """Return the encoding that the content type names."""
    content_type = Message()
    content_type["content-type"] = (header(scope, b"content-type") or b"").decode("latin-1")
    return content_type.get_content_charset()


async def _list(parts: Parts, chosen: BatchOptions, deadline: float, receive: Receive, send: Send) -> None:
    """Every review of a list; a row that can't be classified is an error row, the others are answered."""
    content = await read_body(receive, parts.settings.max_batch_bytes)
    with parts.batches.admit(parts.catalog, len(content), deadline):
        rows = read_rows(content)
        if len(rows) > parts.settings.max_batch_rows:
            raise too_large("a batch", parts.settings.max_batch_rows, "rows")
        with WhileConnected(receive):
            answers = await map_bounded(rows, partial(_answer, parts, chosen, deadline))
    await send_json(send, BatchAnswers(answers))


def read_rows(content: bytes) -> list[Any]:
    """The rows of a JSON list, not looked at yet. Raises 400."""
    try:
        rows = from_json(content)
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    if not isinstance(rows, list):
        raise Malformed("a JSON list is expected")
    return rows


async def _answer(parts: Parts, chosen: BatchOptions, deadline: float, number: int, row: Any) -> Prediction | RowError:
    try:
        asked = PredictRequest(text=row) if isinstance(row, str) else PredictRequest.model_validate(row)
        model = parts.catalog.find(*chosen.model_for(asked))
        return await parts.predictor.predict(model, asked.text, deadline=deadline, background=True)
    except ValidationError as error:
        refused: ServiceError = malformed(error)
    except (Overloaded, DeadlinePassed, Draining):
        raise  # of the request as a whole
    except ServiceError as error:
        refused = error
    return RowError(row=number, error=ProblemDetails(**problem_of(refused).body()))
