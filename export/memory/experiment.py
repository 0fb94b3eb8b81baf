"""What a network remembers of a text: four measures of the same networks on the same texts."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from export.memory.networks import Network
from export.memory.texts import LENGTHS, Labels, Material, Texts, as_typed
from export.training.dataset import encode
from models.network.bulk import run_many
from models.network.equations import Array, Cell, Ids, Weights
from models.network.onnx_graph import open_step_graph
from models.network.pooling import Pooling
from models.network.session import Session, run_whole
from models.text.words import Vocabulary
from models.trace import recover
from models.trace.gradient import backpropagate
from models.trace.target import Target, target_head

TRACED = 60
FAR = 20
"""From how many words back on a word is far."""


class NetworkMemory(BaseModel):
    """What was measured of one network; accuracies and shares are 0 to 1.

    `by_length`: accuracy on texts of so many words of one label. `planted`: by how many words follow it, what the first
    word changes, in log-odds of the last label over the first: a word that tells the last against one that tells the
    first. `gradient_start` and `gradient_end`, of training: the size of the gradient of the same logit by the vector
    of the word 0, 1, 2 ... words before the last, as a share of those of all words of the text, mean over texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    cell: Cell
    pooling: Pooling
    accuracy: float
    shuffled: float
    by_length: dict[int, float]
    planted: dict[int, float]
    gradient_start: tuple[float, ...]
    gradient_end: tuple[float, ...]

    @property
    def far_start(self) -> float:
        """The share of the gradient, before training, that is of words at least `FAR` back."""
        return sum(self.gradient_start[FAR:])

    @property
    def far_end(self) -> float:
        """The share of the gradient, after training, that is of words at least `FAR` back."""
        return sum(self.gradient_end[FAR:])


def measure_memory(network: Network, given: Material) -> NetworkMemory:
    """Ask a network about all the texts that it is `given`."""
    asked = _Asked(network.trained, network.vocabulary)
    shuffled = [asked.accuracy(texts, given.targets) for texts in given.shuffled]
    by_length = {length: asked.accuracy(texts, given.read_targets) for length, texts in given.read.items()}
    planted = {distance: asked.contrast(*texts) for distance, texts in given.planted.items()}
    traced = encode(as_typed(given.read[LENGTHS[-1]][:: max(1, len(given.read_targets) // TRACED)]), network.vocabulary)
    return NetworkMemory(
        name=network.name,
        cell=network.cell,
        pooling=network.pooling,
        accuracy=asked.accuracy(given.reviews, given.targets),
        shuffled=float(np.mean(shuffled)),
        by_length=by_length,
        planted=planted,
        gradient_start=gradient_by_distance(network.untrained, traced),
        gradient_end=gradient_by_distance(network.trained, traced),
    )


class _Asked:
    """A trained network that answers texts."""

    def __init__(self, weights: Weights, vocabulary: Vocabulary) -> None:
        self._session, self._vocabulary = open_step_graph(weights), vocabulary

    def accuracy(self, texts: Texts, targets: Labels) -> float:
        """Return the share of `texts` that get their label."""
        return float((self._logits(texts).argmax(1) == targets).mean())

    def contrast(self, first: Texts, last: Texts) -> float:
        """Return how much higher the log-odds of the last label over the first are for the texts `last`, on average."""
        (low, high) = (_log_odds(self._logits(texts)).mean() for texts in (first, last))
        return float(high - low)

    def _logits(self, texts: Texts) -> Array:
        return run_many(self._session, encode(as_typed(texts), self._vocabulary))


def _log_odds(logits: Array) -> Array:
    return Target(logits.shape[1] - 1, 0).of(logits)


def gradient_by_distance(weights: Weights, reviews: Sequence[Ids]) -> tuple[float, ...]:
    """Return the size of the gradient by the vector of each word, the last word first, as its share of the review's.

    It is of the last label's logit less the first's, and the mean over `reviews`, back to as many words as all have.
    """
    session, head = open_step_graph(weights), target_head(weights, Target(weights.classes - 1, 0))
    shortest = min(map(len, reviews))
    shares = np.zeros(shortest)
    for ids in reviews:
        _, by_vector = backpropagate(recover(weights, ids, _hidden(session, ids)), head)
        sizes = np.linalg.norm(by_vector, axis=1)
        shares += (sizes / sizes.sum())[::-1][:shortest]
    mean: list[float] = (shares / len(reviews)).tolist()
    return tuple(mean)


def _hidden(session: Session, ids: Ids) -> list[Array]:
    hidden = run_whole(session, [ids], traced=True).hidden
    return [np.ascontiguousarray(layer[:, 0]) for layer in hidden]
