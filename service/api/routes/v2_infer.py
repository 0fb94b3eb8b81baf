"""`POST /v2/models/{name}/infer`: predictions by the Open Inference Protocol v2."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Response, post
from litestar.params import HeaderParameter, JSONBody, RawBody
from msgspec.json import encode

from service.api.auth import Access, check_access
from service.api.bodies import Bodies
from service.api.context import AppContext
from service.api.dependencies import Call, Context, Deadline
from service.api.described import open_inference_errors
from service.api.http import WhileConnected
from service.api.open_inference import (
    InferOutput,
    InferRequest,
    InferResponse,
    SequencePart,
    deadline_within,
    read_request,
    sequence_of,
)
from service.api.open_inference_outputs import TextAnswer, check_predicted, outputs_of, values_of, write_outputs
from service.api.routes.models import Name
from service.api.routes.v2 import Version, find, of_model
from service.api.sequences import SequenceBusy
from service.engine import Model
from service.errors import READS_TEXT, NoWords, TooLarge
from service.inference.continuation import StateGone, begin, read_on
from service.inference.map_bounded import map_bounded

HeadLength = Annotated[str | None, HeaderParameter(name="Inference-Header-Content-Length", include_in_schema=False)]
INFER = of_model("/infer")


@post(INFER, status_code=200, name="infer", responses=open_inference_errors(*READS_TEXT, StateGone, SequenceBusy))
async def typed(data: JSONBody[InferRequest], name: Name, deadline: Deadline, version: Version = None) -> InferResponse:
    """Classify the texts of the tensor `text`."""
    raise NotImplementedError  # it only names the types of `infer`, whose body may end with binary tensors


@post(INFER, status_code=200, opt={"typed": typed, "read_body": Bodies.read_batch})
async def infer(
    name: Name,
    context: Context,
    deadline: Deadline,
    request: Call,
    body: RawBody,
    version: Version = None,
    head_length: HeadLength = None,
) -> Response[bytes]:
    """Classify the texts of the tensor `text`."""
    model = find(context, name, version)
    call, texts = read_request(body, head_length, context.settings.max_batch_rows)
    outputs, deadline = outputs_of(call), deadline_within(call, deadline)
    if any(asked.name == "ledger" for asked in outputs):
        check_access(request.scope, Access.TRACE)
    sequence = sequence_of(call)
    with WhileConnected(request.receive):
        if sequence is None:
            rows = await map_bounded(texts, _Rows(context, model, outputs, deadline).read)
        else:
            rows = [await _read_part(context, model, sequence, texts[0], outputs, deadline)]
    tensors, binary = write_outputs(call, outputs, rows, model.bundle.manifest.labels)
    head = {"model_name": model.name, "model_version": str(model.version), "outputs": tensors}
    content = json.dumps(head if call.id is None else head | {"id": call.id}).encode()
    if not binary:
        return Response(content, media_type="application/json")
    length = {"Inference-Header-Content-Length": str(len(content))}
    return Response(content + binary, headers=length, media_type="application/octet-stream")


class _Rows:
    """The texts of one request; their ledgers are made one after another."""

    def __init__(self, context: AppContext, model: Model, outputs: Sequence[InferOutput], deadline: float) -> None:
        self._context, self._model, self._outputs, self._deadline = context, model, outputs, deadline
        self._names = {asked.name for asked in outputs}
        self._turn = asyncio.Lock()

    async def read(self, number: int, text: str) -> list[Any]:
        """Return the outputs of one text. Raises `NoWords`, `TooLarge` that say which."""
        traced = not self._names.isdisjoint({"hidden", "ledger"})
        predictor, ledger = self._context.predictor, None
        try:
            reading = await predictor.read(self._model, text, deadline=self._deadline, traced=traced)
        except (NoWords, TooLarge) as error:
            raise type(error)(f"inputs.0.data.{number}: {error.detail}") from None
        if "ledger" in self._names:
            async with self._turn:
                shares = await self._context.tracer.word_shares(self._model, text, reading)
            ledger = encode(shares).decode()
        return values_of(TextAnswer(reading.prediction, reading.answer, ledger), self._outputs)


async def _read_part(
    context: AppContext,
    model: Model,
    sequence: SequencePart,
    text: str,
    outputs: Sequence[InferOutput],
    deadline: float,
) -> list[Any]:
    """Return the outputs for a sequence up to and with `text`; what fails leaves it as it was."""
    check_predicted(outputs)
    key = json.dumps([model.name, sequence.id])
    before = await context.control.take_sequence(key, start=sequence.start)
    try:
        state = begin(model) if before is None else context.tokens.read(before)
        said, state = await read_on(context.predictor, model, state, text, deadline=deadline)
    except BaseException:
        await context.control.put_sequence(key, before)
        raise
    await context.control.put_sequence(key, None if sequence.end else context.tokens.write(state))
    return values_of(TextAnswer(said), outputs)
