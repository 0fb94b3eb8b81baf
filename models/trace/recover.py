"""Every gate at every step: as the network kept them, or from the hidden states alone.

The gates at step t depend on the layer's input at t and its hidden state at t - 1 only, and both are known once the
network has run: two matrix products a gate, and one scan for the cell. `residual` says how well the gates give the
hidden states back through the equations of `models.network.equations`.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.network.equations import VALUES, Array, Ids, Weights
from models.trace.activations import Activations, LayerActivations
from models.trace.cell_trace import shifted
from models.trace.cells import CELL_TRACES
from models.trace.pooling import Tensors


def recover(weights: Weights, ids: Ids, hidden: Sequence[Array], values: Sequence[Array] = ()) -> Activations:
    """Return the activations of `ids [T]`, T >= 1, from the hidden states `[T, H]` of every layer, lowest first.

    They have the precision of `hidden`. `values [V, T, H]` of every layer, which a session may have kept, save
    computing them here.
    """
    inputs, layers = np.asarray(weights.embedding[ids]), []
    for number, states in enumerate(hidden):
        by_name = _by_name(weights, number, inputs, states, values, {})
        residual = float(np.abs(CELL_TRACES[weights.cell].recomputed(by_name) - states).max())
        layers.append(LayerActivations(by_name, inputs, residual))
        inputs = states
    return Activations(weights, ids, tuple(layers))


def top_values(
    weights: Weights, ids: Ids, hidden: Sequence[Array], values: Sequence[Array], before: Tensors
) -> Mapping[str, Array]:
    """Return VALUES and `hidden` of the top layer by name, `[T, H]` each, where the network goes on from `before`."""
    top = len(hidden) - 1
    inputs = hidden[top - 1] if top else np.asarray(weights.embedding[ids])
    return _by_name(weights, top, inputs, hidden[top], values, before)


def _by_name(
    weights: Weights, number: int, inputs: Array, states: Array, values: Sequence[Array], before: Tensors
) -> Mapping[str, Array]:
    """Return VALUES and `hidden`, `[T, H]` each, of layer `number`; without state tensors `before` it starts anew."""
    if values:
        found: Sequence[Array] = list(values[number])
    else:
        first, cell = before.get(f"hidden_{number}"), before.get(f"cell_{number}")
        found = CELL_TRACES[weights.cell].values(weights.layers[number], inputs, shifted(states, first), cell)
    return {**dict(zip(VALUES[weights.cell], found, strict=True)), "hidden": states}
