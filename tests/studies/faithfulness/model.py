"""The model under test: its weights, its step graph for answers, and its torch twin for gradients."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.bundle.files import Bundle
from models.bundle.open_session import open_session
from models.network.bulk import run_many
from models.network.equations import Array, Ids, Weights, softmax
from models.network.session import Session, run_whole
from models.network.torch_network import Classifier


@dataclass(frozen=True, slots=True)
class StudiedModel:
    """One model, by every road that the measures take."""

    name: str
    weights: Weights
    session: Session
    network: Classifier

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> "StudiedModel":
        """The model of a bundle that was read."""
        return cls(bundle.manifest.name, bundle.weights, open_session(bundle), Classifier.from_weights(bundle.weights))

    def logits(self, reviews: Sequence[Ids]) -> Array:
        """The logits `[N, C]` of reviews, none empty; equal ones are run once."""
        number: dict[bytes, int] = {}
        index = np.array([number.setdefault(ids.tobytes(), len(number)) for ids in reviews])
        distinct = [np.frombuffer(key, np.int64) for key in number]
        every: Array = run_many(self.session, distinct)[index]
        return every

    def hidden(self, ids: Ids) -> list[Array]:
        """Every layer's hidden states over one review, each `[T, H]`."""
        hidden = run_whole(self.session, [ids], traced=True).hidden
        return [np.ascontiguousarray(layer[:, 0]) for layer in hidden]


def verdicts(logits: Array) -> Array:
    """What is explained of each review, `[N, C]` over the logits: the predicted label minus the mean of the others."""
    classes = logits.shape[1]
    return np.where(np.eye(classes, dtype=bool)[logits.argmax(1)], 1.0, -1.0 / (classes - 1))


def margins(logits: Array, directions: Array) -> Array:
    """The explained logit of each row, `[N]`."""
    margin: Array = (logits * directions).sum(1)
    return margin


def confidence(logits: Array, labels: Array) -> Array:
    """The probability of `labels [N]` under `logits [N, C]`."""
    chosen: Array = softmax(logits)[np.arange(len(labels)), labels]
    return chosen
