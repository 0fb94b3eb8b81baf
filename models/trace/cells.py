"""All of a trace that depends on the kind of cell: a new cell is one more `CellTrace` in this file."""

from collections.abc import Mapping

import numpy as np

from models.network.equations import Array, Cell, Layer, PreActivations, sigmoid
from models.trace.activations import LayerActivations
from models.trace.cell_trace import CellTrace, GatedMemory, Recovered, rows, tanh_ratio
from models.trace.linear import backward_scan, reverse_scan, scan


def _pre_activations(layer: Layer, inputs: Array, hidden_before: Array) -> PreActivations:
    """Take a product for each gate: no dearer than one for all, and its arrays are small enough to be reused."""
    gates = len(layer.bias_ih) // layer.weight_hh.shape[1]
    return [_pre_activation(layer, rows(layer, gate), inputs, hidden_before) for gate in range(gates)]


def _pre_activation(layer: Layer, block: slice, inputs: Array, hidden_before: Array) -> Array:
    pre: Array = inputs @ layer.weight_ih[block].T
    pre += hidden_before @ layer.weight_hh[block].T
    pre += layer.bias_ih[block] + layer.bias_hh[block]
    return pre


def _over_time(grad: Array, bias: Array) -> float:
    """Return what a bias contributes, from the gradient `[T, H]` by what it is added to."""
    return float(grad.sum(axis=0, dtype=np.float64) @ bias)


# RNN: h = tanh(a), a = W x + b + U h' + b'


def _rnn_recover(pre: PreActivations, hidden_before: Array) -> Recovered:
    return Recovered({}, pre[0], np.tanh(pre[0]))


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
    slope = tanh_ratio(of["hidden"], of.pre_candidate)
    grad = backward_scan(grad_hidden, one, none, slope, one, layer.weight_hh)
    return grad, _over_time(grad, layer.bias_ih + layer.bias_hh)


_RNN = CellTrace(
    tensors=("hidden",),
    conventions={"hidden": "tanh of this word and the hidden state before"},
    candidate=0,
    pre_activations=_pre_activations,
    recover=_rnn_recover,
    backward=_rnn_backward,
    backward_frozen=_rnn_backward_frozen,
    memory=None,
)


# LSTM: c = f c' + i g, h = o tanh(c)


def _lstm_recover(pre: PreActivations, hidden_before: Array) -> Recovered:
    input_, forget, output = (sigmoid(pre[gate]) for gate in (0, 1, 3))
    candidate = np.tanh(pre[2])
    cell = scan(forget, input_ * candidate)
    values = {"forget": forget, "input": input_, "candidate": candidate, "output": output, "cell": cell}
    return Recovered(values, pre[2], output * np.tanh(cell))


def _lstm_readout(of: LayerActivations) -> Array:
    ratio: Array = of["output"] * tanh_ratio(np.tanh(of["cell"]), of["cell"])
    return ratio


def _lstm_backward(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, Array]:
    input_, forget, candidate, output, cell = (of[name] for name in ("input", "forget", "candidate", "output", "cell"))
    squashed, cell_before = np.tanh(cell), np.zeros_like(cell)
    cell_before[1:] = cell[:-1]
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
    block, slope = rows(layer, 2), of["input"] * tanh_ratio(of["candidate"], of.pre_candidate)
    one = np.ones_like(grad_hidden)
    grad = backward_scan(grad_hidden, _lstm_readout(of), of["forget"], slope, one, layer.weight_hh[block])
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
    pre_activations=_pre_activations,
    recover=_lstm_recover,
    backward=_lstm_backward,
    backward_frozen=_lstm_backward_frozen,
    memory=GatedMemory(
        kept=lambda of: of["forget"], written=lambda of: of["input"] * of["candidate"], readout=_lstm_readout
    ),
)


# GRU: n = tanh(W x + b + r (U h' + b')), h = (1 - z) n + z h'


def _gru_pre_activations(layer: Layer, inputs: Array, hidden_before: Array) -> PreActivations:
    reset, update = (_pre_activation(layer, rows(layer, gate), inputs, hidden_before) for gate in (0, 1))
    block = rows(layer, 2)
    of_inputs = inputs @ layer.weight_ih[block].T
    of_inputs += layer.bias_ih[block]
    of_hidden = hidden_before @ layer.weight_hh[block].T
    of_hidden += layer.bias_hh[block]
    return [reset, update, of_inputs, of_hidden]


def _gru_recover(pre: PreActivations, hidden_before: Array) -> Recovered:
    reset, update, of_hidden = sigmoid(pre[0]), sigmoid(pre[1]), pre[3]
    pre_candidate = pre[2] + reset * of_hidden
    candidate = np.tanh(pre_candidate)
    values = {"reset": reset, "update": update, "candidate": candidate}
    return Recovered(values, pre_candidate, (1 - update) * candidate + update * hidden_before, of_hidden)


def _gru_backward(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, Array]:
    reset, update, candidate = of["reset"], of["update"], of["candidate"]
    to_pre = (1 - update) * (1 - np.square(candidate))
    to_update = (of.hidden_before - candidate) * update * (1 - update)
    to_reset = of.recurrent_candidate * reset * (1 - reset)
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
    slope = (1 - update) * tanh_ratio(of["candidate"], of.pre_candidate)
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
    pre_activations=_gru_pre_activations,
    recover=_gru_recover,
    backward=_gru_backward,
    backward_frozen=_gru_backward_frozen,
    memory=GatedMemory(
        kept=lambda of: of["update"],
        written=lambda of: (1 - of["update"]) * of["candidate"],
        readout=lambda of: None,
    ),
)


# minGRU: n = W x + b, h = (1 - z) n + z h'; the hidden state before is in no gate


def _mingru_pre_activations(layer: Layer, inputs: Array, hidden_before: Array) -> PreActivations:
    return [inputs @ layer.weight_ih[rows(layer, gate)].T + layer.bias_ih[rows(layer, gate)] for gate in (0, 1)]


def _mingru_recover(pre: PreActivations, hidden_before: Array) -> Recovered:
    update, candidate = sigmoid(pre[0]), pre[1]
    recomputed = (1 - update) * candidate + update * hidden_before
    return Recovered({"update": update, "candidate": candidate}, candidate, recomputed)


def _mingru_backward(of: LayerActivations, layer: Layer, grad_hidden: Array) -> tuple[Array, Array]:
    update, candidate = of["update"], of["candidate"]
    total = reverse_scan(update, grad_hidden)
    to_update = total * (of.hidden_before - candidate) * update * (1 - update)
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
    pre_activations=_mingru_pre_activations,
    recover=_mingru_recover,
    backward=_mingru_backward,
    backward_frozen=_mingru_backward_frozen,
    memory=_GRU.memory,
)


CELL_TRACES: Mapping[Cell, CellTrace] = {"rnn": _RNN, "lstm": _LSTM, "gru": _GRU, "mingru": _MINGRU}
