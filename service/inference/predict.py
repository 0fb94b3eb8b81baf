"""From a text to an answer, the one way for every caller: limits, admission, words, the network, metrics."""

import asyncio
from time import perf_counter
from typing import NamedTuple

import numpy as np

from models.text.words import UNK, Encoded
from service.engine import Answer, Engine
from service.engine.engine import BYTES_A_WORD
from service.errors import DeadlinePassed, Draining, NoWords, Overloaded, ServiceError
from service.inference.limits import TextLimits
from service.inference.model import Model
from service.inference.prediction import Prediction, prediction_of
from service.metrics.predictions import PredictionRecord

LONG_TEXT = 32_768
"""Characters of a text whose words are found off the event loop."""


class Reading(NamedTuple):
    """What a model made of a text: its words, the network's answer, the prediction."""

    encoded: Encoded
    answer: Answer
    prediction: Prediction


class Predictor:
    """Has texts read by the models of one engine."""

    def __init__(self, engine: Engine, limits: TextLimits) -> None:
        self.engine, self.limits = engine, limits

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
        except Exception as error:  # counted, whatever it is, and raised again
            if counted:
                count_failure(model, error)
            raise
        if counted:
            model.recorder.answered(record)
        return reading

    async def _read(
        self, model: Model, text: str, deadline: float | None, background: bool, traced: bool
    ) -> tuple[Reading, PredictionRecord]:
        started = perf_counter()
        size = self.limits.size(text)
        if not background:
            self.engine.admit(model.served, min(size, self.limits.max_words * BYTES_A_WORD))
        encoded = await self._encode(model, text)
        tokenized = perf_counter()
        answer = await self.engine.submit(
            model.served, encoded.ids, deadline=deadline, background=background, traced=traced
        )
        computed = perf_counter()
        probabilities = answer.probabilities.tolist()
        prediction = prediction_of(model.bundle.manifest, probabilities, len(encoded.ids), encoded.truncated)
        finished = perf_counter()
        confidence = max(probabilities)
        record = PredictionRecord(
            tokenized - started,
            answer.queue_seconds,
            answer.compute_seconds,
            finished - computed,
            finished - started,
            len(encoded.ids),
            int(np.count_nonzero(encoded.ids == UNK)),
            encoded.truncated,
            probabilities.index(confidence),
            confidence,
        )
        return Reading(encoded, answer, prediction), record

    async def _encode(self, model: Model, text: str) -> Encoded:
        vocabulary = model.bundle.vocabulary
        if len(text) < LONG_TEXT:
            return self.limits.encode(vocabulary, text)
        return await asyncio.to_thread(self.limits.encode, vocabulary, text)


def count_failure(model: Model, error: Exception) -> None:
    """Note a text that got no prediction. What the engine refuses, it has counted itself."""
    if isinstance(error, Overloaded | DeadlinePassed | Draining):
        return
    if isinstance(error, NoWords):
        model.recorder.no_words()
    else:
        model.recorder.failed("invalid" if isinstance(error, ServiceError) else "error")
