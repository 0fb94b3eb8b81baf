"""The true gradient of the target's logit through time: how strongly each earlier state can still move the verdict."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.network.equations import Array, Layer
from models.trace.recover import LayerTrace, Trace
from models.trace.target import Head, head_gradient


@dataclass(frozen=True, slots=True)
class Gradient:
    """`hidden [L, T, H]`: with respect to each layer's hidden states; `vectors [T, E]`: to the word vectors."""

    hidden: Array
    vectors: Array

    @property
    def norm(self) -> Array:
        """The Euclidean norm for each layer and word, `[L, T]`."""
        length: Array = np.linalg.norm(self.hidden, axis=-1)
        return length


def gradient(trace: Trace, head: Head) -> Gradient:
    """Back-propagation through time of the target's logit, with nothing frozen (Werbos 1990)."""
    through, found = head_gradient(head, trace.top["hidden"]), []
    for layer, learnt in zip(reversed(trace.layers), reversed(trace.weights.layers), strict=True):
        total, through = _BACK[trace.cell](layer, learnt, through)
        found.append(total)
    return Gradient(np.stack(found[::-1]), through)


def _rnn(layer: LayerTrace, learnt: Layer, through: Array) -> tuple[Array, Array]:
    slope = 1 - np.square(layer["hidden"])
    total, a = np.empty_like(through), np.empty_like(through)
    later = np.zeros_like(through[0])
    for step in range(len(through) - 1, -1, -1):
        total[step] = through[step] + later
        a[step] = total[step] * slope[step]
        later = a[step] @ learnt.weight_hh
    return total, a @ learnt.weight_ih


def _lstm(layer: LayerTrace, learnt: Layer, through: Array) -> tuple[Array, Array]:
    open_, forget, candidate, output, cell = (
        layer[name] for name in ("input", "forget", "candidate", "output", "cell")
    )
    squashed, cell_before = np.tanh(cell), np.zeros_like(cell)
    cell_before[1:] = cell[:-1]
    to_cell = output * (1 - np.square(squashed))
    slopes = np.stack(
        [
            candidate * open_ * (1 - open_),
            cell_before * forget * (1 - forget),
            open_ * (1 - np.square(candidate)),
            squashed * output * (1 - output),
        ],
        axis=1,
    )
    total, a = np.empty_like(through), np.empty_like(slopes)
    later, memory = np.zeros_like(through[0]), np.zeros_like(through[0])
    for step in range(len(through) - 1, -1, -1):
        total[step] = through[step] + later
        memory = memory + total[step] * to_cell[step]
        np.multiply(memory, slopes[step, :3], out=a[step, :3])
        np.multiply(total[step], slopes[step, 3], out=a[step, 3])
        memory = memory * forget[step]
        later = a[step].ravel() @ learnt.weight_hh
    return total, a.reshape(len(a), -1) @ learnt.weight_ih


def _gru(layer: LayerTrace, learnt: Layer, through: Array) -> tuple[Array, Array]:
    reset, update, candidate = layer["reset"], layer["update"], layer["candidate"]
    recurrent = layer.recurrent
    assert recurrent is not None
    to_pre = (1 - update) * (1 - np.square(candidate))
    to_update = (layer.before - candidate) * update * (1 - update)
    to_reset = recurrent * reset * (1 - reset)
    size = through.shape[1]
    total, x, h = np.empty_like(through), *(np.empty((len(through), 3 * size), through.dtype) for _ in range(2))
    later = np.zeros_like(through[0])
    for step in range(len(through) - 1, -1, -1):
        total[step] = through[step] + later
        pre = total[step] * to_pre[step]
        x[step, :size] = pre * to_reset[step]
        x[step, size : 2 * size] = total[step] * to_update[step]
        x[step, 2 * size :] = pre
        h[step] = x[step]
        h[step, 2 * size :] = pre * reset[step]
        later = h[step] @ learnt.weight_hh + total[step] * update[step]
    return total, x @ learnt.weight_ih


_BACK: dict[str, Any] = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
