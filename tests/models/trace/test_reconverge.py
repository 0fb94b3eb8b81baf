"""Where a changed review has reconverged with the unchanged one, its answer is known without reading on."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.network.equations import Cell, Weights, forward
from models.network.pooling import Pooling
from models.network.state import state_tensors
from models.text.words import UNK
from models.trace import recover
from models.trace.reconverge import TOLERANCE, StateHistory, has_reconverged, logits_from, state_history
from tests.bundles import random_weights
from tests.models.trace.networks import KINDS, unforgetful


def read(weights: Weights, ids: np.ndarray) -> tuple[StateHistory, np.ndarray]:
    answer = forward(weights, ids)
    return state_history(recover(weights, ids, [run.hidden for run in answer.runs])), answer.logits


def pair(
    kind: tuple[Cell, Pooling, int], words: int, at: int, seed: int, *, forgets: bool = True
) -> tuple[StateHistory, StateHistory, np.ndarray]:
    """A review of `words` words as it is and with one made unknown, and the logits of that."""
    cell, pooling, layers = kind
    weights = random_weights(cell, pooling, layers=layers, classes=3, seed=seed)
    weights = weights if forgets else unforgetful(weights)
    ids = np.random.default_rng(seed).integers(2, len(weights.embedding), words)
    changed = ids.copy()
    changed[at] = UNK
    return read(weights, ids)[0], *read(weights, changed)


@settings(max_examples=150, deadline=None)
@example(kind=("rnn", "last", 1), words=38, at=0.375, seed=1, forgets=True)
@given(
    kind=st.sampled_from(KINDS),
    words=st.integers(1, 90),
    at=st.floats(0, 0.99),
    seed=st.integers(0, 9),
    forgets=st.booleans(),
)
def test_from_where_it_has_reconverged_the_answer_is_that_of_reading_on(
    kind: tuple[Cell, Pooling, int], words: int, at: float, seed: int, forgets: bool
) -> None:
    unchanged, changed, logits = pair(kind, words, int(at * words), seed, forgets=forgets)
    for place in range(int(at * words) + 1, words + 1):
        if has_reconverged(unchanged, place, changed.after(place)):
            found = logits_from(unchanged, place, changed.after(place))
            np.testing.assert_allclose(found, logits, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_that_forgets_reconverges(kind: tuple[Cell, Pooling, int]) -> None:
    unchanged, changed, _ = pair(kind, 120, 3, 1)
    assert not has_reconverged(unchanged, 4, changed.after(4))
    assert has_reconverged(unchanged, 110, changed.after(110))


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_that_never_forgets_never_does(kind: tuple[Cell, Pooling, int]) -> None:
    unchanged, changed, _ = pair(kind, 120, 3, 1, forgets=False)
    assert not any(has_reconverged(unchanged, place, changed.after(place)) for place in range(4, 121))


@pytest.mark.parametrize("kind", KINDS)
def test_one_number_of_any_layer_that_differs_is_enough_not_to_have_reconverged(
    kind: tuple[Cell, Pooling, int],
) -> None:
    unchanged, _, _ = pair(kind, 20, 3, 0)
    assert has_reconverged(unchanged, 7, unchanged.after(7))
    for number, name in enumerate(unchanged.states):
        if name.startswith(("hidden", "cell")):
            state = [values.copy() for values in unchanged.after(7)]
            state[number][5] += 2 * TOLERANCE
            assert not has_reconverged(unchanged, 7, state)


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_a_history_holds_the_states_of_a_step_graph_from_none_to_all_words(
    cell: Cell, pooling: Pooling, layers: int
) -> None:
    unchanged, _, _ = pair((cell, pooling, layers), 9, 3, 0)
    wanted = state_tensors(cell, pooling, layers, 10)
    assert list(unchanged.states) == [state.name for state in wanted]
    for state, first in zip(wanted, unchanged.after(0), strict=True):
        assert first.shape == state.shape
        assert first.dtype == np.dtype(state.dtype)
        assert np.all(first == state.initial)
    assert unchanged.words == 9
    if "steps" in unchanged.states:
        assert unchanged.states["steps"].tolist() == list(range(10))
