"""Wiring: settings to parts to an ASGI application. Nothing else knows how the parts come together."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

import structlog
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.middleware import DefineMiddleware
from litestar.types import ASGIApp

from models.bundle.served_versions import ServedVersions
from models.network.onnx_session import Cuda
from service.api.auth import Access, KeyRing, RequireKey
from service.api.batch.stream_limiter import StreamLimiter
from service.api.bodies import Bodies
from service.api.context import AppContext, Control, T
from service.api.dependencies import DEPENDENCIES, TypedRequest
from service.api.gauges import gauges_of
from service.api.middleware import Observed
from service.api.open_texts import OpenTexts
from service.api.origins import CheckOrigin, Origins, cors
from service.api.problems import answer
from service.api.routes.schema import schema
from service.api.routes.table import ROUTES
from service.api.sequences import Sequences
from service.api.telemetry import current_trace, with_telemetry
from service.api.unpacking import UnpackBodies
from service.engine import Engine, EngineSettings
from service.errors import where
from service.inference.batch_admission import BatchAdmission
from service.inference.catalog import Catalog
from service.inference.follow import follow, list_files
from service.inference.limits import TextLimits
from service.inference.predict import Predictor
from service.inference.provider import provider_of
from service.inference.state_token import StateTokens
from service.metrics.recorder import ProcessReport, Recorder
from service.metrics.sampler import MetricsSampler
from service.metrics.service_metrics import ServiceMetrics
from service.settings import Settings
from service.tracing.corpus_search import CorpusSearch
from service.tracing.counterfactual import CounterfactualSearch
from service.tracing.executor import TraceExecutor
from service.tracing.tracer import Tracer

log = structlog.get_logger("gatescope")

GARBAGE_AFTER = 20_000
"""New objects after which cyclic garbage is looked for: a request leaves next to none."""

LAST_ANSWERS = 1.0
"""Seconds within which the last answers about texts that are being typed are computed and sent."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the service: the application that a server runs, and what its routes use."""

    asgi: ASGIApp
    litestar: Litestar
    context: AppContext

    def start_draining(self) -> None:
        """Say `not ready` from now on; accepted work goes on. For the moment before the port closes."""
        self.context.draining = True
        self.context.sampler.flush()

    async def end_open_texts(self) -> None:
        """Have every text that is being typed end with its last answer. Waits for slow readers only for a moment."""
        await self.context.open_texts.end_all(LAST_ANSWERS)


