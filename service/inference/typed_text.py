"""One text on its way through one model while it is typed: the network goes on from where it was."""

import asyncio
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from time import monotonic, perf_counter
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np

from models.network.equations import Array, Ids, softmax
from models.text.edited import EditedText, OpenTooLong
from models.text.words import UNK
from models.trace.pooling import Tensors
from models.trace.running import running_logits
from models.trace.strongest import StrongestWords, steps, strongest_words
from service.engine import Answer, Model, State
from service.errors import NoWords, ServiceError, TooLarge
from service.inference.predict import LONG_TEXT, Predictor
from service.inference.prediction import StreamedPrediction, StrongWord, prediction_of
from service.metrics.predictions import Phases, PredictionRecord

MOST_STATES, MOST_FOLLOWED = 64, 8
"""Checkpoints that are kept; the fewer where strongest words are followed, for which one takes 32 to 128 KiB."""

STEPS_AT_ONCE = 16
"""Words that are followed before others have a turn."""


class Checkpoint(NamedTuple):
    """What goes on from a place of the text: the network's state, and the strongest words where they are followed."""

    state: State
    strongest: StrongestWords | None


class TypedText:
    """Keeps what the model said after every word, and the network's state after some of them.

    Used in `with`: it holds the model meanwhile, and at its end the text is counted once, where it is `counted`.
    """

    def __init__(
        self, predictor: Predictor, model: Model, seconds: float, *, counted: bool = True, strongest: int = 0
    ) -> None:
        """`seconds` is how long what is typed may wait for its answer, which has up to `strongest` of the words."""
        self._predictor, self._model, self._seconds, self._counted = predictor, model, seconds, counted
        self._most = predictor.limits.max_words
        self._text = EditedText(self._most, model.bundle.vocabulary.pattern)
        self._said: list[StreamedPrediction] = []
        self._unknown = [0]
        self._checkpoints: dict[int, Checkpoint] = {}
        self._at_start = strongest_words(strongest, model.bundle.weights)
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
        found = await self._with_strongest(await self._read(as_before))
        self._request += perf_counter() - started
        return found

    async def preview(self) -> StreamedPrediction | None:
        """Return the prediction as if the text ended here; None where it ends with a word that is certain."""
        begin, end = min(self._text.certain, self._most), min(len(self._text.words), self._most)
        if begin == end:
            return None
        await self._reach(begin)
        ids = self._ids(begin, end)
        answer, strongest = await self._run(begin, ids)
        unknown = self._unknown[begin] + int(np.count_nonzero(ids == UNK))
        said = self._prediction(end, unknown, answer.probabilities.tolist())
        return said.model_copy(update={"preview": True, "strongest": self._strong(strongest)})

    async def end(self) -> list[StreamedPrediction]:
        """Return the predictions of the words that are left, and the last one again as the final one.

        Raises `NoWords`, and what `replace` raises.
        """
        self._text.end()
        found = await self._read(len(self._said))
        if not self._said:
            raise NoWords
        [last] = await self._with_strongest(self._said[-1:])
        return [*found, last.model_copy(update={"truncated": self._truncated, "final": True})]

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
        self._checkpoints = {count: kept for count, kept in self._checkpoints.items() if count <= known}
        if known < until:
            await self._reach(known)
            ids = self._ids(known, until)
            answer, _ = await self._run(known, ids, keep=True, traced=len(ids) > 1)
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

    async def _with_strongest(self, found: list[StreamedPrediction]) -> list[StreamedPrediction]:
        """Have the last prediction say which words are the strongest, if they are followed."""
        if self._at_start is None or not found:
            return found
        await self._reach(found[-1].words)
        strongest = self._strong(self._checkpoints[found[-1].words].strongest)
        return [*found[:-1], found[-1].model_copy(update={"strongest": strongest})]

    async def _reach(self, count: int) -> None:
        """Have the state after `count` words, from the nearest one that was kept."""
        nearest = max((kept for kept in self._checkpoints if kept <= count), default=0)
        if nearest < count:
            await self._run(nearest, self._ids(nearest, count), keep=True)

    async def _run(
        self, begin: int, ids: Ids, *, keep: bool = False, traced: bool = False
    ) -> tuple[Answer, StrongestWords | None]:
        """Read the words `ids [T]` behind the first `begin`, whose state is there."""
        deadline, nearest = monotonic() + self._seconds, self._checkpoints.get(begin)
        answer = await self._predictor.engine.submit(
            self._model,
            ids,
            deadline=deadline,
            state=None if nearest is None else nearest.state,
            keep=keep,
            traced=traced or self._at_start is not None,
        )
        self._queue, self._compute = self._queue + answer.queue_seconds, self._compute + answer.compute_seconds
        strongest = await self._follow(begin, ids, answer)
        if answer.state is not None:
            self._keep(begin + len(ids), Checkpoint(answer.state, strongest))
        return answer, strongest

    async def _follow(self, begin: int, ids: Ids, answer: Answer) -> StrongestWords | None:
        """Return the strongest words after the words `ids [T]`, which `answer` is of."""
        nearest = self._checkpoints.get(begin)
        strongest = deepcopy(self._at_start if nearest is None else nearest.strongest)
        if strongest is not None and answer.hidden is not None:
            before, logits = self._before(begin), self._logits(begin, answer.hidden)
            read = partial(steps, self._model.bundle.weights, ids, answer.hidden, answer.values, before, logits)
            each = await asyncio.to_thread(read) if len(ids) > STEPS_AT_ONCE else read()
            for number, step in enumerate(each, 1):
                strongest.read(step)
                if number % STEPS_AT_ONCE == 0:
                    await asyncio.sleep(0)
        return strongest

    def _strong(self, strongest: StrongestWords | None) -> list[StrongWord] | None:
        """Return the strongest words with their places in the text."""
        if strongest is None:
            return None
        return [self._strong_word(*found) for found in strongest.found()]

    def _strong_word(self, number: int, share: float, left: float) -> StrongWord:
        text, start, end = self._text.words[number]
        return StrongWord.model_construct(word=text, start=start, end=end, share=share, left=left)

    def _keep(self, count: int, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint. Where there are many, every second of the older ones goes."""
        self._checkpoints[count] = checkpoint
        if len(self._checkpoints) > (MOST_STATES if self._at_start is None else MOST_FOLLOWED):
            for older in sorted(self._checkpoints.keys() - {count})[:-1:2]:
                del self._checkpoints[older]

    def _ids(self, begin: int, end: int) -> Ids:
        words = " ".join(word.text for word in self._text.words[begin:end])
        return self._model.bundle.vocabulary.encode(words, end - begin).ids

    def _probabilities(self, known: int, answer: Answer) -> list[list[float]]:
        """Return the probabilities after each word behind the first `known`."""
        if answer.hidden is None:
            return [answer.probabilities.tolist()]
        found: list[list[float]] = softmax(self._logits(known, answer.hidden)).tolist()
        return found

    def _logits(self, known: int, hidden: Sequence[Array]) -> Array:
        """Return the logits after each word behind the first `known`, `[T, C]`, from every layer's hidden states."""
        return running_logits(self._model.bundle.weights, hidden[-1], self._before(known))

    def _before(self, count: int) -> Tensors | None:
        """Return the state tensors after `count` words by name; None before the first."""
        if count not in self._checkpoints:
            return None
        names = [tensor.name for tensor in self._model.bundle.manifest.states]
        return dict(zip(names, self._checkpoints[count].state, strict=True))

    def _prediction(self, count: int, unknown: int, probabilities: list[float]) -> StreamedPrediction:
        """Return what is said after `count` words, of which the model does not know `unknown`."""
        word = self._text.words[count - 1]
        said = prediction_of(self._model.bundle.manifest, probabilities, count, unknown, False)
        place = {"word": word.text, "start": word.start, "end": word.end}
        none_yet = {"preview": False, "final": False, "strongest": None}
        return StreamedPrediction.model_construct(**{**dict(said), **place, **none_yet})

    def _record(self, last: StreamedPrediction) -> PredictionRecord:
        tokenization = max(0.0, self._request - self._queue - self._compute)
        phases = Phases(self._request, tokenization, self._queue, self._compute)
        probabilities = [*last.probabilities.values()]
        return PredictionRecord.of(phases, last.words, self._unknown[last.words], self._truncated, probabilities)
