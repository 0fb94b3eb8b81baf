"""From a text to an answer, the one way for every caller: limits, admission, words, the network, metrics."""

import asyncio
from time import perf_counter
from typing import NamedTuple

from models.text.words import Encoded
from service.engine import Answer, Engine, Model
from service.engine.engine import BYTES_A_WORD
from service.errors import DeadlinePassed, Draining, NoWords, Overloaded, ServiceError
from service.inference.limits import TextLimits
from service.inference.prediction import Prediction, prediction_of
from service.metrics.predictions import NO_WORDS, Phases, PredictionRecord
from service.metrics.recorder import Recorder

LONG_TEXT = 32_768
"""Characters of a text whose words are found off the event loop."""


class Reading(NamedTuple):
    """What a model made of a text: its words, the network's answer, the prediction."""

    encoded: Encoded
    answer: Answer
    prediction: Prediction


class Predictor:
    """Has texts read by the models of one engine, and notes how that ends."""

    def __init__(self, engine: Engine, limits: TextLimits, recorder: Recorder) -> None:
        self.engine, self.limits, self._recorder = engine, limits, recorder

    def admit(self, model: Model, size: int) -> None:
        """Raise `Overloaded` where there is no room for a text of `size` bytes."""
        self.engine.admit(model, min(size, self.limits.max_words * BYTES_A_WORD))

    async def predict(
        self,
        model: Model,
        text: str,
        *,
        deadline: float | None = None,
        background: bool = False,
        counted: bool = True,
    ) -> Prediction:
        """Return the prediction of `read`."""
        return (await self.read(model, text, deadline=deadline, background=background, counted=counted)).prediction

    async def read(
        self,
        model: Model,
        text: str,
        *,
        deadline: float | None = None,
        background: bool = False,
        traced: bool = False,
        counted: bool = True,
    ) -> Reading:
        """Have `model` read `text` by `deadline` (of `time.monotonic`), and note how that ended.

        `background` work yields to other work; where `traced`, the answer holds the hidden states; where not `counted`,
        nothing is noted of the text and what became of it. Raises `TooLarge`, `NoWords`, `Overloaded`,
        `DeadlinePassed`, `Draining`.
        """
        try:
            with model:
                reading, record = await self._read(model, text, deadline, background, traced)
        except ServiceError as error:
            if counted:
                self.refused(model, error)
            raise
        if counted:
            self.answered(model, record)
        return reading

    def answered(self, model: Model, record: PredictionRecord) -> None:
        """Note a prediction."""
        self._recorder.answered(model.bundle.manifest, record)

    def refused(self, model: Model, error: ServiceError) -> None:
        """Note a text that got no prediction. What the engine refuses, it has counted itself."""
        if not isinstance(error, Overloaded | DeadlinePassed | Draining):
            outcome = NO_WORDS if isinstance(error, NoWords) else "invalid"
            self._recorder.unanswered(model.name, model.version, outcome)

    async def _read(
        self, model: Model, text: str, deadline: float | None, background: bool, traced: bool
    ) -> tuple[Reading, PredictionRecord]:
        started = perf_counter()
        size = self.limits.size(text)
        if not background:
            self.admit(model, size)
        encoded = await self._encode(model, text)
        tokenized = perf_counter()
        answer = await self.engine.submit(model, encoded.ids, deadline=deadline, background=background, traced=traced)
        computed = perf_counter()
        probabilities, words, unknown = answer.probabilities.tolist(), len(encoded.ids), encoded.unknown
        prediction = prediction_of(model.bundle.manifest, probabilities, words, unknown, encoded.truncated)
        finished = perf_counter()
        phases = Phases(
            finished - started,
            tokenized - started,
            answer.queue_seconds,
            answer.compute_seconds,
            finished - computed,
        )
        record = PredictionRecord.of(phases, words, unknown, encoded.truncated, probabilities)
        return Reading(encoded, answer, prediction), record

    async def _encode(self, model: Model, text: str) -> Encoded:
        vocabulary = model.bundle.vocabulary
        if len(text) < LONG_TEXT:
            return self.limits.encode(vocabulary, text)
        return await asyncio.to_thread(self.limits.encode, vocabulary, text)
