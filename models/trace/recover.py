"""Every gate at every step, from the hidden states alone: two matrix products a gate, and one scan for the cell.

The gates at step t depend on the layer's input at t and its hidden state at t - 1 only, and both are known once the
network has run: nothing recurrent is evaluated again. `residual` says how well the recovered values give the hidden
states back through the equations of `models.network.equations`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array, Cell, Layer, PreActivations, Weights, sigmoid
from models.trace.linear import scan

_Recovered = tuple[dict[str, Array], Array, Array | None, Array]
"""Values by name, what the last tanh was taken of, what the reset gate let through, the hidden states once more."""


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """One layer over one review.

    `values` holds `[T, H]` by name: LSTM `forget input candidate output cell hidden`; GRU `reset update candidate
    hidden`; RNN `hidden`. `inputs [T, I]` is what the layer read, `before [T, H]` its hidden state before each step.
    `pre [T, H]` is what the candidate's (RNN: the hidden state's) tanh was taken of, and `recurrent [T, H]`, GRU
    only, what the reset gate let through or not. `residual` is the largest |recomputed - hidden|.
    """

    values: Mapping[str, Array]
    inputs: Array
    before: Array
    pre: Array
    recurrent: Array | None
    residual: float

    def __getitem__(self, name: str) -> Array:
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Trace:
    """One review as a network read it: `ids [T]` and a `LayerTrace` for each layer, in the precision of `hidden`."""

    weights: Weights
    ids: NDArray[np.int64]
    layers: tuple[LayerTrace, ...]

    @property
    def cell(self) -> Cell:
        """The kind of cell."""
        return self.weights.cell

    @property
    def top(self) -> LayerTrace:
        """The layer that the head reads."""
        return self.layers[-1]

    @property
    def residual(self) -> float:
        """The largest |recomputed - hidden| of all layers."""
        return max(layer.residual for layer in self.layers)


def recover(
    weights: Weights, ids: NDArray[np.int64], hidden: Sequence[Array], sums: Sequence[PreActivations] | None = None
) -> Trace:
    """The trace of `ids [T]`, T >= 1, from the hidden states `[T, H]` of every layer, lowest first.

    `sums` are what the activations of every layer are taken of, where somebody has them already.
    """
    inputs, layers = np.asarray(weights.embedding[ids]), []
    for number, (layer, states) in enumerate(zip(weights.layers, hidden, strict=True)):
        before = _before(states)
        of = sums[number] if sums is not None else _SUMS[weights.cell](layer, inputs, before)
        values, pre, recurrent, again = _RECOVER[weights.cell](of, before)
        layers.append(LayerTrace(values | {"hidden": states}, inputs, before, pre, recurrent, _largest(again - states)))
        inputs = states
    return Trace(weights, ids, tuple(layers))


def _rnn(sums: PreActivations, before: Array) -> _Recovered:
    (pre,) = sums
    return {}, pre, None, np.tanh(pre)


def _lstm(sums: PreActivations, before: Array) -> _Recovered:
    open_, forget, output = (sigmoid(sums[gate]) for gate in (0, 1, 3))
    candidate = np.tanh(sums[2])
    cell = scan(forget, open_ * candidate)
    values = {"forget": forget, "input": open_, "candidate": candidate, "output": output, "cell": cell}
    return values, sums[2], None, output * np.tanh(cell)


def _gru(sums: PreActivations, before: Array) -> _Recovered:
    reset, update, recurrent = sigmoid(sums[0]), sigmoid(sums[1]), sums[3]
    pre = sums[2] + reset * recurrent
    candidate = np.tanh(pre)
    values = {"reset": reset, "update": update, "candidate": candidate}
    return values, pre, recurrent, (1 - update) * candidate + update * before


_RECOVER = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}


def _sums(layer: Layer, inputs: Array, before: Array) -> PreActivations:
    """A product a gate costs no more than one for all, and its arrays are small enough for the allocator to reuse."""
    return [_weighed(layer, gate, inputs, before) for gate in range(len(layer.bias_ih) // before.shape[1])]


def _gru_sums(layer: Layer, inputs: Array, before: Array) -> PreActivations:
    last = _rows(before, 2)
    of_inputs = inputs @ layer.weight_ih[last].T
    of_inputs += layer.bias_ih[last]
    of_hidden = before @ layer.weight_hh[last].T
    of_hidden += layer.bias_hh[last]
    return [*(_weighed(layer, gate, inputs, before) for gate in (0, 1)), of_inputs, of_hidden]


_SUMS = {"rnn": _sums, "lstm": _sums, "gru": _gru_sums}


def _weighed(layer: Layer, gate: int, inputs: Array, before: Array) -> Array:
    """What the activation of the `gate`-th gate is taken of, `[T, H]`."""
    rows = _rows(before, gate)
    pre: Array = inputs @ layer.weight_ih[rows].T
    pre += before @ layer.weight_hh[rows].T
    pre += layer.bias_ih[rows] + layer.bias_hh[rows]
    return pre


def _rows(hidden: Array, gate: int) -> slice:
    size = hidden.shape[1]
    return slice(gate * size, (gate + 1) * size)


def _before(hidden: Array) -> Array:
    before = np.zeros_like(hidden)
    before[1:] = hidden[:-1]
    return before


def _largest(difference: Array) -> float:
    return float(np.abs(difference).max())
