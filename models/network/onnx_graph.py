"""The step graph: the network as standard ONNX, built from the weights, one chunk of many reviews a call.

Inputs `token_ids` int64 `[T, B]`, `lengths` int32 `[B]` (1..T), `carry` int64 `[B]` (the row of the previous call
that a row continues, -1 for a fresh review), then the state tensors `[S, ...]`. Outputs `logits` and
`probabilities` `[B, C]`, each state tensor after the chunk `[B, ...]`, and every layer's hidden states `[T, B, H]`.

Built with `onnx.helper` and not by tracing: PyTorch's exporters have dropped `linear_before_reset` and frozen the
time axis. Gate order changes from PyTorch's to ONNX's: LSTM i f g o -> i o f c, GRU r z n -> z r h. Only operators
of the standard domain, `layout=0`, float32.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.network.equations import Array, Cell, Layer, Weights
from models.network.onnx_session import OnnxSession
from models.network.pooling import Reduction, reductions
from models.network.state import StateTensor, over_time, state_tensors

OPSET = 17
IR_VERSION = 8

_OPERATOR = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "mingru": "GRU"}
_ATTRIBUTES: dict[Cell, dict[str, Any]] = {
    "rnn": {},
    "lstm": {},
    "gru": {"linear_before_reset": 1},
    "mingru": {"activations": ["Sigmoid", "Affine"], "activation_alpha": [1.0], "activation_beta": [0.0]},
}
_ONNX_ORDER: dict[Cell, tuple[int, ...]] = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2), "mingru": (1, 0, 2)}
_ONNX_TYPE = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64}


@dataclass
class _Graph:
    """Nodes and constants as they are written down; values are the names of tensors."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: Array) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, np.int64))

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output


def step_graph(weights: Weights) -> onnx.ModelProto:
    """Build the step graph of `weights`, checked by ONNX's own checker and shape inference."""
    states = state_tensors(weights.cell, weights.pooling, len(weights.layers), weights.hidden_size)
    graph = _Graph()
    graph.integers("axis_0", 0)
    graph.add("Cast", ["lengths"], "lengths_64", to=TensorProto.INT64)
    previous = {state.name: _carried(graph, state) for state in states}

    hidden = graph.add("Gather", [graph.constant("embedding.weight", _f32(weights.embedding)), "token_ids"], "vectors")
    for number, layer in enumerate(weights.layers):
        hidden = _layer(graph, weights.cell, number, layer, hidden, previous)

    pooled = _pool(graph, weights, hidden, previous)
    graph.constant("head.weight", _f32(weights.head_weight))
    graph.constant("head.bias", _f32(weights.head_bias))
    graph.add("Gemm", [pooled, "head.weight", "head.bias"], "logits", transB=1)
    graph.add("Softmax", ["logits"], "probabilities", axis=-1)
    return _model(graph, weights, states)


def open_step_graph(weights: Weights) -> OnnxSession:
    """Build the step graph of `weights` and open it in ONNX Runtime."""
    states = state_tensors(weights.cell, weights.pooling, len(weights.layers), weights.hidden_size)
    return OnnxSession(step_graph(weights).SerializeToString(), states, len(weights.layers))


def _carried(graph: _Graph, state: StateTensor) -> str:
    """Gather the state of each row: of the row that it continues, or the initial row, which stands last, at -1."""
    initial = graph.constant(f"initial_{state.name}", np.full((1, *state.shape), state.initial, state.dtype))
    rows = graph.add("Concat", [state.name, initial], f"rows_{state.name}", axis=0)
    return graph.add("Gather", [rows, "carry"], f"previous_{state.name}", axis=0)


