"""Wiring: settings to parts to an ASGI application. Nothing else knows how the parts come together."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ASGIApp

from models.network.onnx_session import Cuda
from service.api.auth import Authenticated
from service.api.batch.stream_limiter import StreamLimiter
from service.api.context import Control, Parts
from service.api.gauges import gauges_of
from service.api.middleware import Observed
from service.api.problems import answer
from service.api.routes import (
    batch,
    compare,
    health,
    metrics,
    models,
    page,
    predict,
    schema,
    stream,
    trace,
    v2,
    v2_repository,
)
from service.api.telemetry import with_telemetry
from service.engine import Engine, EngineSettings
from service.errors import where
from service.inference.catalog import Catalog
from service.inference.provider import provider_of
from service.metrics.recorder import Measurements, Recorder
from service.metrics.sampler import MetricsSampler
from service.metrics.service_metrics import ServiceMetrics
from service.settings import Settings
from service.tracing.executor import TraceExecutor
from service.tracing.tracer import Tracer

log = structlog.get_logger("gatescope")

GARBAGE_AFTER = 20_000
"""New objects after which cyclic garbage is looked for: a request leaves next to none."""

ROUTES = [
    predict.predict,
    compare.compare,
    trace.trace,
    stream.stream,
    batch.batch,
    models.models,
    models.model_versions,
    models.model_version,
    health.live,
    health.ready,
    metrics.metrics,
    schema.schema,
    page.page,
    page.asset,
    *v2.ROUTES,
    *v2_repository.ROUTES,
]


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the service: the application that a server runs, and its parts."""

    asgi: ASGIApp
    parts: Parts

    def start_draining(self) -> None:
        """Say `not ready` from now on; accepted work goes on. For the moment before the port closes."""
        self.parts.draining = True
        self.parts.sampler.flush()


class SingleProcess:
    """The control of a service that is one process."""

    def __init__(self, catalog: Catalog, max_words: int) -> None:
        self.load, self.unload = catalog.load, catalog.unload
        self._metrics = ServiceMetrics(max_words, of_process=True)

    def report(self, measured: Measurements) -> None:
        """Add what was measured to the metrics."""
        self._metrics.add(os.getpid(), measured)

    async def metrics(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        return await asyncio.to_thread(self._metrics.text)


def create_service(settings: Settings, control: Control | None = None) -> Service:
    """Put the service together; models are loaded once the server has started it.

    `control` stands for all worker processes; left out, this process is the only one.
    """
    recorder = Recorder()
    engine = Engine(engine_settings(settings), recorder)
    catalog = Catalog(
        settings.repository, engine, recorder, default=settings.default_model, keep=settings.versions_per_model
    )
    control = control or SingleProcess(catalog, settings.max_words)
    sampler = MetricsSampler(
        recorder,
        lambda: [model.recorder.served for model in catalog],
        lambda: gauges_of(parts),
        control.report,
    )
    tracer = Tracer(engine, TraceExecutor(), settings.max_words)
    parts = Parts(settings, engine, catalog, control, recorder, sampler, tracer, StreamLimiter(settings))
    litestar = Litestar(
        ROUTES,
        lifespan=[lambda _: _running(parts)],
        exception_handlers={Exception: answer},
        state=State({"parts": parts}, deep_copy=False),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )
    guarded = Authenticated.around(litestar, settings)
    named = Observed(guarded, recorder, access_log=settings.access_log)
    return Service(with_telemetry(named, settings), parts)


def engine_settings(settings: Settings) -> EngineSettings:
    """What the engine needs to know. With one core a worker, the event loop computes, but never waits for a GPU."""
    provider = provider_of(settings)
    cores = max(1, settings.threads)
    return EngineSettings(
        threads=0 if cores == 1 and provider != "cuda" else cores,
        provider=provider,
        cuda=Cuda(settings.device_id, settings.device_memory) if provider == "cuda" else None,
        queue_seconds=settings.max_queue_seconds,
    )


@contextlib.asynccontextmanager
async def _running(parts: Parts) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(_start(parts.catalog)),
        asyncio.create_task(parts.sampler.run()),
    ]
    for task in tasks:
        task.add_done_callback(_report)
    try:
        yield
    finally:
        parts.draining = True
        await parts.engine.drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        parts.sampler.flush()
        await asyncio.to_thread(parts.tracer.close)
        await asyncio.to_thread(parts.engine.close)


async def _start(catalog: Catalog) -> None:
    """Load every model; what is there then stays, so the garbage collector need not look at it again and again."""
    await catalog.start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the service can not run", error=repr(error), at=where(error))
