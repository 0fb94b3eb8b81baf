"""What a running service consists of, as its routes get it."""

from dataclasses import dataclass, field
from typing import Protocol, cast

from litestar.types import Scope

from service.api.batch.stream_limiter import StreamLimiter
from service.api.bodies import Bodies
from service.api.open_texts import OpenTexts
from service.engine import Engine
from service.inference.batch_admission import BatchAdmission
from service.inference.catalog import Catalog
from service.inference.follow import Changes
from service.inference.predict import Predictor
from service.inference.state_token import StateTokens
from service.metrics.history import By
from service.metrics.recorder import ProcessReport, Recorder
from service.metrics.sampler import MetricsSampler
from service.metrics.statistics import VersionStatistics
from service.settings import Settings
from service.tracing.corpus_search import CorpusSearch
from service.tracing.counterfactual import CounterfactualSearch
from service.tracing.tracer import Tracer


class Control(Changes, Protocol):
    """Changes what is served, in every worker process. Holds what there is one of: measurements, open sequences."""

    def report(self, measured: ProcessReport) -> None:
        """Add what this process has measured to the metrics of the service."""

    async def metrics(self, open_metrics: bool) -> bytes:
        """Return the metrics of the service in Prometheus' text format, or in OpenMetrics."""

    async def history(self, minutes: int, by: By) -> bytes:
        """Return the last minutes of the service, grouped `by`, and its alerts, as JSON."""

    async def statistics(self) -> list[VersionStatistics]:
        """Return what became of the reviews of each version."""

    async def take_sequence(self, key: str, *, start: bool) -> str | None:
        """Return where a sequence stands, and hold it, see `Sequences.take`."""

    async def put_sequence(self, key: str, state: str | None) -> None:
        """Put back where a sequence stands, see `Sequences.put`."""


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
