"""`/v1/stream`: a WebSocket that takes a text as it is typed and says after every word what the model thinks so far.

In: JSON messages `{"text": "..."}`, each the next piece; the first may name `model` and `version`; `{"end": true}` ends
the text. Out: one prediction a word, with that word and its place; the last one has `"final": true`. A stream past
`max_words` freezes: one more prediction says `truncated`, later pieces change nothing.
"""

import contextlib
import json
from typing import Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from service.api.context import AppContext
from service.api.dependencies import Context
from service.api.problems import problem_of
from service.api.schemas import StreamMessage, parse
from service.errors import Draining, ServiceError
from service.inference.prediction import StreamedPrediction
from service.inference.typed_text import TypedText

NORMAL, GOING_AWAY, REFUSED = 1000, 1001, 1008


@websocket("/v1/stream")
async def stream(socket: WebSocket[Any, Any, Any], context: Context) -> None:
    """Read one text as it comes."""
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        try:
            await _read(context, socket)
            await socket.close(NORMAL)
        except ServiceError as error:
            await socket.send_text(json.dumps(problem_of(error).body()))
            await socket.close(GOING_AWAY if isinstance(error, Draining) else REFUSED)


async def _read(context: AppContext, socket: WebSocket[Any, Any, Any]) -> None:
    piece = parse(StreamMessage, (await socket.receive_text()).encode())
    model = context.catalog.find(piece.model, piece.version)
    with TypedText(context.predictor, model, context.settings.request_timeout) as text:
        while True:
            for word in text.words(piece.text, end=piece.end):
                if (prediction := await text.read(word)) is not None:
                    await _send(socket, prediction)
            if piece.end:
                await _send(socket, text.final())
                return
            piece = parse(StreamMessage, (await socket.receive_text()).encode())


async def _send(socket: WebSocket[Any, Any, Any], prediction: StreamedPrediction) -> None:
    await socket.send_text(prediction.model_dump_json())
