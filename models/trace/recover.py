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
    cell = CELL_TRACES[weights.cell]
    inputs, layers = np.asarray(weights.embedding[ids]), []
    for number, (layer, states) in enumerate(zip(weights.layers, hidden, strict=True)):
        found = values[number] if values else cell.values(layer, inputs, shifted(states), None)
        by_name = {**dict(zip(VALUES[weights.cell], found, strict=True)), "hidden": states}
        residual = float(np.abs(cell.recomputed(by_name) - states).max())
        layers.append(LayerActivations(by_name, inputs, residual))
        inputs = states
    return Activations(weights, ids, tuple(layers))


def top_values(
    weights: Weights, ids: Ids, hidden: Sequence[Array], values: Sequence[Array], before: Tensors | None
) -> Mapping[str, Array]:
    """Return VALUES and `hidden` of the top layer by name, `[T, H]` each, where the network goes on from `before`."""
    if values:
        found = list(values[-1])
    else:
        top, first = len(hidden) - 1, before or {}
        inputs = hidden[-2] if top else np.asarray(weights.embedding[ids])
        states = shifted(hidden[-1], first.get(f"hidden_{top}"))
        found = [*CELL_TRACES[weights.cell].values(weights.layers[-1], inputs, states, first.get(f"cell_{top}"))]
    return {**dict(zip(VALUES[weights.cell], found, strict=True)), "hidden": hidden[-1]}
