"""One text on its way through one model while it is typed: the network goes on from where it was."""

import asyncio
from collections.abc import Sequence
from time import monotonic, perf_counter
from types import TracebackType
from typing import Self

import numpy as np

from models.network.equations import Ids, softmax
from models.text.edited import EditedText, OpenTooLong
from models.text.words import UNK
from models.trace.running import running_logits
from service.engine import Answer, Model, State
from service.errors import NoWords, ServiceError, TooLarge
from service.inference.predict import LONG_TEXT, Predictor
from service.inference.prediction import StreamedPrediction, prediction_of
from service.metrics.predictions import Phases, PredictionRecord

MOST_STATES = 64


class TypedText:
    """Keeps what the model said after every word, and the network's state after some of them.

    Used in `with`: it holds the model meanwhile, and at its end the text is counted once, where it is `counted`.
    """

    def __init__(self, predictor: Predictor, model: Model, seconds: float, *, counted: bool = True) -> None:
        """`seconds` is how long what is typed may wait for its answer."""
        self._predictor, self._model, self._seconds, self._counted = predictor, model, seconds, counted
        self._most = predictor.limits.max_words
        self._text = EditedText(self._most, model.bundle.vocabulary.pattern)
        self._said: list[StreamedPrediction] = []
        self._unknown = [0]
        self._states: dict[int, State] = {}
        self._bytes, self._truncated = 0, False
        self._queue = self._compute = self._request = 0.0

    def __enter__(self) -> Self:
        self._model.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._model.__exit__()
        if self._counted and isinstance(error, ServiceError):
            self._predictor.refused(self._model, error)
        elif self._counted and self._said:
            self._predictor.answered(self._model, self._record(self._said[-1]))

    @property
    def said(self) -> Sequence[StreamedPrediction]:
        """What was said after each word so far."""
        return self._said

    @property
    def length(self) -> int:
        """The code points of the text so far."""
        return len(self._text.text)

    async def replace(self, start: int, end: int, piece: str) -> list[StreamedPrediction]:
        """Put `piece` in place of what stands from `start` to `end`; return a prediction for every word from the first
        changed one on, but for those that are still being typed.

        Where words were only taken away it is the one of the last word that is left. Raises `TooLarge`, `Overloaded`,
        `DeadlinePassed`, `Draining`.
        """
        started = perf_counter()
        size = self._bytes + len(piece.encode()) - len(self._text.text[start:end].encode())
        self._predictor.limits.check(size)
        as_before = await self._replace(start, end, piece)
        self._bytes = size
        found = await self._read(as_before)
        self._request += perf_counter() - started
        return found

    async def preview(self) -> StreamedPrediction | None:
        """Return the prediction as if the text ended here; None where it ends with a word that is certain."""
        begin, end = min(self._text.certain, self._most), min(len(self._text.words), self._most)
        if begin == end:
            return None
        await self._reach(begin)
        ids = self._ids(begin, end)
        answer = await self._run(begin, ids)
        unknown = self._unknown[begin] + int(np.count_nonzero(ids == UNK))
        return self._prediction(end, unknown, answer.probabilities.tolist()).model_copy(update={"preview": True})

    async def end(self) -> list[StreamedPrediction]:
        """Return the predictions of the words that are left, and the last one again as the final one.

        Raises `NoWords`, and what `replace` raises.
        """
        self._text.end()
        found = await self._read(len(self._said))
        if not self._said:
            raise NoWords
        final = self._said[-1].model_copy(update={"truncated": self._truncated, "final": True})
        return [*found, final]

    async def _replace(self, start: int, end: int, piece: str) -> int:
        try:
            if len(self._text.text) - start + len(piece) < LONG_TEXT:
                return self._text.replace(start, end, piece)
            return await asyncio.to_thread(self._text.replace, start, end, piece)
        except OpenTooLong as error:
            raise TooLarge(str(error)) from error

    async def _read(self, as_before: int) -> list[StreamedPrediction]:
        """Read the words that are certain, of which the first `as_before` are as they were; return what is new."""
        had, until = len(self._said), min(self._text.certain, self._most)
        known = min(as_before, had, until)
        del self._said[known:], self._unknown[known + 1 :]
        self._states = {count: state for count, state in self._states.items() if count <= known}
        if known < until:
            await self._reach(known)
            ids = self._ids(known, until)
            answer = await self._run(known, ids, keep=True, traced=len(ids) > 1)
            self._unknown += (self._unknown[known] + np.cumsum(ids == UNK)).tolist()
            self._said += [
                self._prediction(count, self._unknown[count], probabilities)
                for count, probabilities in enumerate(self._probabilities(known, answer), known + 1)
            ]
        found, was_truncated = self._said[known:], self._truncated
        self._truncated = self._text.certain > self._most
        if self._truncated and (found or not was_truncated):
            return [*found, self._said[-1].model_copy(update={"truncated": True})]
        return found or self._said[-1:] if known < had else found

    async def _reach(self, count: int) -> None:
        """Have the state after `count` words, from the nearest one that was kept."""
        nearest = max((kept for kept in self._states if kept <= count), default=0)
        if nearest < count:
            await self._run(nearest, self._ids(nearest, count), keep=True)

    async def _run(self, begin: int, ids: Ids, *, keep: bool = False, traced: bool = False) -> Answer:
        """Read the words `ids [T]` behind the first `begin`, whose state is there."""
        deadline, state = monotonic() + self._seconds, self._states.get(begin)
        answer = await self._predictor.engine.submit(
            self._model, ids, deadline=deadline, state=state, keep=keep, traced=traced
        )
        self._queue, self._compute = self._queue + answer.queue_seconds, self._compute + answer.compute_seconds
        if answer.state is not None:
            self._keep(begin + len(ids), answer.state)
        return answer

    def _keep(self, count: int, state: State) -> None:
        """Keep a state. Where there are many, every second of the older ones goes."""
        self._states[count] = state
        if len(self._states) > MOST_STATES:
            for older in sorted(self._states.keys() - {count})[:-1:2]:
                del self._states[older]

    def _ids(self, begin: int, end: int) -> Ids:
        words = " ".join(word.text for word in self._text.words[begin:end])
        return self._model.bundle.vocabulary.encode(words, end - begin).ids

    def _probabilities(self, known: int, answer: Answer) -> list[list[float]]:
        """Return the probabilities after each word behind the first `known`."""
        if answer.hidden is None:
            return [answer.probabilities.tolist()]
        manifest, state = self._model.bundle.manifest, self._states.get(known)
        before = None if state is None else dict(zip([s.name for s in manifest.states], state, strict=True))
        probabilities = softmax(running_logits(self._model.bundle.weights, answer.hidden[-1], before))
        found: list[list[float]] = probabilities.tolist()
        return found

    def _prediction(self, count: int, unknown: int, probabilities: list[float]) -> StreamedPrediction:
        """Return what is said after `count` words, of which the model does not know `unknown`."""
        word = self._text.words[count - 1]
        said = prediction_of(self._model.bundle.manifest, probabilities, count, unknown, False)
        place = {"word": word.text, "start": word.start, "end": word.end, "preview": False, "final": False}
        return StreamedPrediction.model_construct(**{**dict(said), **place})

    def _record(self, last: StreamedPrediction) -> PredictionRecord:
        tokenization = max(0.0, self._request - self._queue - self._compute)
        phases = Phases(self._request, tokenization, self._queue, self._compute)
        probabilities = [*last.probabilities.values()]
        return PredictionRecord.of(phases, last.words, self._unknown[last.words], self._truncated, probabilities)