def _layer(graph: _Graph, cell: Cell, number: int, layer: Layer, inputs: str, previous: dict[str, str]) -> str:
    """Add a recurrent layer over `inputs [T, B, I]`; return its hidden states over time `[T, B, H]`."""
    suffix = f"_l{number}"
    if cell == "mingru":
        layer = _as_gru(layer)
    arguments = [
        inputs,
        graph.constant(f"W{suffix}", _f32(_reordered(cell, layer.weight_ih))[None]),
        graph.constant(f"R{suffix}", _f32(_reordered(cell, layer.weight_hh))[None]),
        graph.constant(
            f"B{suffix}",
            np.concatenate([_f32(_reordered(cell, layer.bias_ih)), _f32(_reordered(cell, layer.bias_hh))])[None],
        ),
        "lengths",
        graph.add("Unsqueeze", [previous[f"hidden_{number}"], "axis_0"], f"initial_h{suffix}"),
    ]
    outputs = [f"Y{suffix}", f"Y_h{suffix}"]
    attributes = {"hidden_size": layer.weight_hh.shape[1], **_ATTRIBUTES[cell]}
    if cell == "lstm":
        arguments.append(graph.add("Unsqueeze", [previous[f"cell_{number}"], "axis_0"], f"initial_c{suffix}"))
        outputs.append(f"Y_c{suffix}")
    graph.nodes.append(helper.make_node(_OPERATOR[cell], arguments, outputs, name=f"{cell}{suffix}", **attributes))

    graph.integers(f"axis_1{suffix}", 1)
    hidden = graph.add("Squeeze", [f"Y{suffix}", f"axis_1{suffix}"], over_time(number))
    if cell == "rnn":
        _last_of(graph, hidden, number)
    else:
        graph.add("Squeeze", [f"Y_h{suffix}", "axis_0"], f"next_hidden_{number}")
    if cell == "lstm":
        graph.add("Squeeze", [f"Y_c{suffix}", "axis_0"], f"next_cell_{number}")
    return hidden


def _as_gru(layer: Layer) -> Layer:
    """Return a minGRU's layer as a GRU's: nothing reads the hidden state before, so there is nothing to reset."""
    size = layer.weight_hh.shape[1]
    weight, bias = (np.concatenate([np.zeros_like(part[:size]), part]) for part in (layer.weight_ih, layer.bias_ih))
    return Layer(weight, np.zeros((3 * size, size)), bias, np.zeros(3 * size))


def _last_of(graph: _Graph, hidden: str, number: int) -> None:
    """Read `next_hidden_l` at `lengths - 1`: CUDA's vanilla RNN may run on past the end of a row."""
    suffix = f"_l{number}"
    one = graph.constant(f"one{suffix}", np.array(1, np.int32))
    graph.add("Sub", ["lengths", one], f"end{suffix}")
    graph.add("Reshape", [f"end{suffix}", graph.integers(f"as_row{suffix}", 1, -1, 1)], f"end_row{suffix}")
    shape = graph.add("Shape", [f"Y_h{suffix}"], f"shape{suffix}")
    index = graph.add("Expand", [f"end_row{suffix}", shape], f"index{suffix}")
    last = graph.add("GatherElements", [hidden, index], f"last{suffix}", axis=0)
    graph.add("Squeeze", [last, "axis_0"], f"next_hidden_{number}")


def _pool(graph: _Graph, weights: Weights, hidden: str, previous: dict[str, str]) -> str:
    """Pool what the head reads, `[B, D]`: the pooled hidden states of this chunk and of those before it."""
    inside = "" if weights.pooling == "last" else _inside(graph, hidden)
    read = [_REDUCE[name](graph, weights, hidden, inside, previous) for name in reductions(weights.pooling)]
    return read[0] if len(read) == 1 else graph.add("Concat", read, "pooled", axis=1)


def _inside(graph: _Graph, hidden: str) -> str:
    """Find which steps lie within each row's length: bool `[T, B, 1]`."""
    zero, one = (
        graph.constant("index_0", np.array(0, np.int64)),
        graph.constant("index_1", np.array(1, np.int64)),
    )
    length = graph.add("Gather", [graph.add("Shape", [hidden], "hidden_shape"), zero], "T_of_chunk")
    steps = graph.add("Range", [zero, length, one], "steps_of_chunk")
    column = graph.add("Reshape", [steps, graph.integers("as_column", -1, 1, 1)], "steps_column")
    row = graph.add("Reshape", ["lengths_64", graph.integers("as_batch", 1, -1, 1)], "lengths_row")
    return graph.add("Less", [column, row], "inside")


