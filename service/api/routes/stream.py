"""`/v1/stream`: a WebSocket that takes a text as it is typed and says after every word what the model thinks so far.

In: JSON messages. `{"text": "..."}` is typed behind what is there; `{"text": "...", "replace": [start, end]}` takes the
place of what stands there, in code points, and with no text deletes it; `{"end": true}` ends the text. The first may
name `model` and `version`, how many of the `strongest` words an answer is to end with, and say that it is a `look`,
which counts nowhere.

Out: a prediction for every word from the first changed one on, and one with `"preview": true` where the last word may
still change; after the end the last one again with `"final": true`. A text past `max_words` freezes: one more
prediction says `truncated`, later pieces change nothing.
"""

import contextlib
import json
from collections.abc import Sequence
from typing import Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from service.api.auth import SUBPROTOCOL
from service.api.context import AppContext
from service.api.dependencies import Context
from service.api.problems import problem_of
from service.api.schemas import StreamMessage, parse
from service.errors import Draining, Malformed, ServiceError
from service.inference.prediction import StreamedPrediction
from service.inference.typed_text import TypedText

NORMAL, GOING_AWAY, REFUSED = 1000, 1001, 1008


@websocket("/v1/stream")
async def stream(socket: WebSocket[Any, Any, Any], context: Context) -> None:
    """Read one text as it comes."""
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in socket.scope["subprotocols"] else None)
    with contextlib.suppress(WebSocketDisconnect):
        try:
            with context.open_texts:
                ended = await _read(context, socket)
            await socket.close(NORMAL if ended else GOING_AWAY)
        except ServiceError as error:
            await socket.send_text(json.dumps(problem_of(error).body()))
            await socket.close(GOING_AWAY if isinstance(error, Draining) else REFUSED)


async def _read(context: AppContext, socket: WebSocket[Any, Any, Any]) -> bool:
    """Answer until the text ends; return whether it was the client that ended it, and not the service."""
    message = await _receive(context, socket)
    if message is None:
        raise Draining
    model = context.catalog.find(message.model, message.version)
    seconds, counted, strongest = context.settings.request_timeout, not message.look, message.strongest
    with TypedText(context.predictor, model, seconds, counted=counted, strongest=strongest) as text:
        while message is not None:
            start, end = _place(message, text.length)
            await _send(socket, await text.replace(start, end, message.text))
            if message.end:
                break
            if (preview := await text.preview()) is not None:
                await _send(socket, [preview])
            message = await _receive(context, socket)
        await _send(socket, await text.end())
    return message is not None


async def _receive(context: AppContext, socket: WebSocket[Any, Any, Any]) -> StreamMessage | None:
    """Return the next message; None where the service ends. Raises `Idle`."""
    content = await context.open_texts.wait_for(socket.receive_text)
    return None if content is None else parse(StreamMessage, content.encode())


def _place(message: StreamMessage, length: int) -> tuple[int, int]:
    """Return from where to where a message changes a text of `length` code points. Raises `Malformed`."""
    start, end = (length, length) if message.replace is None else message.replace
    if not start <= end <= length:
        raise Malformed(f"replace: [start, end] is expected, 0 <= start <= end <= {length}, the length of the text")
    return start, end


async def _send(socket: WebSocket[Any, Any, Any], predictions: Sequence[StreamedPrediction]) -> None:
    for prediction in predictions:
        await socket.send_text(prediction.model_dump_json())
