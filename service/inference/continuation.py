"""A text that comes in several requests: the state at the end of one, as a value, is where the next goes on."""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from models.bundle.manifest import Manifest
from models.network.session import State
from models.text.edited import LONGEST_OPEN, EditedText, OpenTooLong
from models.text.words import UNK
from service.engine import Model
from service.errors import Category, Malformed, NoWords, ServiceError, TooLarge
from service.inference.predict import Predictor
from service.inference.prediction import Prediction, prediction_of
from service.metrics.predictions import Phases, PredictionRecord


class StateGone(ServiceError, kind="state-gone", title="The model of this state is gone", category=Category.CONFLICT):
    """A state of a model, or of a version of it, that is not served: nothing else can go on from it."""


class Continuation(Struct, frozen=True, array_like=True):
    """Where a text stands: the network's state after its first `words`, of which it did not know `unknown`.

    `rest` is the text behind them: its last word at least, which more text may change. `tensors` hold the state, in the
    manifest's order; none before the first word.
    """

    model: str
    version: int
    sha256: str
    words: int
    unknown: int
    rest: str
    tensors: list[bytes]


class Continued(NamedTuple):
    """What a model says of the text so far, and where the next part of it goes on."""

    prediction: Prediction
    state: Continuation


def begin(model: Model) -> Continuation:
    """Return where a text stands before its first word."""
    return Continuation(model.name, model.version, model.bundle.sha256, 0, 0, "", [])


def check_model(state: Continuation, model: Model) -> None:
    """Raise `StateGone` where `model` is not the very one that the state is of."""
    if state.sha256 != model.bundle.sha256:
        raise StateGone(f"the state is of another {state.model} version {state.version}; begin the text anew")


async def read_on(
    predictor: Predictor,
    model: Model,
    before: Continuation,
    text: str,
    *,
    deadline: float | None = None,
    counted: bool = True,
) -> Continued:
    """Have `model` read `text` behind what it read before, and note how that ended.

    The answer is that of both in one. Raises what `Predictor.read` raises, and `StateGone`.
    """
    check_model(before, model)
    started = perf_counter()
    try:
        with model:
            continued, queue, compute = await _read_on(predictor, model, before, text, deadline)
    except ServiceError as error:
        if counted:
            predictor.refused(model, error)
        raise
    if counted:
        said, seconds = continued.prediction, perf_counter() - started
        phases = Phases(seconds, max(0.0, seconds - queue - compute), queue, compute)
        unknown = round(said.unknown_rate * said.words)
        probabilities = [*said.probabilities.values()]
        predictor.answered(model, PredictionRecord.of(phases, said.words, unknown, said.truncated, probabilities))
    return continued


async def _read_on(
    predictor: Predictor, model: Model, before: Continuation, text: str, deadline: float | None
) -> tuple[Continued, float, float]:
    """Read in two runs: up to the last word that is certain, whose state is kept, and from there to the end."""
    manifest = model.bundle.manifest
    found, most = _words(predictor, model, before, text)
    words, truncated = found.words[:most], len(found.words) > most
    if not words:
        raise NoWords
    ids = model.bundle.vocabulary.encode(" ".join(word.text for word in words), len(words)).ids
    kept = max(0, min(found.certain, len(words)) - 1)
    state, queue, compute = _state(manifest, before), 0.0, 0.0
    if kept:
        answer = await predictor.engine.submit(model, ids[:kept], deadline=deadline, state=state, keep=True)
        state, queue, compute = answer.state, answer.queue_seconds, answer.compute_seconds
    answer = await predictor.engine.submit(model, ids[kept:], deadline=deadline, state=state)
    unknown = before.unknown + int(np.count_nonzero(ids[:kept] == UNK))
    every = unknown + int(np.count_nonzero(ids[kept:] == UNK))
    prediction = prediction_of(manifest, answer.probabilities.tolist(), before.words + len(words), every, truncated)
    end = found.words[-1].end if truncated else len(found.text)
    rest = found.text[words[kept].start : end]
    if len(rest) > LONGEST_OPEN:
        raise TooLarge(f"more than {LONGEST_OPEN} characters follow the last word; its state would hold them")
    tensors = [] if state is None else [tensor.tobytes() for tensor in state]
    following = Continuation(*_of(before), before.words + kept, unknown, rest, tensors)
    return Continued(prediction, following), queue + answer.queue_seconds, compute + answer.compute_seconds


def _of(state: Continuation) -> tuple[str, int, str]:
    return state.model, state.version, state.sha256


def _words(predictor: Predictor, model: Model, before: Continuation, text: str) -> tuple[EditedText, int]:
    """Return the words behind those whose state is there, and how many of them may be read. Raises `TooLarge`."""
    limits, whole = predictor.limits, before.rest + text
    most = max(1, limits.max_words - before.words)
    limits.size(whole)
    found = EditedText(most, model.bundle.vocabulary.pattern)
    try:
        found.replace(0, 0, whole)
    except OpenTooLong as error:
        raise TooLarge(str(error)) from error
    return found, most


def _state(manifest: Manifest, before: Continuation) -> State | None:
    """Return the state tensors. Raises `Malformed` where they are not the model's."""
    if not before.tensors:
        return None
    try:
        return tuple(
            np.frombuffer(data, tensor.dtype).reshape(tensor.shape)
            for data, tensor in zip(before.tensors, manifest.states, strict=True)
        )
    except ValueError:
        raise Malformed("state: its tensors are not those of the model") from None
