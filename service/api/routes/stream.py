"""`/v1/stream`: a WebSocket that takes a text as it is typed and says after every word what the model thinks so far.

In: JSON messages `{"text": "..."}`, each the next piece; the first may name `model` and `version`; `{"end": true}` ends
the text. Out: one prediction a word, with that word and its place; the last one has `"final": true`. A stream past
`max_words` freezes: one more prediction says `truncated`, later pieces change nothing.
"""

import contextlib
import json
from time import monotonic
from typing import Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from models.text.incremental import IncrementalTokenizer, OpenTooLong
from models.text.words import Word
from service.api.context import Parts, context_of
from service.api.problems import problem_of
from service.api.schemas import Prediction, StreamedPrediction, StreamMessage, parse
from service.engine import State
from service.errors import Draining, NoWords, ServiceError, TooLarge, too_large
from service.inference.catalog import Model
from service.inference.predict import predicted

NORMAL, GOING_AWAY, REFUSED = 1000, 1001, 1008


@websocket("/v1/stream")
async def stream(socket: WebSocket[Any, Any, Any]) -> None:
    """Read one text as it comes."""
    parts = context_of(socket.scope)
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        try:
            await _read(parts, socket)
            await socket.close(NORMAL)
        except ServiceError as error:
            await socket.send_text(json.dumps(problem_of(error).body()))
            await socket.close(GOING_AWAY if isinstance(error, Draining) else REFUSED)


async def _read(parts: Parts, socket: WebSocket[Any, Any, Any]) -> None:
    piece = parse(StreamMessage, (await socket.receive_text()).encode())
    model = parts.catalog.find(piece.model, piece.version)
    with model:
        reading = _Reading(parts, model)
        while True:
            for word in reading.words(piece):
                if (prediction := await reading.read(word)) is not None:
                    await _send(socket, prediction)
            if piece.end:
                await _send(socket, reading.final())
                return
            piece = parse(StreamMessage, (await socket.receive_text()).encode())


class _Reading:
    """One text on its way through one model: what the network remembers, and what it said last."""

    def __init__(self, parts: Parts, model: Model) -> None:
        self._parts, self._model = parts, model
        self._text = IncrementalTokenizer()
        self._state: State | None = None
        self._bytes, self._count = 0, 0
        self._last: StreamedPrediction | None = None

    def words(self, piece: StreamMessage) -> list[Word]:
        """The words that this piece makes certain. Raises 413 where the text has become too long."""
        self._bytes += len(piece.text.encode())
        if self._bytes > self._parts.settings.max_text_bytes:
            raise too_large("a text", self._parts.settings.max_text_bytes)
        try:
            found = self._text.add(piece.text)
        except OpenTooLong as error:
            raise TooLarge(str(error)) from error
        return found + self._text.end() if piece.end else found

    async def read(self, word: Word) -> StreamedPrediction | None:
        """The prediction after one more word; None where the text was cut before it."""
        if self._last is not None and self._last.truncated:
            return None
        if self._count == self._parts.settings.max_words:
            assert self._last is not None
            self._last = self._last.model_copy(update={"truncated": True})
            return self._last
        encoded = self._model.bundle.vocabulary.encode(word.text, 1)
        deadline = monotonic() + self._parts.settings.request_timeout
        answer = await self._parts.engine.submit(
            self._model.served, encoded.ids, deadline=deadline, state=self._state, keep=True
        )
        self._state, self._count = answer.state, self._count + 1
        said: Prediction = predicted(self._model, encoded, answer)[0]
        place = {"word": word.text, "start": word.start, "end": word.end, "words": self._count}
        self._last = StreamedPrediction.model_construct(**{**dict(said), **place, "final": False})
        return self._last

    def final(self) -> StreamedPrediction:
        """The last prediction again, as the final one. Raises 422 where there was no word."""
        if self._last is None:
            raise NoWords
        return self._last.model_copy(update={"final": True})


async def _send(socket: WebSocket[Any, Any, Any], prediction: StreamedPrediction) -> None:
    await socket.send_text(prediction.model_dump_json())
