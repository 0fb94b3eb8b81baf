"""From a request to its trace: the network runs in the engine, the rest on a thread that lets predictions pass."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from models.network.equations import Array
from models.trace.analysis import Analysis
from service.engine import Model
from service.inference.predict import Predictor, Reading
from service.tracing.executor import TraceExecutor
from service.tracing.occlusion import logits_without_each
from service.tracing.request import TraceRequest
from service.tracing.selection import check_target, select_target, select_tensors
from service.tracing.trace import Source, Trace, make_trace
from service.tracing.word_shares import WordShares, word_shares

Written = TypeVar("Written")


class Tracer:
    """Traces the models of one engine: a trace is a prediction that also keeps its hidden states."""

    def __init__(self, predictor: Predictor, executor: TraceExecutor) -> None:
        self._predictor, self._executor = predictor, executor

    async def trace(
        self,
        model: Model,
        request: TraceRequest,
        write: Callable[[Trace], Written],
        deadline: float | None = None,
        counted: bool = True,
    ) -> Written:
        """Return what `write` makes of the trace of `request.text` by `model`, by `deadline` (of `time.monotonic`).

        `write` runs on the traces' thread. Raises `NotInModel`, `TooLarge`, `Overloaded`, and what
        `Predictor.read` raises.
        """
        manifest = model.bundle.manifest
        check_target(request.target, manifest.labels)
        started = time.perf_counter()
        reading = await self._predictor.read(model, request.text, deadline=deadline, traced=True, counted=counted)
        timing = {"network": _milliseconds(started)}
        selection = select_tensors(request.tensors, manifest, len(reading.encoded.ids), request.units)
        analysis, without_each = _analysis(model, request, reading), None
        if request.include & {"occlusion", "interaction"}:
            started = time.perf_counter()
            without_each = await self._occlude(model, analysis, deadline)
            timing["occlusion"] = _milliseconds(started)
        source = Source(analysis, selection, without_each)
        make = partial(make_trace, model.bundle, request.text, reading.encoded.truncated, reading.answer.probabilities)
        return await self._executor.run(lambda: write(make(source, request.include, timing)))

    async def word_shares(self, model: Model, text: str, reading: Reading) -> WordShares:
        """Return what each word of a text brought that was read with its hidden states. Raises `Overloaded`."""
        analysis = _analysis(model, TraceRequest(text=text), reading)
        return await self._executor.run(lambda: word_shares(model.bundle, text, analysis))

    def close(self) -> None:
        """End the traces' thread; blocks until the trace at work is done."""
        self._executor.close()

    async def _occlude(self, model: Model, analysis: Analysis, deadline: float | None) -> Array:
        unchanged = await self._executor.run(lambda: analysis.state_history)
        return await logits_without_each(self._predictor.engine, model, analysis.ids, unchanged, deadline)


def _analysis(model: Model, request: TraceRequest, reading: Reading) -> Analysis:
    answer, bundle = reading.answer, model.bundle
    assert answer.hidden is not None
    target = select_target(request.target, bundle.manifest.labels, answer.logits)
    return Analysis(
        bundle.weights,
        reading.encoded.ids,
        answer.hidden,
        answer.logits,
        target,
        request.units,
        answer.values,
    )


def _milliseconds(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 3)
