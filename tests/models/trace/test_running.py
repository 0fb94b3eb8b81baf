"""The running logits: after each word, the network's answer to the words so far."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.network.equations import CELLS, Cell, forward
from models.network.pooling import POOLINGS, Pooling
from models.trace.running import running_logits
from tests.bundles import random_weights


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pooling", POOLINGS)
@settings(max_examples=10)
@given(ids=st.lists(st.integers(0, 20), min_size=1, max_size=12), layers=st.integers(1, 2))
def test_the_running_prediction_is_the_prediction_of_the_words_so_far(
    cell: Cell, pooling: Pooling, ids: list[int], layers: int
) -> None:
    weights = random_weights(cell, pooling, layers=layers, classes=3).astype(np.float64)
    running = running_logits(weights, forward(weights, np.array(ids)).runs[-1].hidden)
    for count in range(1, len(ids) + 1):
        np.testing.assert_allclose(running[count - 1], forward(weights, np.array(ids[:count])).logits, atol=1e-12)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cut", [1, 3, 6])
def test_it_goes_on_from_what_was_pooled_before(pooling: Pooling, cut: int) -> None:
    weights = random_weights("gru", pooling, classes=3).astype(np.float64)
    hidden = forward(weights, np.arange(7)).runs[-1].hidden
    before = {"max": hidden[:cut].max(axis=0), "sum": hidden[:cut].sum(axis=0), "steps": np.array(cut)}
    expected = running_logits(weights, hidden)[cut:]
    np.testing.assert_allclose(running_logits(weights, hidden[cut:], before), expected, atol=1e-12)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_it_is_as_exact_in_the_precision_that_is_served(pooling: Pooling) -> None:
    weights, ids = random_weights("gru", pooling, classes=3), np.arange(40) % 20
    exact = weights.astype(np.float64)
    hidden = forward(exact, ids).runs[-1].hidden
    np.testing.assert_allclose(
        running_logits(weights, hidden.astype(np.float32)), running_logits(exact, hidden), atol=5e-6
    )
