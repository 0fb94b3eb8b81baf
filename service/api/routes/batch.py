"""`POST /v1/batch`: a JSON list of reviews in and of predictions out; or lines of JSON or CSV, streamed both ways."""

from codecs import BOM_UTF8
from collections.abc import Awaitable, Callable
from email.message import Message
from functools import partial
from typing import Annotated, Any
from urllib.parse import parse_qs

from litestar import post
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.params import JSONBody, QueryParameter
from litestar.types import Receive, Scope, Send
from pydantic import ValidationError
from pydantic_core import from_json

from models.bundle.aliases import ALIAS, NUMBER
from service.api.batch.formats import BatchOptions, CsvForm, Form, JsonLinesForm
from service.api.batch.stream import Stream
from service.api.bounded_json import VALUES_A_ROW, check_values
from service.api.context import AppContext, context_of
from service.api.dependencies import Deadline
from service.api.described import problems, with_media_types
from service.api.http import WhileConnected, content_length, deadline_of, header, is_counted, send_json
from service.api.problems import problem_of
from service.api.raw import raw
from service.api.schemas import BatchAnswers, BatchRows, ProblemDetails, ReviewRequest, RowError, malformed
from service.errors import READS_TEXT, DeadlinePassed, Draining, Malformed, Overloaded, ServiceError, too_large
from service.inference.map_bounded import map_bounded
from service.inference.prediction import Prediction

STREAMED = (b"application/x-ndjson", b"application/jsonl", b"text/csv")
LINES = Schema(
    content_media_type="application/x-ndjson",
    description="A line a row: a request of `/v1/predict`, or its text as a JSON string. Answered in the same order by"
    " a prediction or `{line, error}` a line, and `{summary}` at the end.",
)
TABLE = Schema(
    content_media_type="text/csv",
    description="A header and records; answered by the same records with the columns of the prediction added.",
)
STRING = {"one_of": None, "type": OpenAPIType.STRING}
VERSION = {"one_of": None, "type": OpenAPIType.STRING, "pattern": f"^({NUMBER}|{ALIAS})$"}
AnswerRow = Callable[[int, Any], Awaitable[Prediction | RowError]]
FORMS = {"application/x-ndjson": LINES, "text/csv": TABLE}


async def _batch(scope: Scope, receive: Receive, send: Send) -> None:
    """Classify many reviews in the form that the content type names; without a known one, as a JSON list."""
    context = context_of(scope)
    media_type = (header(scope, b"content-type") or b"").partition(b";")[0].strip().lower()
    chosen = BatchOptions.of(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    deadline = deadline_of(header(scope, b"x-request-timeout"), context.settings.request_timeout)
    if media_type not in STREAMED:
        answer = partial(_answer, context, chosen, deadline, is_counted(scope))
        await _list(context, answer, content_length(scope), deadline, receive, send)
        return
    longest = 6 * context.settings.max_text_bytes + 4096
    form: Form = CsvForm(chosen, longest, _charset(scope)) if media_type == b"text/csv" else JsonLinesForm(longest)
    with context.streams:
        await Stream(context, form, chosen, is_counted(scope), receive, send).run()


@post(
    "/v1/batch",
    status_code=200,
    middleware=raw(_batch),
    responses=problems(*READS_TEXT),
    operation_class=with_media_types(FORMS, FORMS),
)
async def batch(
    data: JSONBody[BatchRows],
    deadline: Deadline,
    model: Annotated[
        str | None, QueryParameter(description="Model for rows that name none.", schema_extra=STRING)
    ] = None,
    version: Annotated[
        str | None, QueryParameter(description="Its version, or an alias of one.", schema_extra=VERSION)
    ] = None,
    text_column: Annotated[str, QueryParameter(description="Column of CSV that holds the reviews.")] = "text",
    prefix: Annotated[str, QueryParameter(description="Put before the names of the columns added to CSV.")] = "",
) -> BatchAnswers:
    """Classify many reviews: a JSON list, or lines of JSON or CSV, which are streamed both ways."""
    raise NotImplementedError  # `_batch` answers


def _charset(scope: Scope) -> str | None:
    """Return the encoding that the content type names."""
    content_type = Message()
    content_type["content-type"] = (header(scope, b"content-type") or b"").decode("latin-1")
    return content_type.get_content_charset()


async def _list(
    context: AppContext, answer: AnswerRow, length: int, deadline: float, receive: Receive, send: Send
) -> None:
    """Classify every review of a list of `length` bytes; a row that can't be classified is an error row."""
    context.batches.check(context.catalog, length, deadline)
    content = await context.bodies.read_batch(receive)
    with context.batches.admit(context.catalog, len(content), deadline):
        check_values(content, VALUES_A_ROW * context.settings.max_batch_rows)
        rows = read_rows(content)
        if len(rows) > context.settings.max_batch_rows:
            raise too_large("a batch", context.settings.max_batch_rows, "rows")
        with WhileConnected(receive):
            async with context.batches.turn(len(rows)):
                answers = await map_bounded(rows, answer)
    await send_json(send, BatchAnswers(answers))


def read_rows(content: bytes) -> list[Any]:
    """Return the rows of a JSON list, not looked at yet. Raises `Malformed`."""
    try:
        rows = from_json(content.removeprefix(BOM_UTF8))
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    if not isinstance(rows, list):
        raise Malformed("a JSON list is expected")
    return rows


async def _answer(
    context: AppContext, chosen: BatchOptions, deadline: float, counted: bool, number: int, row: Any
) -> Prediction | RowError:
    try:
        asked = ReviewRequest(text=row) if isinstance(row, str) else ReviewRequest.model_validate(row)
        model = context.catalog.find(*chosen.model_for(asked))
        return await context.predictor.predict(model, asked.text, deadline=deadline, background=True, counted=counted)
    except ValidationError as error:
        refused: ServiceError = malformed(error)
    except (Overloaded, DeadlinePassed, Draining):
        raise  # of the request as a whole
    except ServiceError as error:
        refused = error
    return RowError(row=number, error=ProblemDetails(**problem_of(refused).body()))
