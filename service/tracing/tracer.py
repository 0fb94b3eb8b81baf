"""From a request to the body of its answer: the network runs in the engine, the rest in line behind predictions."""

import time
from functools import partial

import numpy as np

from models.network.equations import Array
from models.text.words import Encoded
from service.api.problems import Problem
from service.engine import Answer, Engine, ServedModel
from service.tracing.analysis import Analysis
from service.tracing.encoders import Format
from service.tracing.executor import Line
from service.tracing.occlusion import without_each
from service.tracing.response import Explained, respond
from service.tracing.schemas import TraceRequest
from service.tracing.selection import select
from service.tracing.targets import check_target, chosen_target

SHORT_TEXT = 32_768
"""Characters of a text whose words are found at once: in less than a few milliseconds."""


class Tracer:
    """Traces the models of one engine. `max_words` are read of a text."""

    def __init__(self, engine: Engine, line: Line, max_words: int) -> None:
        self._engine, self._line, self._max_words = engine, line, max_words

    async def trace(
        self, model: ServedModel, request: TraceRequest, form: Format, deadline: float | None = None
    ) -> bytes:
        """The trace of `request.text` by `model`, written as `form`, by `deadline` (of `time.monotonic`).

        Raises 413, 422 and 429 as `Problem`, and what `Engine.submit` raises.
        """
        manifest = model.bundle.manifest
        check_target(request.target, manifest.labels)
        encoded = await self._encode(model, request.text)
        selection = select(request.tensors, manifest, len(encoded.ids), request.units)
        started = time.perf_counter()
        answer = await self._engine.submit(model, encoded.ids, deadline=deadline, traced=True)
        timing = {"network": 1000 * (time.perf_counter() - started)}
        analysis = _analysis(model, encoded, request, answer)
        occluded = None
        if request.include & {"occlusion", "interaction"}:
            started = time.perf_counter()
            occluded = await self._occlude(model, analysis, deadline)
            timing["occlusion"] = 1000 * (time.perf_counter() - started)
        explained = Explained(model.bundle, encoded.truncated, answer, analysis, selection, occluded)
        return await self._line.run(partial(_body, request, explained, form, timing))

    def close(self) -> None:
        """End the line; blocks until the trace at work is done."""
        self._line.close()

    async def _encode(self, model: ServedModel, text: str) -> Encoded:
        encode = partial(model.bundle.vocabulary.encode, text, self._max_words)
        encoded = encode() if len(text) < SHORT_TEXT else await self._line.run(encode)
        if not len(encoded.ids):
            raise Problem("no-words", "the text is empty, or only white space and markup")
        return encoded

    async def _occlude(self, model: ServedModel, analysis: Analysis, deadline: float | None) -> Array:
        unchanged = await self._line.run(lambda: analysis.course)
        return await without_each(self._engine, model, analysis.ids, unchanged, deadline)


def _analysis(model: ServedModel, encoded: Encoded, request: TraceRequest, answer: Answer) -> Analysis:
    assert answer.hidden is not None
    target = chosen_target(request.target, model.bundle.manifest.labels, answer.logits)
    return Analysis(
        model.bundle.weights, encoded.ids, answer.hidden, answer.logits, target, model.session.pre_activations
    )


def _body(request: TraceRequest, explained: Explained, form: Format, timing: dict[str, float]) -> bytes:
    started = time.perf_counter()
    with np.errstate(over="ignore"):
        trace = respond(request, explained, form, timing)
    trace.timing_ms["trace"] = round(1000 * (time.perf_counter() - started), 3)
    return form.encode(trace)
