"""A model that the engine serves: its session, warmed up and checked, its cost model and its queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from models.bundle.files import Bundle, InvalidBundle, replay_golden
from models.network.compiled_session import IMPORT_ERROR, CompiledSession
from models.network.equations import Array
from models.network.onnx_session import OnnxSession
from models.network.session import Session
from service.engine.batch import Batch, Row
from service.engine.cost import CostModel, measure
from service.engine.interface import EngineSettings
from service.engine.scheduler import Scheduler

PACE_MEMORY = 0.02


@dataclass(slots=True, eq=False)
class ServedModel:
    """One bundle in service. `pace` is how much longer chunks take than measured alone, `used` seconds computed."""

    bundle: Bundle
    session: Session
    cost: CostModel
    waiting: Scheduler
    pace: float = field(default=1.0)
    used: float = field(default=0.0)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.bundle.manifest.name

    @property
    def version(self) -> int:
        """The version's number."""
        return self.bundle.manifest.version

    def seconds(self, cells: int) -> float:
        """The predicted seconds of one thread for `cells` words."""
        return cells * self.cost.cell_seconds * self.pace

    def took(self, predicted: float, seconds: float) -> None:
        """A chunk is done: follow how fast the machine is now."""
        self.used += seconds
        self.pace += PACE_MEMORY * (min(seconds / predicted, 10.0) - self.pace)


def open_model(bundle: Bundle, settings: EngineSettings) -> ServedModel:
    """Load, check, warm up and measure. Raises `InvalidBundle`."""
    session = open_session(bundle, settings)
    with _faults_of(bundle):
        cost = measure(
            lambda rows, steps: _run(session, rows, steps),
            mean_length(bundle),
            settings.seconds_a_chunk,
            pads=session.pads,
        )
    return ServedModel(bundle, session, cost, Scheduler(settings.rows or cost.rows))


def open_session(bundle: Bundle, settings: EngineSettings) -> Session:
    """What computes a bundle's network: our own loops, on a CPU where they were built, else ONNX Runtime.

    Either has repeated the golden answers, each in two chunks; else `InvalidBundle` is raised.
    """
    manifest = bundle.manifest
    with _faults_of(bundle):
        graph = OnnxSession(bundle.step_graph, manifest.states, manifest.layers, cuda=settings.cuda)
        replay_golden(bundle, lambda ids: whole(graph, ids))
        if settings.provider != "cpu" or IMPORT_ERROR:
            return graph
        compiled = CompiledSession(bundle.weights)
        replay_golden(bundle, lambda ids: whole(compiled, ids))
        return compiled


@contextmanager
def _faults_of(bundle: Bundle) -> Iterator[None]:
    """Raise `InvalidBundle` for whatever the block raises."""
    try:
        yield
    except InvalidBundle:
        raise
    except Exception as error:  # a runtime refuses a graph in its own ways
        raise InvalidBundle(bundle.step_graph, f"{type(error).__name__} while loading") from error


def whole(session: Session, ids: Array) -> Array:
    """The logits `[C]` of one review, in two chunks where it has two words."""
    batch, row = Batch(session), Row(ids)
    batch.join([row])
    while batch.rows:
        batch.advance((len(ids) + 1) // 2)
    return row.answer


def mean_length(bundle: Bundle) -> float:
    """The mean number of words of the reviews that the model was validated on."""
    words = bundle.manifest.reference.words
    middles = (np.array(words.edges[:-1]) + np.array(words.edges[1:])) / 2
    counts = np.array(words.counts)
    return max(1.0, float(middles @ counts) / max(1, int(counts.sum())))


def _run(session: Session, rows: int, steps: int) -> None:
    ids = np.zeros(steps + 1, np.int64)
    batch = Batch(session)
    batch.join([Row(ids)] * rows)
    batch.advance(steps)
