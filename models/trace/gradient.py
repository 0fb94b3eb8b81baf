"""The true gradient of the target's logit through time: how strongly each earlier state can still move the verdict."""

from dataclasses import dataclass

import numpy as np

from models.network.equations import Array
from models.trace.activations import Activations
from models.trace.cells import CELL_TRACES
from models.trace.target import TargetHead, head_gradient


@dataclass(frozen=True, slots=True)
class Gradient:
    """How strongly each earlier hidden state can still move the verdict.

    `norm [L, T]`: the Euclidean norm of the true gradient of the target's logit by the hidden state of layer l after
    word t.
    """

    norm: Array


def gradient(activations: Activations, head: TargetHead) -> Gradient:
    """Return the size of the gradient at every layer and word."""
    by_hidden, _ = backpropagate(activations, head)
    return Gradient(np.linalg.norm(by_hidden, axis=-1))


def backpropagate(activations: Activations, head: TargetHead) -> tuple[Array, Array]:
    """Return the gradient of the target's logit by every hidden state, `[L, T, H]`, and by the word vectors, `[T, E]`.

    Back-propagation through time (Werbos 1990), with nothing held fixed.
    """
    backward = CELL_TRACES[activations.cell].backward
    grad, by_layer = head_gradient(head, activations.top["hidden"]), []
    for layer, weights in zip(reversed(activations.layers), reversed(activations.weights.layers), strict=True):
        by_hidden, grad = backward(layer, weights, grad)
        by_layer.append(by_hidden)
    return np.stack(by_layer[::-1]), grad
