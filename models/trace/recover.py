"""Every gate at every step, from the hidden states alone: two matrix products a gate, and one scan for the cell.

The gates at step t depend on the layer's input at t and its hidden state at t - 1 only, and both are known once the
network has run: nothing recurrent is evaluated again. `residual` says how well the recovered values give the hidden
states back through the equations of `models.cells`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cells import Array, Cell, Layer, Weights, sigmoid


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


def recover(weights: Weights, ids: NDArray[np.int64], hidden: Sequence[Array]) -> Trace:
    """The trace of `ids [T]`, T >= 1, from the hidden states `[T, H]` of every layer, lowest first."""
    inputs, layers = np.asarray(weights.embedding[ids]), []
    for layer, states in zip(weights.layers, hidden, strict=True):
        layers.append(_RECOVER[weights.cell](layer, inputs, states))
        inputs = states
    return Trace(weights, ids, tuple(layers))


def _rnn(layer: Layer, inputs: Array, hidden: Array) -> LayerTrace:
    before = _before(hidden)
    pre = _weighed(layer, 0, inputs, before)
    return LayerTrace({"hidden": hidden}, inputs, before, pre, None, _largest(np.tanh(pre) - hidden))


def _lstm(layer: Layer, inputs: Array, hidden: Array) -> LayerTrace:
    before = _before(hidden)
    open_, forget = (sigmoid(_weighed(layer, gate, inputs, before)) for gate in (0, 1))
    pre = _weighed(layer, 2, inputs, before)
    candidate, output = np.tanh(pre), sigmoid(_weighed(layer, 3, inputs, before))
    cell = scan(forget, open_ * candidate)
    values = {"forget": forget, "input": open_, "candidate": candidate, "output": output, "cell": cell}
    residual = _largest(output * np.tanh(cell) - hidden)
    return LayerTrace(values | {"hidden": hidden}, inputs, before, pre, None, residual)


def _gru(layer: Layer, inputs: Array, hidden: Array) -> LayerTrace:
    before, last = _before(hidden), _rows(hidden, 2)
    reset, update = (sigmoid(_weighed(layer, gate, inputs, before)) for gate in (0, 1))
    recurrent = before @ layer.weight_hh[last].T
    recurrent += layer.bias_hh[last]
    pre = inputs @ layer.weight_ih[last].T
    pre += layer.bias_ih[last]
    pre += reset * recurrent
    candidate = np.tanh(pre)
    values = {"reset": reset, "update": update, "candidate": candidate, "hidden": hidden}
    residual = _largest((1 - update) * candidate + update * before - hidden)
    return LayerTrace(values, inputs, before, pre, recurrent, residual)


_RECOVER = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}


def scan(keep: Array, write: Array) -> Array:
    """`s_t = keep_t s_{t-1} + write_t` from zero, `[T, H]`."""
    states = write.copy()
    for before, kept, state in zip(states[:-1], keep[1:], states[1:], strict=True):
        np.add(state, kept * before, out=state)
    return states


def _weighed(layer: Layer, gate: int, inputs: Array, before: Array) -> Array:
    """What the activation of the `gate`-th gate is taken of, `[T, H]`.

    A product a gate costs no more than one for all, and its arrays are small enough for the allocator to reuse.
    """
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
