"""A review with one word changed, once the network has forgotten the change: the rest of it is known.

Where every hidden and cell state is again what it was in the unchanged review, all later ones are too. What the head
reads of the whole changed review is then what was pooled of it so far and what the unchanged review has from there on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights
from models.network.state import state_tensors

TOLERANCE = 5e-6
"""States that differ by no more count as the same. What is left of a change keeps fading, so logits differ less."""


@dataclass(frozen=True, slots=True)
class StateHistory:
    """One review as the network read it: `states` by name after 0, 1, ... T words, `[T + 1, ...]`; `ahead`, the
    largest hidden state of the top layer from there on, `[T + 1, H]`, and the `hidden` state at the end, `[H]`.
    """

    weights: Weights
    states: Mapping[str, Array]
    ahead: Array
    hidden: Array

    @property
    def words(self) -> int:
        """T, the length of the review."""
        return len(self.ahead) - 1

    def memory(self, place: int) -> tuple[Array, ...]:
        """What the network remembers after `place` words: its state tensors in the manifest's order."""
        return tuple(values[place] for values in self.states.values())


def course(weights: Weights, hidden: Sequence[Array], cells: Sequence[Array]) -> StateHistory:
    """The course of a review from the hidden and cell states `[T, H]` of each layer; no cell states but in an LSTM."""
    top = hidden[-1].astype(np.float64)
    after: dict[str, Array] = {
        **{f"hidden_{layer}": values for layer, values in enumerate(hidden)},
        **{f"cell_{layer}": values for layer, values in enumerate(cells)},
        "max": np.maximum.accumulate(top),
        "sum": np.cumsum(top, axis=0),
        "steps": np.arange(1, len(top) + 1),
    }
    states = {
        state.name: np.concatenate([np.full((1, *state.shape), state.initial), after[state.name]]).astype(state.dtype)
        for state in state_tensors(weights.cell, weights.pooling, len(weights.layers), weights.hidden_size)
    }
    ahead = np.full((len(top) + 1, top.shape[1]), -np.inf, hidden[-1].dtype)
    ahead[:-1] = np.maximum.accumulate(hidden[-1][::-1])[::-1]
    return StateHistory(weights, states, ahead, hidden[-1][-1])


def has_reconverged(unchanged: StateHistory, place: int, memory: Sequence[Array]) -> bool:
    """Whether `memory`, of the changed review after `place` words, holds the hidden and cell states of `unchanged`."""
    return all(
        np.abs(values - unchanged.states[name][place]).max() <= TOLERANCE
        for name, values in zip(unchanged.states, memory, strict=True)
        if name.startswith(("hidden", "cell"))
    )


def logits_from(unchanged: StateHistory, place: int, memory: Sequence[Array]) -> Array:
    """The logits `[C]` of the changed review, which after `place` words goes on as `unchanged` does, with `memory`."""
    weights, states = unchanged.weights, unchanged.states
    held = dict(zip(states, memory, strict=True))
    read = []
    if "max" in held:
        read.append(np.maximum(held["max"], unchanged.ahead[place]))
    if "sum" in held:
        read.append((held["sum"] + (states["sum"][-1] - states["sum"][place])) / unchanged.words)
    pooled = np.concatenate(read) if read else unchanged.hidden
    logits: Array = weights.head_weight @ pooled + weights.head_bias
    return logits
