"""A model in this process: what the service computes, without a server around it."""

import asyncio
import math
import threading
import warnings
from collections.abc import Coroutine, Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, overload

from gatescope.reading_along import TextStream
from gatescope.results import Predictions
from models.bundle.files import MANIFEST, Bundle
from models.bundle.manifest import Manifest
from models.bundle.select import open_model
from models.trace.strongest import MOST_STRONGEST
from service.engine import Engine, EngineSettings, Model
from service.errors import ServiceError
from service.inference.continuation import Continuation, Continued, begin, read_on
from service.inference.limits import TextLimits
from service.inference.map_bounded import map_bounded
from service.inference.predict import Predictor
from service.inference.prediction import Prediction
from service.inference.typed_text import TypedText
from service.metrics.recorder import Recorder
from service.settings import read_settings
from service.tracing.executor import TraceExecutor
from service.tracing.request import TensorSelection, TraceRequest
from service.tracing.trace import Part, Trace
from service.tracing.tracer import Tracer

Result = TypeVar("Result")


def load_model(model: str | Path | None, version: int | str | None, repository: Path | None) -> "LoadedModel":
    """Load what `gatescope.load` is asked for. Raises `NoSuchModel`, `InvalidBundle`, `InvalidSettings`."""
    place = None if model is None else Path(model)
    if place is not None and (place / MANIFEST).is_file():
        place, version = place.absolute().parent, int(place.absolute().name)
    if place is not None and len(place.parts) > 1:
        repository, model = place.parent, place.name
    settings = read_settings(repository=repository)
    engine = Engine(EngineSettings(queue_seconds=math.inf))
    found = open_model(
        settings.repository,
        engine.load,
        name=None if model is None else str(model),
        version=version,
        default=settings.default_model,
    )
    for warning in found.warnings:
        warnings.warn(warning, stacklevel=3)
    limits = TextLimits(settings.max_words, settings.max_text_bytes)
    return LoadedModel(found.newest, Predictor(engine, limits, Recorder()))


class LoadedModel:
    """One version of a model, for any number of threads. It computes on a thread of its own, so notebooks may use it.

    A text that can't be read raises a `ServiceError` that says why: `NoWords`, `TooLarge`.
    """

    def __init__(self, model: Model, predictor: Predictor) -> None:
        self._model, self._predictor = model, predictor
        self._tracer = Tracer(predictor, TraceExecutor())

    @property
    def bundle(self) -> Bundle:
        """The files of the model: vocabulary, weights as arrays, manifest."""
        return self._model.bundle

    @property
    def card(self) -> Manifest:
        """What the model is, has learnt from, and how well it does."""
        return self.bundle.manifest

    @overload
    def predict(self, text: str) -> Prediction: ...  # type: ignore[overload-overlap]
    @overload
    def predict(self, text: Iterable[str]) -> Predictions: ...
    def predict(self, text: str | Iterable[str]) -> Prediction | Predictions:
        """Return the prediction of a text, or those of many texts in their order.

        Of many texts the first that can't be read is named in the error: `texts[3]: ...`.
        """
        if isinstance(text, str):
            return _wait_for(self._predictor.predict(self._model, text, counted=False))
        return Predictions(_wait_for(self._predict_each(_checked(text))))

    def trace(
        self,
        text: str,
        *,
        target: str | tuple[str, str] | None = None,
        include: Iterable[Part] = ("gates",),
        units: int = 16,
        tensors: TensorSelection | None = None,
    ) -> Trace:
        """Return what the network kept of a text and let go, as `POST /v1/trace` does; it shows itself in a notebook.

        `target`: the label that is explained, or a pair of labels. `include`: `write`, `memory`, `gradient`,
        `occlusion`, `interaction`, `gates`, `tensors`. Raises `NotInModel` that names what the model has.
        """
        selection = TensorSelection() if tensors is None else tensors
        request = TraceRequest(text=text, target=target, include=frozenset(include), units=units, tensors=selection)
        return _wait_for(self._tracer.trace(self._model, request, lambda trace: trace, counted=False))

    def read_on(self, text: str, state: Continuation | None = None) -> Continued:
        """Return the prediction of all parts of a text so far, and the state at its end, for the next part.

        Raises `StateGone` for the state of another model.
        """
        before = begin(self._model) if state is None else state
        return _wait_for(read_on(self._predictor, self._model, before, text, counted=False))

    def stream(self, strongest: int = 0) -> TextStream:
        """Return a reader of one text that comes in pieces: a prediction after every word.

        The last prediction of each answer says how much is left of up to `strongest` words, at most 32.
        """
        if not 0 <= strongest <= MOST_STRONGEST:
            raise ValueError(f"strongest is {strongest}: 0 to {MOST_STRONGEST} words can be followed")
        text = TypedText(self._predictor, self._model, math.inf, counted=False, strongest=strongest)
        return TextStream(text, _wait_for)

    async def _predict_each(self, texts: list[str]) -> list[Prediction]:
        try:
            return await map_bounded(texts, self._predict_one)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _predict_one(self, number: int, text: str) -> Prediction:
        try:
            return await self._predictor.predict(self._model, text, counted=False)
        except ServiceError as error:
            raise type(error)(f"texts[{number}]: {error.detail}") from None

    def __repr__(self) -> str:
        card = self.card
        return f"<{card.name} version {card.version}: {card.cell}, labels {', '.join(card.labels)}>"


def _checked(texts: Iterable[str]) -> list[str]:
    """Return the texts as a list. Raises `TypeError` that names the first that is none."""
    checked = list(texts)
    for number, text in enumerate(checked):
        if not isinstance(text, str):
            raise TypeError(f"texts[{number}] is of type {type(text).__name__}: a str is expected")
    return checked


def _wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """Return what `work` returns on the event loop of this module; the caller may have one of its own, as Jupyter."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="gatescope", daemon=True).start()
    return loop
