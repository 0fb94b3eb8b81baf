"""From a request to its trace: the network runs in the engine, the rest on a thread that lets predictions pass."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from models.network.equations import Array
from models.text.words import Encoded
from models.trace.analysis import Analysis
from service.engine import Answer, Engine, ServedModel
from service.errors import NoWords
from service.tracing.executor import TraceExecutor
from service.tracing.occlusion import logits_without_each
from service.tracing.request import TraceRequest
from service.tracing.selection import check_target, select_target, select_tensors
from service.tracing.trace import Source, Trace, make_trace

SHORT_TEXT = 32_768
"""Characters of a text whose words are found within a few milliseconds."""

Written = TypeVar("Written")


class Tracer:
    """Traces the models of one engine. `max_words` are read of a text."""

    def __init__(self, engine: Engine, executor: TraceExecutor, max_words: int) -> None:
        self._engine, self._executor, self._max_words = engine, executor, max_words

    async def trace(
        self,
        model: ServedModel,
        request: TraceRequest,
        write: Callable[[Trace], Written],
        deadline: float | None = None,
    ) -> Written:
        """Return what `write` makes of the trace of `request.text` by `model`, by `deadline` (of `time.monotonic`).

        `write` runs on the traces' thread. Raises `TooLarge`, `NoWords`, `NotInModel`, `Overloaded`, and what
        `Engine.submit` raises.
        """
        manifest = model.bundle.manifest
        check_target(request.target, manifest.labels)
        encoded = await self._encode(model, request.text)
        selection = select_tensors(request.tensors, manifest, len(encoded.ids), request.units)
        started = time.perf_counter()
        answer = await self._engine.submit(model, encoded.ids, deadline=deadline, traced=True)
        timing = {"network": _milliseconds(started)}
        analysis, without_each = _analysis(model, encoded, request, answer), None
        if request.include & {"occlusion", "interaction"}:
            started = time.perf_counter()
            without_each = await self._occlude(model, analysis, deadline)
            timing["occlusion"] = _milliseconds(started)
        source = Source(analysis, selection, without_each)
        make = partial(make_trace, model.bundle, request.text, encoded.truncated, answer.probabilities)
        return await self._executor.run(lambda: write(make(source, request.include, timing)))

    def close(self) -> None:
        """End the traces' thread; blocks until the trace at work is done."""
        self._executor.close()

    async def _encode(self, model: ServedModel, text: str) -> Encoded:
        encode = partial(model.bundle.vocabulary.encode, text, self._max_words)
        encoded = encode() if len(text) < SHORT_TEXT else await self._executor.run(encode)
        if not len(encoded.ids):
            raise NoWords("the text is empty, or only white space and markup")
        return encoded

    async def _occlude(self, model: ServedModel, analysis: Analysis, deadline: float | None) -> Array:
        unchanged = await self._executor.run(lambda: analysis.state_history)
        return await logits_without_each(self._engine, model, analysis.ids, unchanged, deadline)


def _analysis(model: ServedModel, encoded: Encoded, request: TraceRequest, answer: Answer) -> Analysis:
    assert answer.hidden is not None
    bundle = model.bundle
    target = select_target(request.target, bundle.manifest.labels, answer.logits)
    return Analysis(
        bundle.weights,
        encoded.ids,
        answer.hidden,
        answer.logits,
        target,
        request.units,
        model.session.pre_activations,
    )


def _milliseconds(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 3)
