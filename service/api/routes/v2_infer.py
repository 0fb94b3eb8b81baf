"""`POST /v2/models/{name}/infer`: predictions by the Open Inference Protocol v2."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from litestar import post
from litestar.params import JSONBody
from litestar.types import Receive, Scope, Send
from msgspec.json import encode

from service.api.auth import Access, check_access
from service.api.context import AppContext, context_of
from service.api.dependencies import Deadline
from service.api.described import open_inference_errors
from service.api.http import JSON, WhileConnected, deadline_of, header, is_counted, send_answer
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
from service.api.raw import raw
from service.api.routes.models import Name
from service.api.routes.v2 import Version, find, of_model
from service.api.sequences import SequenceBusy, Sequences
from service.engine import Model
from service.errors import READS_TEXT, NoWords, TooLarge
from service.inference.continuation import StateGone, begin, read_on
from service.inference.map_bounded import map_bounded

HEAD_LENGTH = b"inference-header-content-length"
BINARY = (b"content-type", b"application/octet-stream")


async def _infer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `infer`."""
    context, address = context_of(scope), scope["path_params"]
    deadline = deadline_of(header(scope, b"x-request-timeout"), context.settings.request_timeout)
    model = find(context, address["name"], address.get("version"))
    body = await context.bodies.read_batch(receive)
    call, texts = read_request(body, header(scope, HEAD_LENGTH), context.settings.max_batch_rows)
    outputs, deadline = outputs_of(call), deadline_within(call, deadline)
    if any(asked.name == "ledger" for asked in outputs):
        check_access(scope, Access.TRACE)
    sequence = sequence_of(call)
    with WhileConnected(receive):
        if sequence is None:
            rows = await map_bounded(texts, _Rows(context, model, outputs, deadline, is_counted(scope)).read)
        else:
            rows = [await _read_part(context, model, sequence, texts[0], outputs, deadline, is_counted(scope))]
    tensors, binary = write_outputs(call, outputs, rows, model.bundle.manifest.labels)
    head = {"model_name": model.name, "model_version": str(model.version), "outputs": tensors}
    content = encode(head if call.id is None else head | {"id": call.id})
    headers = [BINARY, (HEAD_LENGTH, str(len(content)).encode())] if binary else [JSON]
    await send_answer(send, 200, headers, content + binary)


@post(
    of_model("/infer"),
    status_code=200,
    middleware=raw(_infer),
    responses=open_inference_errors(*READS_TEXT, StateGone, SequenceBusy),
)
async def infer(data: JSONBody[InferRequest], name: Name, deadline: Deadline, version: Version = None) -> InferResponse:
    """Classify the texts of the tensor `text`."""
    raise NotImplementedError  # `_infer` answers: the body may end with binary tensors


class _Rows:
    """The texts of one request; their ledgers are made one after another."""

    def __init__(
        self, context: AppContext, model: Model, outputs: Sequence[InferOutput], deadline: float, counted: bool
    ) -> None:
        self._context, self._model, self._outputs = context, model, outputs
        self._deadline, self._counted = deadline, counted
        self._names = {asked.name for asked in outputs}
        self._turn = asyncio.Lock()

    async def read(self, number: int, text: str) -> list[Any]:
        """Return the outputs of one text. Raises `NoWords`, `TooLarge` that say which."""
        traced = not self._names.isdisjoint({"hidden", "ledger"})
        predictor, ledger = self._context.predictor, None
        try:
            reading = await predictor.read(
                self._model, text, deadline=self._deadline, traced=traced, counted=self._counted
            )
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
    counted: bool,
) -> list[Any]:
    """Return the outputs for a sequence up to and with `text`; what fails leaves it as it was."""
    check_predicted(outputs)
    key = json.dumps([model.name, sequence.id])
    before = await context.control.sequences(partial(Sequences.take, key=key, start=sequence.start))
    try:
        state = begin(model) if before is None else context.tokens.read(before)
        said, state = await read_on(context.predictor, model, state, text, deadline=deadline, counted=counted)
    except BaseException:
        await context.control.sequences(partial(Sequences.put, key=key, state=before))
        raise
    after = None if sequence.end else context.tokens.write(state)
    await context.control.sequences(partial(Sequences.put, key=key, state=after))
    return values_of(TextAnswer(said), outputs)
