"""All of a trace that depends on the kind of cell: a new cell is one more `CellTrace` in this file."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.network.equations import Array, Cell, Layer, sigmoid
from models.trace.activations import LayerActivations
from models.trace.cell_trace import CellTrace, GatedMemory, rows, shifted
from models.trace.linear import backward_scan, reverse_scan, scan, tanh_ratio


def _pre_activation(layer: Layer, gate: int, inputs: Array, hidden_before: Array) -> Array:
    """Return what a gate is applied to: a product for each gate is no dearer than one for all."""
    block = rows(layer, gate)
    pre: Array = inputs @ layer.weight_ih[block].T
    pre += hidden_before @ layer.weight_hh[block].T
    pre += layer.bias_ih[block] + layer.bias_hh[block]
    return pre


def _over_time(grad: Array, bias: Array) -> float:
    """Return what a bias contributes, from the gradient `[T, H]` by what it is added to."""
    return float(grad.sum(axis=0, dtype=np.float64) @ bias)


# RNN: h = tanh(a), a = W x + b + U h' + b'

FADE = 0.92
"""What a step of an RNN hands on of the shares before it, where the ratio of its tanh is held fixed.

Without a gate that lets go, all of them would grow from word to word, though the network forgets. The rest counts as
made by the network's biases.
"""


def _rnn_backward(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, Array]:
    slope = 1 - np.square(of["hidden"])
    total, a = np.empty_like(grad_hidden), np.empty_like(grad_hidden)
    later = np.zeros_like(grad_hidden[0])
    for step in range(len(total) - 1, -1, -1):
        total[step] = grad_hidden[step] + later
        a[step] = total[step] * slope[step]
        later = a[step] @ layer.weight_hh
    return total, a @ layer.weight_ih


def _rnn_backward_frozen(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, float]:
    one, none = np.ones_like(grad_hidden), np.zeros_like(grad_hidden)
    slope = tanh_ratio(FADE * one, of["hidden"], of["pre_candidate"])
    grad = backward_scan(grad_hidden, one, none, slope, one, layer.weight_hh)
    held_back = (1 / FADE - 1) * float(np.vdot(grad, of["pre_candidate"]))
    return grad, _over_time(grad, layer.bias_ih + layer.bias_hh) + held_back


_RNN = CellTrace(
    tensors=("hidden",),
    conventions={"hidden": "tanh of this word and the hidden state before"},
    candidate=0,
    values=lambda layer, inputs, before, _: [_pre_activation(layer, 0, inputs, before)],
    recomputed=lambda of: np.tanh(of["pre_candidate"]),
    backward=_rnn_backward,
    backward_frozen=_rnn_backward_frozen,
    memory=None,
)


# LSTM: c = f c' + i g, h = o tanh(c)


def _lstm_values(layer: Layer, inputs: Array, hidden_before: Array, cell_before: Array | None) -> Sequence[Array]:
    pre = [_pre_activation(layer, gate, inputs, hidden_before) for gate in range(4)]
    input_, forget, output = (sigmoid(pre[gate]) for gate in (0, 1, 3))
    candidate = np.tanh(pre[2])
    added = input_ * candidate
    if cell_before is not None:
        added[0] += forget[0] * cell_before
    return [input_, forget, candidate, output, scan(forget, added), pre[2]]


def _lstm_recomputed(of: Mapping[str, Array]) -> Array:
    cell = of["forget"] * shifted(of["cell"]) + of["input"] * of["candidate"]
    hidden: Array = of["output"] * np.tanh(cell)
    return hidden


def _lstm_readout(of: Mapping[str, Array]) -> Array:
    return tanh_ratio(of["output"], np.tanh(of["cell"]), of["cell"])


def _lstm_backward(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, Array]:
    input_, forget, candidate, output, cell = (of[name] for name in ("input", "forget", "candidate", "output", "cell"))
    squashed, cell_before = np.tanh(cell), shifted(cell)
    to_cell = output * (1 - np.square(squashed))
    slopes = np.stack(
        [
            candidate * input_ * (1 - input_),
            cell_before * forget * (1 - forget),
            input_ * (1 - np.square(candidate)),
            squashed * output * (1 - output),
        ],
        axis=1,
    )
    total, a = np.empty_like(grad_hidden), np.empty_like(slopes)
    later, grad_cell = np.zeros_like(grad_hidden[0]), np.zeros_like(grad_hidden[0])
    for step in range(len(total) - 1, -1, -1):
        total[step] = grad_hidden[step] + later
        grad_cell = grad_cell + total[step] * to_cell[step]
        np.multiply(grad_cell, slopes[step, :3], out=a[step, :3])
        np.multiply(total[step], slopes[step, 3], out=a[step, 3])
        grad_cell = grad_cell * forget[step]
        later = a[step].ravel() @ layer.weight_hh
    return total, a.reshape(len(a), -1) @ layer.weight_ih


def _lstm_backward_frozen(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, float]:
    block, slope = rows(layer, 2), tanh_ratio(of["input"], of["candidate"], of["pre_candidate"])
    one = np.ones_like(grad_hidden)
    grad = backward_scan(grad_hidden, _lstm_readout(of.values), of["forget"], slope, one, layer.weight_hh[block])
    return grad, _over_time(grad, layer.bias_ih[block] + layer.bias_hh[block])


_LSTM = CellTrace(
    tensors=("forget", "input", "candidate", "output", "cell", "hidden"),
    conventions={
        "forget": "1 keeps the cell before, 0 clears it",
        "input": "1 lets the candidate in",
        "cell": "forget x cell before + input x candidate",
        "hidden": "output x tanh(cell)",
    },
    candidate=2,
    values=_lstm_values,
    recomputed=_lstm_recomputed,
    backward=_lstm_backward,
    backward_frozen=_lstm_backward_frozen,
    memory=GatedMemory(
        kept=lambda of: of["forget"], written=lambda of: of["input"] * of["candidate"], readout=_lstm_readout
    ),
)


# GRU: n = tanh(W x + b + r (U h' + b')), h = (1 - z) n + z h'


def _gru_values(layer: Layer, inputs: Array, hidden_before: Array, _: Array | None) -> Sequence[Array]:
    reset, update = (sigmoid(_pre_activation(layer, gate, inputs, hidden_before)) for gate in (0, 1))
    block = rows(layer, 2)
    recurrent = hidden_before @ layer.weight_hh[block].T + layer.bias_hh[block]
    pre_candidate = inputs @ layer.weight_ih[block].T + layer.bias_ih[block] + reset * recurrent
    return [reset, update, np.tanh(pre_candidate), pre_candidate, recurrent]


def _gru_recomputed(of: Mapping[str, Array]) -> Array:
    hidden: Array = of["candidate"] + of["update"] * (shifted(of["hidden"]) - of["candidate"])
    return hidden


def _gru_backward(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, Array]:
    reset, update, candidate = of["reset"], of["update"], of["candidate"]
    to_pre = (1 - update) * (1 - np.square(candidate))
    to_update = (shifted(of["hidden"]) - candidate) * update * (1 - update)
    to_reset = of["recurrent_candidate"] * reset * (1 - reset)
    size = grad_hidden.shape[1]
    shape, dtype = (len(grad_hidden), 3 * size), grad_hidden.dtype
    total, x, h = np.empty_like(grad_hidden), np.empty(shape, dtype), np.empty(shape, dtype)
    later = np.zeros_like(grad_hidden[0])
    for step in range(len(total) - 1, -1, -1):
        total[step] = grad_hidden[step] + later
        pre = total[step] * to_pre[step]
        x[step, :size] = pre * to_reset[step]
        x[step, size : 2 * size] = total[step] * to_update[step]
        x[step, 2 * size :] = pre
        h[step] = x[step]
        h[step, 2 * size :] = pre * reset[step]
        later = h[step] @ layer.weight_hh + total[step] * update[step]
    return total, x @ layer.weight_ih


def _gru_backward_frozen(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, float]:
    block, update, reset = rows(layer, 2), of["update"], of["reset"]
    slope = tanh_ratio(1 - update, of["candidate"], of["pre_candidate"])
    one = np.ones_like(grad_hidden)
    grad = backward_scan(grad_hidden, one, update, slope, reset, layer.weight_hh[block])
    return grad, _over_time(grad, layer.bias_ih[block]) + _over_time(grad * reset, layer.bias_hh[block])


_GRU = CellTrace(
    tensors=("reset", "update", "candidate", "hidden"),
    conventions={
        "update": "1 keeps the hidden state before, 0 takes the candidate",
        "reset": "0 hides the hidden state before from the candidate",
        "hidden": "(1 - update) x candidate + update x hidden before",
    },
    candidate=2,
    values=_gru_values,
    recomputed=_gru_recomputed,
    backward=_gru_backward,
    backward_frozen=_gru_backward_frozen,
    memory=GatedMemory(
        kept=lambda of: of["update"],
        written=lambda of: (1 - of["update"]) * of["candidate"],
        readout=lambda of: None,
    ),
)


# minGRU: n = W x + b, h = (1 - z) n + z h'; the hidden state before is in no gate


def _mingru_values(layer: Layer, inputs: Array, _: Array, __: Array | None) -> Sequence[Array]:
    update, candidate = (
        inputs @ layer.weight_ih[rows(layer, gate)].T + layer.bias_ih[rows(layer, gate)] for gate in (0, 1)
    )
    return [sigmoid(update), candidate]


def _mingru_backward(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, Array]:
    update, candidate = of["update"], of["candidate"]
    total = reverse_scan(update, grad_hidden)
    to_update = total * (shifted(of["hidden"]) - candidate) * update * (1 - update)
    return total, np.concatenate([to_update, total * (1 - update)], axis=1) @ layer.weight_ih


def _mingru_backward_frozen(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, float]:
    grad = reverse_scan(of["update"], grad_hidden) * (1 - of["update"])
    return grad, _over_time(grad, layer.bias_ih[rows(layer, 1)])


_MINGRU = CellTrace(
    tensors=("update", "candidate", "hidden"),
    conventions={
        "update": "1 keeps the hidden state before, 0 takes the candidate",
        "candidate": "of this word alone, of any size: no tanh",
        "hidden": "(1 - update) x candidate + update x hidden before",
    },
    candidate=1,
    values=_mingru_values,
    recomputed=_gru_recomputed,
    backward=_mingru_backward,
    backward_frozen=_mingru_backward_frozen,
    memory=_GRU.memory,
)


CELL_TRACES: Mapping[Cell, CellTrace] = {"rnn": _RNN, "lstm": _LSTM, "gru": _GRU, "mingru": _MINGRU}
