"""Traced reviews for the tests: random networks of every cell, depth and pooling, in float64 by the oracle."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.network.equations import CELLS, GATES, Array, Cell, Ids, Layer, Weights, forward
from models.network.pooling import POOLINGS, Pooling
from models.trace import Target, default_target, recover
from models.trace.activations import Activations
from models.trace.running import running_logits
from models.trace.target import TargetHead, head_gradient, target_head
from tests.bundles import random_weights

KINDS = [(cell, pooling, layers) for cell in CELLS for pooling in POOLINGS for layers in (1, 2)]
GATED = [kind for kind in KINDS if kind[0] != "rnn"]


@dataclass(frozen=True)
class Traced:
    """A review, what the network made of it, and the target that is explained."""

    weights: Weights
    ids: Any
    hidden: list[Array]
    logits: Array
    activations: Activations
    target: Target
    head: TargetHead

    @property
    def grad_hidden(self) -> Array:
        return head_gradient(self.head, self.hidden[-1])

    @property
    def logit(self) -> float:
        return float(self.target.of(self.logits))

    @property
    def running(self) -> Array:
        return self.target.of(running_logits(self.weights, self.hidden[-1]))


def traced(
    cell: Cell,
    pooling: Pooling,
    layers: int = 1,
    *,
    words: int = 23,
    classes: int = 2,
    seed: int = 0,
    target: Target | None = None,
) -> Traced:
    weights = random_weights(cell, pooling, layers=layers, classes=classes, seed=seed).astype(np.float64)
    ids = np.random.default_rng(seed).integers(1, len(weights.embedding), words)
    return of(weights, ids, target)


def of(weights: Weights, ids: Ids, target: Target | None = None) -> Traced:
    answer = forward(weights, ids)
    hidden = [run.hidden for run in answer.runs]
    chosen = target or default_target(answer.logits)
    return Traced(
        weights, ids, hidden, answer.logits, recover(weights, ids, hidden), chosen, target_head(weights, chosen)
    )


def unforgetful(weights: Weights) -> Weights:
    """The network with keeping gates all but open; an RNN gets a rotation that tiny inputs do not saturate."""
    layers: list[Layer] = []
    for layer in weights.layers:
        size = layer.weight_hh.shape[1]
        if weights.cell == "rnn":
            rotation = np.roll(np.eye(size, dtype=np.float32), 1, axis=0)
            quiet = replace(layer, bias_ih=0 * layer.bias_ih, bias_hh=0 * layer.bias_hh, weight_hh=rotation)
            layers.append(replace(quiet, weight_ih=0.01 * layer.weight_ih) if not layers else quiet)
        else:
            bias = layer.bias_ih.copy()
            keeps = next(number for number, gate in enumerate(GATES[weights.cell]) if gate in ("forget", "update"))
            bias[keeps * size : (keeps + 1) * size] += 4.0
            layers.append(replace(layer, bias_ih=bias))
    return replace(weights, layers=tuple(layers))
