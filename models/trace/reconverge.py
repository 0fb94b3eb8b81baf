"""A review with one word changed, once the network has forgotten the change: the rest of its answer is known.

Where every hidden and cell state is again what it was in the unchanged review, all later ones are too. What the head
reads of the whole changed review is then what was pooled of it so far and what the unchanged review has from there on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.network.equations import Array, Weights
from models.network.pooling import Reduction, reductions
from models.network.state import state_tensors
from models.trace.activations import Activations
from models.trace.pooling import REDUCTION_TRACES

TOLERANCE = 5e-6
"""States that differ by no more count as the same. What is left of a change keeps fading, so logits differ less."""


@dataclass(frozen=True, slots=True)
class StateHistory:
    """The state of the network all along one review.

    `states` holds each state tensor by name after 0, 1, ... T words, `[T + 1, ...]`, `ahead` what each reduction of the
    pooling will gather from there on, `[T + 1, H]`; `words` is T.
    """

    weights: Weights
    states: Mapping[str, Array]
    ahead: Mapping[Reduction, Array]
    words: int

    def after(self, words: int) -> tuple[Array, ...]:
        """Return the network's state after so many words: its state tensors in the manifest's order."""
        return tuple(values[words] for values in self.states.values())


def state_history(activations: Activations) -> StateHistory:
    """Return every state of the network from its activations."""
    weights, layers = activations.weights, activations.layers
    after: dict[str, Array] = {
        **{f"hidden_{number}": layer["hidden"] for number, layer in enumerate(layers)},
        **{f"cell_{number}": layer["cell"] for number, layer in enumerate(layers) if "cell" in layer.values},
    }
    ahead: dict[Reduction, Array] = {}
    for name in reductions(weights.pooling):
        gathered, ahead[name] = REDUCTION_TRACES[name].history(activations.top["hidden"])
        after |= gathered
    states = {
        state.name: np.concatenate([np.full((1, *state.shape), state.initial), after[state.name]]).astype(state.dtype)
        for state in state_tensors(weights.cell, weights.pooling, len(layers), weights.hidden_size)
    }
    return StateHistory(weights, states, ahead, len(activations.ids))


def has_reconverged(unchanged: StateHistory, words: int, state: Sequence[Array]) -> bool:
    """Return whether a changed review's `state` after so many words has the hidden and cell states of `unchanged`."""
    return all(
        np.abs(values - unchanged.states[name][words]).max() <= TOLERANCE
        for name, values in zip(unchanged.states, state, strict=True)
        if name.startswith(("hidden", "cell"))
    )


def logits_from(unchanged: StateHistory, words: int, state: Sequence[Array]) -> Array:
    """Return the logits `[C]` of a changed review that has `state` after so many words and ends as `unchanged` does."""
    weights, changed = unchanged.weights, dict(zip(unchanged.states, state, strict=True))
    read = [
        REDUCTION_TRACES[name].joined(changed, ahead[words], unchanged.words) for name, ahead in unchanged.ahead.items()
    ]
    logits: Array = weights.head_weight @ np.concatenate(read) + weights.head_bias
    return logits
