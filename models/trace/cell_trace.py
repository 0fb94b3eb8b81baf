"""What a trace needs of a kind of cell: its values, its gradients, how it carries its state.

Gradients are those of the target's logit. `grad_hidden [T, H]` comes from above a layer, by its hidden states; a
backward pass adds what comes back through time and hands the gradient on to what the layer read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Layer
from models.trace.activations import LayerActivations


@dataclass(frozen=True, slots=True)
class GatedMemory:
    """How a cell carries its state from step to step, each `[T, H]`: `state_t = kept_t state_{t-1} + written_t`.

    `readout` is the hidden state over that state; None where the hidden state is that state.
    """

    kept: Callable[[Mapping[str, Array]], Array]
    written: Callable[[Mapping[str, Array]], Array]
    readout: Callable[[Mapping[str, Array]], Array | None]


@dataclass(frozen=True, slots=True)
class CellTrace:
    """The equations of one kind of cell, as traces need them.

    `tensors` are the names of its values and `conventions` say in words how to read them. `candidate` is the row block
    of the candidate (RNN: the hidden state) in a layer's weights. `memory` is None for a cell without a gate that
    carries its state.
    """

    tensors: tuple[str, ...]
    conventions: Mapping[str, str]
    candidate: int
    values: Callable[[Layer, Array, Array, Array | None], Sequence[Array]]
    """VALUES, `[T, H]` each, from a layer's weights, inputs `[T, I]`, hidden states before `[T, H]`, and the cell state
    `[H]` before the first step, zero where it is None."""
    recomputed: Callable[[Mapping[str, Array]], Array]
    """The hidden states `[T, H]` once more, from what each step made."""
    backward: Callable[[LayerActivations, Layer, Array], tuple[Array, Array]]
    """From `grad_hidden`: the whole gradient by the hidden states `[T, H]`, and by the inputs `[T, I]`."""
    backward_frozen: Callable[[LayerActivations, Layer, Array], tuple[Array, float]]
    """The same with gates and tanh ratios held fixed: the gradient by the candidate's pre-activation `[T, H]`, and
    what the layer's biases contribute to the logit."""
    memory: GatedMemory | None

    def candidate_rows(self, layer: Layer) -> slice:
        """Return the rows of a layer's weights that make the candidate."""
        return rows(layer, self.candidate)


def rows(layer: Layer, gate: int) -> slice:
    """Return the rows of the `gate`-th block of a layer's weights."""
    size = layer.weight_hh.shape[1]
    return slice(gate * size, (gate + 1) * size)


def shifted(states: Array, first: Array | None = None) -> Array:
    """Return the state before each step, from `first`, or from zero."""
    before = np.zeros_like(states)
    before[1:] = states[:-1]
    if first is not None:
        before[0] = first
    return before
