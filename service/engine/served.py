"""A model that the engine serves: its session, warmed up and checked, its cost model and its queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from models.bundle.files import Bundle, InvalidBundle, replay_golden
from models.network.compiled_session import CompiledSession
from models.network.equations import Array
from models.network.onnx_session import OnnxSession
from models.network.session import Session
from service.engine.batch import Batch, Row
from service.engine.cost import CostModel, measure
from service.engine.interface import EngineSettings
from service.engine.scheduler import Scheduler

SLOWDOWN_RATE = 0.02


@dataclass(slots=True, eq=False)
class ServedModel:
    """One bundle in service. `slowdown` is how much longer chunks take than measured alone, `used` seconds computed."""

    bundle: Bundle
    session: Session
    cost: CostModel
    scheduler: Scheduler
    slowdown: float = field(default=1.0)
    used: float = field(default=0.0)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.bundle.manifest.name

    @property
    def version(self) -> int:
        """The version's number."""
        return self.bundle.manifest.version

    def seconds(self, tokens: int) -> float:
        """Return the predicted seconds of one thread for `tokens` words."""
        return tokens * self.cost.token_seconds * self.slowdown

    def ran(self, predicted: float, seconds: float) -> None:
        """Follow how fast the machine is: a chunk that was to take `predicted` seconds took `seconds`."""
        self.used += seconds
        self.slowdown += SLOWDOWN_RATE * (min(seconds / predicted, 10.0) - self.slowdown)


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
    """Return what computes a bundle's network: the compiled loops or ONNX Runtime, as `settings` say.

    Either has repeated the golden answers, each in two chunks, and ONNX Runtime always has. Raises `InvalidBundle`.
    """
    manifest = bundle.manifest
    with _faults_of(bundle):
        graph = OnnxSession(bundle.step_graph, manifest.states, manifest.layers, cuda=settings.cuda)
        replay_golden(bundle, lambda ids: run_one(graph, ids))
        if settings.provider != "native":
            return graph
        compiled = CompiledSession(bundle.weights)
        replay_golden(bundle, lambda ids: run_one(compiled, ids))
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


def run_one(session: Session, ids: Array) -> Array:
    """Return the logits `[C]` of one review, in two chunks where it has two words."""
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