class SingleProcess:
    """The control of a service that is one process."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self.load, self.unload, self.serve = catalog.load, catalog.unload, catalog.serve
        self._sequences = Sequences(settings)
        self._metrics = ServiceMetrics(settings.max_words, self._sequences, of_process=True)

    def report(self, measured: ProcessReport) -> None:
        """Add what was measured to the metrics."""
        self._metrics.add(os.getpid(), measured)

    async def metrics(self, ask: Callable[[ServiceMetrics], T]) -> T:
        """Return what the metrics answer."""
        return await asyncio.to_thread(ask, self._metrics)

    async def sequences(self, change: Callable[[Sequences], str | None]) -> str | None:
        """Return what a change of the open sequences returns."""
        return change(self._sequences)


def create_service(
    settings: Settings, control: Control | None = None, versions: ServedVersions | None = None
) -> Service:
    """Put the service together; models are loaded once the server has started it: `versions`, or the newest valid ones.

    `control` stands for all worker processes; left out, this process is the only one.
    """
    context = _context(settings, control)
    litestar = _application(context, versions)
    trace = current_trace if settings.telemetry else None
    observed = Observed(litestar, context.recorder, access_log=settings.access_log, trace=trace)
    return Service(with_telemetry(observed, settings), litestar, context)


def _context(settings: Settings, control: Control | None) -> AppContext:
    """Put together what the routes use."""
    recorder = Recorder()
    engine = Engine(engine_settings(settings), recorder)
    catalog = Catalog(
        settings.repository,
        engine,
        recorder,
        default=settings.default_model,
        keep=settings.versions_per_model,
        load_timeout=settings.load_timeout,
    )
    control = control or SingleProcess(catalog, settings)
    sampler = MetricsSampler(
        recorder,
        lambda: [model.bundle.manifest for model in catalog],
        lambda: gauges_of(context),
        control.report,
    )
    predictor = Predictor(engine, TextLimits(settings.max_words, settings.max_text_bytes), recorder)
    executor = TraceExecutor()
    tracer, searcher, counterfactuals = (
        Tracer(predictor, executor),
        CorpusSearch(predictor, executor),
        CounterfactualSearch(predictor, executor),
    )
    limits = StreamLimiter(settings), BatchAdmission(engine), OpenTexts(settings), Bodies(settings)
    tokens = StateTokens(settings.state_key.get_secret_value() if settings.state_key else None)
    context = AppContext(
        settings,
        engine,
        catalog,
        predictor,
        control,
        recorder,
        sampler,
        tracer,
        searcher,
        counterfactuals,
        *limits,
        tokens,
    )
    return context


def _application(context: AppContext, versions: ServedVersions | None) -> Litestar:
    """Put the routes together, and what a request passes on its way to any of them."""
    return Litestar(
        [
            *(Router("/", route_handlers=handlers, opt={"access": access}) for access, handlers in ROUTES.items()),
            Router("/", route_handlers=[schema], opt={"access": Access.OPEN}),
        ],
        dependencies=DEPENDENCIES,
        request_class=TypedRequest,
        lifespan=[lambda _: _running(context, versions)],
        middleware=_middleware(context.settings),
        cors_config=cors(context.settings),
        exception_handlers={Exception: answer},
        state=State({"context": context}, deep_copy=False),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
    )


def _middleware(settings: Settings) -> list[DefineMiddleware | type[UnpackBodies]]:
    keys = KeyRing(settings)
    asked = [DefineMiddleware(RequireKey, keys=keys)] if keys else []
    return [*asked, DefineMiddleware(CheckOrigin, origins=Origins(settings)), UnpackBodies]


def engine_settings(settings: Settings) -> EngineSettings:
    """Return how the engine runs. With one core a worker, the event loop computes, but never waits for a GPU."""
    provider = provider_of(settings)
    cores = max(1, settings.threads)
    on_loop = cores == 1 and not isinstance(provider, Cuda)
    return EngineSettings(0 if on_loop else cores, provider, settings.max_queue_seconds)


@contextlib.asynccontextmanager
async def _running(context: AppContext, versions: ServedVersions | None) -> AsyncIterator[None]:
    tasks = [
        asyncio.create_task(_serve(context, versions)),
        asyncio.create_task(context.sampler.run()),
    ]
    for task in tasks:
        task.add_done_callback(partial(_watch, context))
    try:
        yield
    finally:
        context.draining = True
        await context.engine.drain()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        context.sampler.flush()
        await asyncio.to_thread(context.tracer.close)
        await asyncio.to_thread(context.engine.close)


async def _serve(context: AppContext, versions: ServedVersions | None) -> None:
    """Load every model, then follow the repository where a setting says so.

    What is loaded first stays, so the garbage collector need not look at it again and again.
    """
    seconds, repository = context.settings.follow_seconds, context.settings.repository
    seen = await asyncio.to_thread(list_files, repository) if seconds else None
    await context.catalog.start(versions)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AFTER)
    if seen is not None:
        await follow(repository, seen, seconds, context.control)


def _watch(context: AppContext, task: "asyncio.Task[None]") -> None:
    """Have the process end where a task has ended early without which it must not go on."""
    if context.draining:
        return
    if task.cancelled():
        log.error("the service can not go on", error="a task was cancelled")
        context.failed = True
    elif (error := task.exception()) is not None:
        log.error("the service can not go on", error=repr(error), at=where(error))
        context.failed = True
