"""What a running service consists of, as its routes get it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from litestar.types import Scope

from service.api.batch.stream_limiter import StreamLimiter
from service.api.bodies import Bodies
from service.api.open_texts import OpenTexts
from service.api.sequences import Sequences
from service.engine import Engine
from service.inference.batch_admission import BatchAdmission
from service.inference.catalog import Catalog
from service.inference.follow import Changes
from service.inference.predict import Predictor
from service.inference.state_token import StateTokens
from service.metrics.recorder import ProcessReport, Recorder
from service.metrics.sampler import MetricsSampler
from service.metrics.service_metrics import ServiceMetrics
from service.settings import Settings
from service.tracing.corpus_search import CorpusSearch
from service.tracing.counterfactual import CounterfactualSearch
from service.tracing.tracer import Tracer

T = TypeVar("T")


class Control(Changes, Protocol):
    """Changes what is served, in every worker process. Holds what there is one of: measurements, open sequences."""

    def report(self, measured: ProcessReport) -> None:
        """Add what this process has measured to the metrics of the service."""

    async def metrics(self, ask: Callable[[ServiceMetrics], T]) -> T:
        """Return what the metrics of the service answer, off the event loop; `ask` can be pickled."""

    async def sequences(self, change: Callable[[Sequences], str | None]) -> str | None:
        """Return what a change of the open sequences returns, or raise what it raises; `change` can be pickled."""


@dataclass(slots=True)
class AppContext:
    """What a route may need. `draining` and `failed` turn true once and for all; `failed` ends the process.

    `others` is why other workers are not ready.
    """

    settings: Settings
    engine: Engine
    catalog: Catalog
    predictor: Predictor
    control: Control
    recorder: Recorder
    sampler: MetricsSampler
    tracer: Tracer
    corpus: CorpusSearch
    counterfactuals: CounterfactualSearch
    streams: StreamLimiter
    batches: BatchAdmission
    open_texts: OpenTexts
    bodies: Bodies
    tokens: StateTokens
    draining: bool = field(default=False)
    failed: bool = field(default=False)
    others: str = field(default="")


def context_of(scope: Scope) -> AppContext:
    """Return the context of the service that a request came to."""
    return cast(AppContext, scope["litestar_app"].state["context"])
