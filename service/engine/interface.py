"""What goes into the engine and comes out: settings, answers, the length of the queue, and what others observe."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from models.bundle.open_session import BEST_ON_CPU, Provider
from models.network.equations import Array
from models.network.session import State


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How one engine runs. Without `threads` it computes on the event loop, in turn with what else that does.

    `rows` and `seconds_a_chunk` bound a batch; `rows` is fitted at load where it is None.
    """

    threads: int = 0
    provider: Provider = BEST_ON_CPU
    queue_seconds: float = 2.0
    rows: int | None = None
    seconds_a_chunk: float = 0.002


class Answer(NamedTuple):
    """What the network says of one review: `logits [C]`, `probabilities [C]`, and seconds in queue and in compute.

    `hidden` holds every layer's hidden states `[T, H]` where they were asked for, `values` the VALUES of every layer,
    `[V, T, H]`, where the session keeps them too; `state` is what a stream goes on from.
    """

    logits: Array
    probabilities: Array
    queue_seconds: float
    compute_seconds: float
    hidden: tuple[Array, ...] | None = None
    state: State | None = None
    values: tuple[Array, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueState:
    """The accepted work of one model: reviews, words left to compute, and the predicted seconds to compute them."""

    rows: int
    tokens: int
    seconds: float


Outcome = Literal["rejected", "expired", "cancelled", "error"]
"""Why a review got no answer: too much work waits, its deadline passed, nobody waits for it, computing failed."""


class Observer(Protocol):
    """Notes what the engine does. `batch` is called where chunks are computed, `unanswered` by the event loop."""

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        """Note a run of the network: reviews in it, tokens that hold a word, tokens in all, seconds."""

    def unanswered(self, model: str, version: int, outcome: Outcome) -> None:
        """Note a review that got no answer."""


class Unobserved:
    """Notes nothing."""

    def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
        """Do nothing."""

    def unanswered(self, model: str, version: int, outcome: Outcome) -> None:
        """Do nothing."""
