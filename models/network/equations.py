"""The equations of every cell, once, with the field's names: the oracle of every test.

Plain NumPy, one review at a time, one step after another: written to be read and to be right in float64, not to be
fast. Weights keep PyTorch's names, layout and gate order: LSTM `input, forget, candidate, output`, GRU `reset,
update, candidate`, minGRU `update, candidate`; the update gate *keeps* the old state, as in PyTorch and ONNX. No gate
of a minGRU reads its hidden state: its `weight_hh` is `[0, H]`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from models.network.pooling import Pooling, Reduction, pool, reductions

Cell = Literal["rnn", "lstm", "gru", "mingru"]
Array = NDArray[Any]

Ids = NDArray[np.int64]
"""The words of one review as ids, `[T]`."""

CELLS: tuple[Cell, ...] = get_args(Cell)
"""In the order of the compiled loops, `native/network.h`."""
BUILT_IN: tuple[Cell, ...] = ("rnn", "lstm", "gru")
"""Those of the built-in models."""

GATES: Mapping[Cell, tuple[str, ...]] = {
    "rnn": ("hidden",),
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
    "mingru": ("update", "candidate"),
}
"""The row blocks of a layer's weights, in PyTorch's order."""

RECURRENT_GATES: Mapping[Cell, tuple[str, ...]] = {**GATES, "mingru": ()}
"""Those of them that read the hidden state before."""

VALUES: Mapping[Cell, tuple[str, ...]] = {
    "rnn": ("pre_candidate",),
    "lstm": ("input", "forget", "candidate", "output", "cell", "pre_candidate"),
    "gru": ("reset", "update", "candidate", "pre_candidate", "recurrent_candidate"),
    "mingru": ("update", "candidate"),
}
"""What a step makes on the way to its hidden state, in the order of the compiled loops, `native/cells.h`.

