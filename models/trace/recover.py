"""Every gate at every step, from the hidden states alone: two matrix products a gate, and one scan for the cell.

The gates at step t depend on the layer's input at t and its hidden state at t - 1 only, and both are known once the
network has run: nothing recurrent is evaluated again. `residual` says how well the recovered values give the hidden
states back through the equations of `models.network.equations`.
"""

from collections.abc import Sequence

import numpy as np

from models.network.equations import Array, Ids, PreActivations, Weights
from models.trace.activations import Activations, LayerActivations
from models.trace.cells import CELL_TRACES


def recover(
    weights: Weights,
    ids: Ids,
    hidden: Sequence[Array],
    pre_activations: Sequence[PreActivations] | None = None,
) -> Activations:
    """Return the activations of `ids [T]`, T >= 1, from the hidden states `[T, H]` of every layer, lowest first.

    They have the precision of `hidden`. `pre_activations` of every layer save computing them here.
    """
    cell = CELL_TRACES[weights.cell]
    inputs, layers = np.asarray(weights.embedding[ids]), []
    for number, (layer, states) in enumerate(zip(weights.layers, hidden, strict=True)):
        before = np.zeros_like(states)
        before[1:] = states[:-1]
        pre = cell.pre_activations(layer, inputs, before) if pre_activations is None else pre_activations[number]
        found = cell.recover(pre, before)
        layers.append(
            LayerActivations(
                found.values | {"hidden": states},
                inputs,
                before,
                found.pre_candidate,
                found.recurrent_candidate,
                residual=float(np.abs(found.recomputed - states).max()),
            )
        )
        inputs = states
    return Activations(weights, ids, tuple(layers))
