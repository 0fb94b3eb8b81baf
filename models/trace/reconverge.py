"""A review with one word changed, once the network has forgotten the change: the rest of its answer is known.

Where every hidden and cell state is again what it was in the unchanged review, all later ones are too. What the head
reads of the whole changed review is then what was pooled of it so far and what the unchanged review has from there on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights
from models.network.state import state_tensors
from models.trace.activations import Activations

TOLERANCE = 5e-6
"""States that differ by no more count as the same. What is left of a change keeps fading, so logits differ less."""


@dataclass(frozen=True, slots=True)
class StateHistory:
    """The state of the network all along one review.

    `states` holds each state tensor by name after 0, 1, ... T words, `[T + 1, ...]`; `max_ahead [T + 1, H]` the largest
    hidden state of the top layer from there on, and `last_hidden [H]` its hidden state at the end.
    """

    weights: Weights
    states: Mapping[str, Array]
    max_ahead: Array
    last_hidden: Array

    @property
    def words(self) -> int:
        """T, the length of the review."""
        return len(self.max_ahead) - 1

    def after(self, words: int) -> tuple[Array, ...]:
        """Return the network's state after so many words: its state tensors in the manifest's order."""
        return tuple(values[words] for values in self.states.values())


def state_history(activations: Activations) -> StateHistory:
    """Return every state of the network from its activations."""
    weights, layers = activations.weights, activations.layers
    hidden = activations.top["hidden"]
    exact = hidden.astype(np.float64)
    after: dict[str, Array] = {
        **{f"hidden_{number}": layer["hidden"] for number, layer in enumerate(layers)},
        **{f"cell_{number}": layer["cell"] for number, layer in enumerate(layers) if "cell" in layer.values},
        "max": np.maximum.accumulate(exact),
        "sum": np.cumsum(exact, axis=0),
        "steps": np.arange(1, len(exact) + 1),
    }
    states = {
        state.name: np.concatenate([np.full((1, *state.shape), state.initial), after[state.name]]).astype(state.dtype)
        for state in state_tensors(weights.cell, weights.pooling, len(layers), weights.hidden_size)
    }
    ahead = np.full((len(hidden) + 1, hidden.shape[1]), -np.inf, hidden.dtype)
    ahead[:-1] = np.maximum.accumulate(hidden[::-1])[::-1]
    return StateHistory(weights, states, ahead, hidden[-1])


def has_reconverged(unchanged: StateHistory, words: int, state: Sequence[Array]) -> bool:
    """Return whether a changed review's `state` after so many words has the hidden and cell states of `unchanged`."""
    return all(
        np.abs(values - unchanged.states[name][words]).max() <= TOLERANCE
        for name, values in zip(unchanged.states, state, strict=True)
        if name.startswith(("hidden", "cell"))
    )


def logits_from(unchanged: StateHistory, words: int, state: Sequence[Array]) -> Array:
    """Return the logits `[C]` of a changed review that has `state` after so many words and ends as `unchanged` does."""
    weights, states = unchanged.weights, unchanged.states
    changed = dict(zip(states, state, strict=True))
    read = []
    if "max" in changed:
        read.append(np.maximum(changed["max"], unchanged.max_ahead[words]))
    if "sum" in changed:
        read.append((changed["sum"] + (states["sum"][-1] - states["sum"][words])) / unchanged.words)
    pooled = np.concatenate(read) if read else unchanged.last_hidden
    logits: Array = weights.head_weight @ pooled + weights.head_bias
    return logits