def _last(graph: _Graph, weights: Weights, hidden: str, inside: str, previous: dict[str, str]) -> str:
    """Return the hidden states after the last step `[B, H]`."""
    return f"next_hidden_{len(weights.layers) - 1}"


def _max(graph: _Graph, weights: Weights, hidden: str, inside: str, previous: dict[str, str]) -> str:
    """Take the largest over all steps so far `[B, H]`."""
    zero, lowest = (
        graph.constant(name, np.array(value, np.float32)) for name, value in (("zero", 0), ("lowest", -np.inf))
    )
    penalty = graph.add("Where", [inside, zero, lowest], "penalty")
    masked = graph.add("Add", [hidden, penalty], "inside_or_lowest")
    largest = graph.add("ReduceMax", [masked], "chunk_max", axes=[0], keepdims=0)
    return graph.add("Max", [largest, previous["max"]], "next_max")


def _mean(graph: _Graph, weights: Weights, hidden: str, inside: str, previous: dict[str, str]) -> str:
    """Take the mean over all steps so far `[B, H]`; LSTM and GRU are zero past a row's length, so no mask is needed."""
    if weights.cell == "rnn":
        weight = graph.add("Cast", [inside], "inside_as_float", to=TensorProto.FLOAT)
        hidden = graph.add("Mul", [hidden, weight], "inside_or_zero")
    chunk = graph.add("ReduceSum", [hidden, "axis_0"], "chunk_sum", keepdims=0)
    total = graph.add("Add", [chunk, previous["sum"]], "next_sum")
    steps = graph.add("Add", ["lengths_64", previous["steps"]], "next_steps")
    count = graph.add("Cast", [steps], "steps_as_float", to=TensorProto.FLOAT)
    column = graph.add("Reshape", [count, graph.integers("as_rows", -1, 1)], "steps_of_row")
    return graph.add("Div", [total, column], "mean")


_REDUCE: dict[Reduction, Callable[[_Graph, Weights, str, str, dict[str, str]], str]] = {
    "last": _last,
    "max": _max,
    "mean": _mean,
}


def _model(graph: _Graph, weights: Weights, states: tuple[StateTensor, ...]) -> onnx.ModelProto:
    float32, int64 = TensorProto.FLOAT, TensorProto.INT64
    inputs = [
        helper.make_tensor_value_info("token_ids", int64, ["T", "B"]),
        helper.make_tensor_value_info("lengths", TensorProto.INT32, ["B"]),
        helper.make_tensor_value_info("carry", int64, ["B"]),
        *(helper.make_tensor_value_info(s.name, _ONNX_TYPE[s.dtype], ["S", *s.shape]) for s in states),
    ]
    outputs = [
        helper.make_tensor_value_info("logits", float32, ["B", weights.classes]),
        helper.make_tensor_value_info("probabilities", float32, ["B", weights.classes]),
        *(helper.make_tensor_value_info(s.output, _ONNX_TYPE[s.dtype], ["B", *s.shape]) for s in states),
        *(
            helper.make_tensor_value_info(over_time(number), float32, ["T", "B", weights.hidden_size])
            for number in range(len(weights.layers))
        ),
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "step", inputs, outputs, graph.initializers),
        producer_name="gatescope",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _reordered(cell: Cell, blocks: Array) -> Array:
    """Bring the gates along the first axis from PyTorch's order into ONNX's."""
    split = np.split(blocks, len(_ONNX_ORDER[cell]))
    return np.concatenate([split[index] for index in _ONNX_ORDER[cell]])


def _f32(array: Array) -> Array:
    return array.astype(np.float32)