`pre_candidate` is the candidate (RNN: the hidden state) before its tanh; `recurrent_candidate` is the part of it that
the reset gate of a GRU multiplies."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One recurrent layer: `weight_ih [G*H, I]`, `weight_hh [R*H, H]`, `bias_ih [G*H]`, `bias_hh [R*H]`.

    G gates, of which R read the hidden state before.
    """

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array
    bias_hh: Array


@dataclass(frozen=True, slots=True)
class Weights:
    """Everything a classifier has learnt; the temperature is already folded into the head.

    `embedding [V, E]`, `layers`, `head_weight [C, D]`, `head_bias [C]`, where D is H for each
    reduction of the pooling.
    """

    cell: Cell
    pooling: Pooling
    embedding: Array
    layers: tuple[Layer, ...]
    head_weight: Array
    head_bias: Array

    @property
    def embedding_size(self) -> int:
        """E, the width of a word vector."""
        return int(self.embedding.shape[1])

    @property
    def hidden_size(self) -> int:
        """H, the number of units of a layer."""
        return int(self.layers[0].weight_hh.shape[1])

    @property
    def classes(self) -> int:
        """C, the number of labels."""
        return int(self.head_bias.shape[0])

    def heads(self) -> dict[Reduction, Array]:
        """Return the head's weights for each reduction of the pooling, `[C, H]`."""
        names, size = reductions(self.pooling), self.hidden_size
        return {name: self.head_weight[:, place * size : (place + 1) * size] for place, name in enumerate(names)}

    def tensors(self) -> dict[str, Array]:
        """Return the weights by name, as `weights.safetensors` holds them."""
        named = {"embedding.weight": self.embedding}
        for number, layer in enumerate(self.layers):
            named[f"rnn.weight_ih_l{number}"] = layer.weight_ih
            named[f"rnn.weight_hh_l{number}"] = layer.weight_hh
            named[f"rnn.bias_ih_l{number}"] = layer.bias_ih
            named[f"rnn.bias_hh_l{number}"] = layer.bias_hh
        return named | {"head.weight": self.head_weight, "head.bias": self.head_bias}

    @classmethod
    def from_tensors(cls, cell: Cell, pooling: Pooling, tensors: Mapping[str, Array]) -> "Weights":
        """Return weights from arrays named as `tensors` does. Raises `ValueError` where one is missing or misshapen."""
        count = sum(name.startswith("rnn.weight_ih_l") for name in tensors)
        try:
            layers = tuple(
                Layer(*(tensors[f"rnn.{part}_l{number}"] for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")))
                for number in range(count)
            )
            weights = cls(
                cell,
                pooling,
                tensors["embedding.weight"],
                layers,
                tensors["head.weight"],
                tensors["head.bias"],
            )
        except KeyError as error:
            raise ValueError(f"the weights lack {error.args[0]!r}") from error
        weights._check()
        if unknown := sorted(tensors.keys() - weights.tensors().keys()):
            raise ValueError(f"the weights hold {unknown[0]!r}, which no part of the network is")
        return weights

    def astype(self, dtype: type[np.floating[Any]]) -> "Weights":
        """Return the same weights in another precision."""
        return Weights.from_tensors(
            self.cell, self.pooling, {name: array.astype(dtype) for name, array in self.tensors().items()}
        )

    def _check(self) -> None:
        if not self.layers:
            raise ValueError("the weights have no recurrent layer")
        for name, array in self.tensors().items():
            if array.ndim != (1 if "bias" in name else 2):
                raise ValueError(f"{name} has shape {array.shape}: it has {array.ndim} axes")
        for name, shape in self._shapes().items():
            if self.tensors()[name].shape != shape:
                raise ValueError(f"{name} has shape {self.tensors()[name].shape}, expected {shape}")

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape that every tensor must have beside the others."""
        vocabulary, width = self.embedding.shape
        hidden = self.hidden_size
        rows, recurrent = (len(gates[self.cell]) * hidden for gates in (GATES, RECURRENT_GATES))
        shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (vocabulary, width)}
        for number in range(len(self.layers)):
            shapes[f"rnn.weight_ih_l{number}"] = (rows, width)
            shapes[f"rnn.weight_hh_l{number}"] = (recurrent, hidden)
            shapes[f"rnn.bias_ih_l{number}"], shapes[f"rnn.bias_hh_l{number}"] = (rows,), (recurrent,)
            width = hidden
        pooled = len(reductions(self.pooling)) * hidden
        return shapes | {"head.weight": (self.classes, pooled), "head.bias": (self.classes,)}


@dataclass(frozen=True, slots=True)
class Run:
    """One layer over one review: arrays by name, each `[T, H]`.

    LSTM: `input forget candidate output cell hidden`; GRU: `reset update candidate hidden`; minGRU: `update candidate
    hidden`; RNN: `hidden`.
    """

    values: Mapping[str, Array]

    @property
    def hidden(self) -> Array:
        """The hidden state after each step, `[T, H]`."""
        return self.values["hidden"]


@dataclass(frozen=True, slots=True)
class Forward:
    """One review through the network: a `Run` per layer and `logits [C]`."""

    runs: tuple[Run, ...]
    logits: Array


def sigmoid(x: Array) -> Array:
    """Return the logistic function, without overflow."""
    return cast(Array, 0.5 * (1.0 + np.tanh(0.5 * x)))


def softmax(logits: Array) -> Array:
    """Return probabilities over the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return cast(Array, raised / raised.sum(axis=-1, keepdims=True))


def rnn_step(layer: Layer, x: Array, state: Mapping[str, Array]) -> dict[str, Array]:
    """Take a step of Elman 1990: `h = tanh(W x + b + U h' + b')`."""
    return {"hidden": np.tanh(layer.weight_ih @ x + layer.bias_ih + layer.weight_hh @ state["hidden"] + layer.bias_hh)}


def lstm_step(layer: Layer, x: Array, state: Mapping[str, Array]) -> dict[str, Array]:
    """Take a step of Hochreiter and Schmidhuber 1997 with Gers et al. 2000: `c = f c' + i g`, `h = o tanh(c)`."""
    a = layer.weight_ih @ x + layer.bias_ih + layer.weight_hh @ state["hidden"] + layer.bias_hh
    a_input, a_forget, a_candidate, a_output = np.split(a, 4)
    gate = {"input": sigmoid(a_input), "forget": sigmoid(a_forget), "output": sigmoid(a_output)}
    candidate = np.tanh(a_candidate)
    cell = gate["forget"] * state["cell"] + gate["input"] * candidate
    return gate | {"candidate": candidate, "cell": cell, "hidden": gate["output"] * np.tanh(cell)}


def gru_step(layer: Layer, x: Array, state: Mapping[str, Array]) -> dict[str, Array]:
    """Take a step of Cho et al. 2014 as cuDNN and PyTorch do (`linear_before_reset=1`): `h = (1 - z) n + z h'`."""
    x_reset, x_update, x_candidate = np.split(layer.weight_ih @ x + layer.bias_ih, 3)
    h_reset, h_update, h_candidate = np.split(layer.weight_hh @ state["hidden"] + layer.bias_hh, 3)
    reset, update = sigmoid(x_reset + h_reset), sigmoid(x_update + h_update)
    candidate = np.tanh(x_candidate + reset * h_candidate)
    hidden = (1.0 - update) * candidate + update * state["hidden"]
    return {"reset": reset, "update": update, "candidate": candidate, "hidden": hidden}


def mingru_step(layer: Layer, x: Array, state: Mapping[str, Array]) -> dict[str, Array]:
    """Take a step of Feng et al. 2024, section 3.1, gates of `x` alone; `z` keeps: `h = (1 - z) n + z h'`."""
    a_update, candidate = np.split(layer.weight_ih @ x + layer.bias_ih, 2)
    update = sigmoid(a_update)
    return {"update": update, "candidate": candidate, "hidden": (1.0 - update) * candidate + update * state["hidden"]}


STEPS = {"rnn": rnn_step, "lstm": lstm_step, "gru": gru_step, "mingru": mingru_step}


def run_layer(cell: Cell, layer: Layer, inputs: Array) -> Run:
    """Run one layer over `inputs [T, I]` from a zero state."""
    zero = np.zeros(layer.weight_hh.shape[1], inputs.dtype)
    steps = list(_steps(cell, layer, inputs, {"hidden": zero, "cell": zero}))
    return Run({name: np.stack([step[name] for step in steps]) for name in steps[0]})


def _steps(cell: Cell, layer: Layer, inputs: Array, state: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    for x in inputs:
        step = STEPS[cell](layer, x, state)
        yield step
        state = step


def forward(weights: Weights, ids: Ids) -> Forward:
    """Run one review, `ids [T]` with T >= 1, through the whole network in the precision of the weights."""
    inputs, runs = weights.embedding[ids], []
    for layer in weights.layers:
        run = run_layer(weights.cell, layer, inputs)
        runs.append(run)
        inputs = run.hidden
    logits: Array = weights.head_weight @ pool(weights.pooling, inputs) + weights.head_bias
    return Forward(tuple(runs), logits)
