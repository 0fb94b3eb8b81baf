"""A step graph in ONNX Runtime as the export stage runs it: whole reviews, plainly, with any carry and any chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.bundle.manifest import State
from models.network.equations import Array, Weights
from models.network.onnx_graph import step_graph
from models.network.state import state_tensors

Ids = NDArray[np.int64]
Rows = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one call of the graph gives: `logits`, `probabilities` `[B, C]`, `rows` of state `[B, ...]`, and
    `hidden`, one `[T, B, H]` a layer.
    """

    logits: Array
    probabilities: Array
    rows: Rows
    hidden: tuple[Array, ...]


class StepSession:
    """One step graph, loaded; `states` are the manifest's, `layers` the number of recurrent layers."""

    def __init__(
        self,
        graph: bytes | Path,
        states: Sequence[State],
        layers: int,
        *,
        optimised: bool = True,
        provider: str = "CPUExecutionProvider",
    ) -> None:
        options = ort.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        if not optimised:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        source = graph if isinstance(graph, bytes) else str(graph)
        self._session = ort.InferenceSession(source, options, providers=[provider])
        self._states = states
        self._outputs = ["logits", "probabilities", *(state.output for state in states)]
        self._hidden = [f"over_time_hidden_{layer}" for layer in range(layers)]

    @classmethod
    def of_weights(cls, weights: Weights) -> "StepSession":
        """The step graph of `weights`."""
        return cls(step_graph(weights).SerializeToString(), states_of(weights), len(weights.layers))

    def step(self, rows: Sequence[Ids], carry: Ids, previous: Rows, *, padding: int = 0) -> Chunk:
        """One chunk: `rows` of ids (none empty), padded to the longest and by `padding` steps more."""
        token_ids, lengths = pad(rows, padding)
        feed = {"token_ids": token_ids, "lengths": lengths, "carry": carry, **previous}
        values = self._session.run([*self._outputs, *self._hidden], feed)
        states = values[2 : len(self._outputs)]
        named = {state.name: value for state, value in zip(self._states, states, strict=True)}
        return Chunk(values[0], values[1], named, tuple(values[len(self._outputs) :]))

    def fresh(self, rows: Sequence[Ids], *, padding: int = 0) -> Chunk:
        """Whole reviews in one call, none continued."""
        return self.step(rows, np.full(len(rows), -1), self.nothing(), padding=padding)

    def nothing(self) -> Rows:
        """The state before the first call: no rows."""
        return {state.name: np.zeros((0, *state.shape), state.dtype) for state in self._states}

    def probabilities(self, reviews: Sequence[Ids], batch: int = 32) -> Array:
        """The probabilities `[N, C]` of many reviews, run in batches of like length."""
        order = np.argsort([len(ids) for ids in reviews], kind="stable")
        parts = [
            self.fresh([reviews[index] for index in order[start : start + batch]]).probabilities
            for start in range(0, len(order), batch)
        ]
        found = np.concatenate(parts)
        return found[np.argsort(order, kind="stable")]


def pad(rows: Sequence[Ids], padding: int = 0) -> tuple[Ids, NDArray[np.int32]]:
    """`token_ids [T, B]` and `lengths [B]` of rows of ids; zero, the padding id, where a row has ended."""
    lengths = np.array([len(ids) for ids in rows], np.int32)
    token_ids = np.zeros((int(lengths.max()) + padding, len(rows)), np.int64)
    for row, ids in enumerate(rows):
        token_ids[: len(ids), row] = ids
    return token_ids, lengths


def states_of(weights: Weights) -> tuple[State, ...]:
    """The state tensors of `weights`' step graph, as a manifest lists them."""
    tensors = state_tensors(weights.cell, weights.pooling, len(weights.layers), weights.hidden_size)
    return tuple(State(name=s.name, output=s.output, dtype=s.dtype, shape=s.shape) for s in tensors)
