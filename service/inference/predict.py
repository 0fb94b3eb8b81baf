"""Text in, prediction out: the one way from a review to an answer, whatever route it came by."""

import asyncio
from time import perf_counter

import numpy as np

from models.text.words import UNK, Encoded
from service.api.context import Parts
from service.api.schemas import Prediction
from service.engine import Answer
from service.engine.engine import BYTES_A_WORD
from service.errors import DeadlinePassed, Draining, NoWords, Overloaded, ServiceError, too_large
from service.inference.catalog import Model
from service.metrics.predictions import PredictionRecord

LONG_TEXT = 32_768


async def classify(
    parts: Parts, model: Model, text: str, *, deadline: float | None = None, background: bool = False
) -> Prediction:
    """What `model` says of `text`, by `deadline` (of `time.monotonic`); `background` work yields to other work.

    Raises `TooLarge`, `NoWords`, `Overloaded`, `DeadlinePassed`, `Draining`.
    """
    try:
        with model:
            return await _classify(parts, model, text, deadline, background)
    except (Overloaded, DeadlinePassed, Draining, asyncio.CancelledError):
        raise  # the engine has counted these
    except NoWords:
        model.recorder.no_words()
        raise
    except ServiceError:
        model.recorder.failed("invalid")
        raise
    except Exception:
        model.recorder.failed("error")
        raise


async def _classify(parts: Parts, model: Model, text: str, deadline: float | None, background: bool) -> Prediction:
    started = perf_counter()
    size = check_size(parts, text)
    if not background:
        parts.engine.admit(model.served, min(size, parts.settings.max_words * BYTES_A_WORD))
    encoded = await encode(parts, model, text)
    tokenized = perf_counter()
    answer = await parts.engine.submit(model.served, encoded.ids, deadline=deadline, background=background)
    computed = perf_counter()
    prediction, label, confidence = predicted(model, encoded, answer)
    finished = perf_counter()
    model.recorder.answered(
        PredictionRecord(
            tokenized - started,
            answer.queue_seconds,
            answer.compute_seconds,
            finished - computed,
            finished - started,
            len(encoded.ids),
            int(np.count_nonzero(encoded.ids == UNK)),
            encoded.truncated,
            label,
            confidence,
        )
    )
    return prediction


def check_size(parts: Parts, text: str) -> int:
    """The bytes of `text`, at least its length. Raises 413 past the limit."""
    limit = parts.settings.max_text_bytes
    if 4 * len(text) <= limit:
        return len(text)
    size = len(text.encode())
    if size > limit:
        raise too_large("a text", limit)
    return size


async def encode(parts: Parts, model: Model, text: str) -> Encoded:
    """The ids of `text`, found off the event loop where it is long. Raises 422 where it has no words."""
    find = model.bundle.vocabulary.encode
    if len(text) < LONG_TEXT:
        encoded = find(text, parts.settings.max_words)
    else:
        encoded = await asyncio.to_thread(find, text, parts.settings.max_words)
    if not len(encoded.ids):
        raise NoWords
    return encoded


def predicted(model: Model, encoded: Encoded, answer: Answer) -> tuple[Prediction, int, float]:
    """The prediction, the index of its label and its probability."""
    manifest = model.bundle.manifest
    probabilities = answer.probabilities.tolist()
    confidence = max(probabilities)
    label = probabilities.index(confidence)
    prediction = Prediction.model_construct(
        model=manifest.name,
        version=manifest.version,
        label=manifest.labels[label],
        probabilities=dict(zip(manifest.labels, probabilities, strict=True)),
        words=len(encoded.ids),
        truncated=encoded.truncated,
    )
    return prediction, label, confidence
