"""Exact accounts of which words made the verdict.

The write ledger says what each step wrote into the top layer's memory that survived to the end (the pass of Arras et
al. 2017 and Du et al. 2019, stopped at the candidate). The deep ledger freezes every gate and every tanh's ratio, so
that the network becomes linear in its word vectors, and reads each word's share off that (layer-wise relevance
propagation with epsilon 0). Both add up, with the bias, to the target's logit. That they do proves nothing about the
gates: any keeping factor telescopes. The contributions are therefore built from what was written, and the gates are
checked by `Trace.residual`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.network.equations import Array, Layer
from models.trace.linear import back, scan_back
from models.trace.recover import LayerTrace, Trace
from models.trace.target import Head, head_gradient

TOLERANCE = 1e-4
"""The largest residual, as a share of the summed |contributions|, of a ledger that is right."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Contributions to the target's logit: `units [T, H]` by word and unit, `words [T]` by word.

    The write ledger's units are the top layer's; the deep ledger's are the first layer's, by whose candidate (RNN:
    hidden state) a word's vector came in. `bias` is what the network's own biases made (0 in the write ledger);
    `residual` what is missing from `logit - head bias`.
    """

    units: Array
    words: Array
    bias: float
    residual: float

    @property
    def sum(self) -> float:
        """All that the ledger accounts for."""
        return float(self.words.sum(dtype=np.float64)) + self.bias

    @property
    def size(self) -> float:
        """The summed |contributions| by unit."""
        return float(np.abs(self.units).sum(dtype=np.float64)) + abs(self.bias)

    @property
    def error(self) -> float:
        """|residual| as a share of the summed |contributions|."""
        return abs(self.residual) / self.size if self.size else abs(self.residual)

    @property
    def cancellation(self) -> float:
        """How many times larger the contributions are than what they add up to; above 10 they say little."""
        made = abs(self.sum + self.residual)
        return float(np.abs(self.words).sum() + abs(self.bias)) / made if made else float("inf")


def ratio(tanh: Array, of: Array) -> Array:
    """`tanh(a) / a`, 1 at 0."""
    near = np.abs(of) < 1e-4
    return np.where(near, 1.0, tanh / np.where(near, 1.0, of)).astype(tanh.dtype, copy=False)


def written(layer: LayerTrace) -> Array:
    """What each step wrote into memory, `[T, H]`: LSTM `i g`, GRU `(1 - z) n`."""
    if "update" in layer.values:
        return (1 - layer["update"]) * layer["candidate"]
    return layer["input"] * layer["candidate"]


def kept(layer: LayerTrace) -> Array:
    """What share of the memory each step kept, `[T, H]`: LSTM the forget gate, GRU the update gate."""
    return layer["update"] if "update" in layer.values else layer["forget"]


def readout(layer: LayerTrace) -> Array | None:
    """Hidden state over memory, `[T, H]`: LSTM `o tanh(c) / c`; None for a GRU, whose memory is its hidden state."""
    if "update" in layer.values:
        return None
    return layer["output"] * ratio(np.tanh(layer["cell"]), layer["cell"])


def write_ledger(trace: Trace, head: Head, logit: float) -> Ledger:
    """What each step wrote that survived to the end. `logit` is the target's. Raises `ValueError` for an RNN."""
    if trace.cell == "rnn":
        raise ValueError("an RNN has no gated memory, and so no write ledger")
    layer = trace.top
    through, read = head_gradient(head, layer["hidden"]), readout(layer)
    survives = scan_back(kept(layer), through if read is None else through * read)
    return _ledger(survives * written(layer), 0.0, logit, head)


def deep_ledger(trace: Trace, head: Head, logit: float) -> Ledger:
    """Each word's share, through all layers, with gates and tanh ratios frozen. `logit` is the target's."""
    through, bias = head_gradient(head, trace.top["hidden"]), 0.0
    for number in reversed(range(len(trace.layers))):
        layer, learnt = trace.layers[number], trace.weights.layers[number]
        v, made = _LINEAR[trace.cell](layer, learnt, through)
        bias += made
        weight = learnt.weight_ih[_candidate(learnt)]
        through = v @ weight if number else v * (layer.inputs @ weight.T)
    return _ledger(through, bias, logit, head)


def _ledger(units: Array, bias: float, logit: float, head: Head) -> Ledger:
    words = units.sum(axis=1)
    return Ledger(units, words, bias, logit - head.bias - bias - float(words.sum(dtype=np.float64)))


def _candidate(learnt: Layer) -> slice:
    """The rows of a layer's weights that belong to the candidate: the third block, or an RNN's only one."""
    size = learnt.weight_hh.shape[1]
    first = 2 * size if len(learnt.weight_hh) > size else 0
    return slice(first, first + size)


def _linear_rnn(layer: LayerTrace, learnt: Layer, through: Array) -> tuple[Array, float]:
    one = np.ones_like(through)
    v = back(through, one, np.zeros_like(through), ratio(layer["hidden"], layer.pre), one, learnt.weight_hh)
    return v, _dot(v, learnt.bias_ih + learnt.bias_hh)


def _linear_lstm(layer: LayerTrace, learnt: Layer, through: Array) -> tuple[Array, float]:
    block, read = _candidate(learnt), readout(layer)
    assert read is not None
    open_ = layer["input"] * ratio(layer["candidate"], layer.pre)
    v = back(through, read, layer["forget"], open_, np.ones_like(through), learnt.weight_hh[block])
    return v, _dot(v, learnt.bias_ih[block] + learnt.bias_hh[block])


def _linear_gru(layer: LayerTrace, learnt: Layer, through: Array) -> tuple[Array, float]:
    block, keep, reset = _candidate(learnt), layer["update"], layer["reset"]
    new = (1 - keep) * ratio(layer["candidate"], layer.pre)
    v = back(through, np.ones_like(through), keep, new, reset, learnt.weight_hh[block])
    return v, _dot(v, learnt.bias_ih[block]) + _dot(v * reset, learnt.bias_hh[block])


_LINEAR: dict[str, Any] = {"rnn": _linear_rnn, "lstm": _linear_lstm, "gru": _linear_gru}
"""A layer with its gates and tanh ratios frozen, backwards: from `through [T, H]`, what a hidden state counts for, to
what the candidate's input counts for, `[T, H]`, and what its biases made.
"""


def _dot(v: Array, bias: Array) -> float:
    return float(v.sum(axis=0, dtype=np.float64) @ bias)


@dataclass(frozen=True, slots=True)
class TopUnits:
    """The units that mattered most: indices `selected [k]`, largest first; the others' share of all |contributions|."""

    selected: NDArray[np.int64]
    omitted: int
    omitted_share: float


def top_units(ledger: Ledger, count: int) -> TopUnits:
    """The `count` units with the largest sum of |contributions| over all words."""
    size = np.abs(ledger.units).sum(axis=0, dtype=np.float64)
    order = np.argsort(-size, kind="stable")
    left_out, total = order[count:], float(size.sum())
    share = float(size[left_out].sum()) / total if total else 0.0
    return TopUnits(order[:count], len(left_out), share)
