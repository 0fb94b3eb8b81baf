"""One served version of a model: what computes it, what that costs, and which reviews wait for it."""

import time
from dataclasses import dataclass

import numpy as np

from models.bundle.files import Bundle
from models.bundle.open_session import open_session, refusing
from models.network.session import Session
from service.engine.batch import Batch, Row
from service.engine.cost import CostModel, measure
from service.engine.interface import EngineSettings
from service.engine.scheduler import Scheduler

SLOWDOWN_RATE = 0.02


@dataclass(slots=True, eq=False)
class Model:
    """One served version. `with model:` holds it: a retired version is given up when nobody holds it any longer.

    `slowdown` is how much longer chunks take than measured alone, `used` how many seconds were computed.
    """

    bundle: Bundle
    session: Session
    cost: CostModel
    scheduler: Scheduler
    load_seconds: float
    slowdown: float = 1.0
    used: float = 0.0
    holders: int = 0

    @classmethod
    def load(cls, bundle: Bundle, settings: EngineSettings) -> "Model":
        """Open a bundle's network, check it, warm it up and measure it. Raises `InvalidBundle`."""
        started = time.perf_counter()
        session = open_session(bundle, settings.provider)
        with refusing(bundle):
            cost = measure(
                lambda rows, steps: _run(session, rows, steps),
                _mean_length(bundle),
                settings.seconds_a_chunk,
                pads=session.pads,
            )
        scheduler = Scheduler(settings.rows or cost.rows)
        return cls(bundle, session, cost, scheduler, time.perf_counter() - started)

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self.bundle.manifest.name

    @property
    def version(self) -> int:
        """Return the version's number."""
        return self.bundle.manifest.version

    def seconds(self, tokens: int) -> float:
        """Return the predicted seconds of one thread for `tokens` words."""
        return tokens * self.cost.token_seconds * self.slowdown

    def ran(self, predicted: float, seconds: float) -> None:
        """Follow how fast the machine is: a chunk that was to take `predicted` seconds took `seconds`."""
        self.used += seconds
        self.slowdown += SLOWDOWN_RATE * (min(seconds / predicted, 10.0) - self.slowdown)

    def __enter__(self) -> None:
        self.holders += 1

    def __exit__(self, *error: object) -> None:
        self.holders -= 1


def _mean_length(bundle: Bundle) -> float:
    """Return the mean number of words of the reviews that the model was validated on."""
    words = bundle.manifest.reference.words
    middles = (np.array(words.edges[:-1]) + np.array(words.edges[1:])) / 2
    counts = np.array(words.counts)
    return max(1.0, float(middles @ counts) / max(1, int(counts.sum())))


def _run(session: Session, rows: int, steps: int) -> None:
    """Compute one chunk of `rows` rows, none of which ends with it."""
    ids = np.zeros(steps + 1, np.int64)
    batch = Batch(session)
    batch.join([Row(ids)] * rows)
    batch.advance(steps)
