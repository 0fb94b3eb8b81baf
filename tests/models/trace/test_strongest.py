"""The strongest words, followed word by word, are what a trace of the text so far says of them."""

import numpy as np
import pytest

from models.network.equations import Array, Cell
from models.network.onnx_graph import open_step_graph
from models.network.pooling import Pooling
from models.network.session import FRESH
from models.network.state import state_tensors
from models.trace.memory import memory
from models.trace.running import running_logits
from models.trace.strongest import FollowedWord, steps, strongest_words
from tests.bundles import random_weights
from tests.models.trace.networks import GATED, of

WORDS = 30


def followed(cell: Cell, pooling: Pooling, layers: int, most: int, pieces: list[Array]) -> list[list[FollowedWord]]:
    """What is followed after each piece of a text, which the network of the step graph reads one after another."""
    weights = random_weights(cell, pooling, layers=layers, classes=3)
    session, state, before = open_step_graph(weights), None, None
    strongest, found = strongest_words(most, weights), []
    assert strongest is not None
    for ids in pieces:
        carry = np.array([FRESH if state is None else 0])
        chunk = session.run([ids], carry, session.empty_state if state is None else state, traced=True)
        hidden = [layer[:, 0] for layer in chunk.hidden]
        for step in steps(weights, ids, hidden, (), before, running_logits(weights, hidden[-1], before)):
            strongest.read(step)
        state, names = chunk.state, [tensor.name for tensor in state_tensors(cell, pooling, layers, 10)]
        before = {name: np.asarray(tensor)[0] for name, tensor in zip(names, chunk.state, strict=True)}
        found.append(strongest.found())
    return found


def ids_of(words: int) -> Array:
    return np.random.default_rng(7).integers(1, 90, words)


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_they_are_as_a_trace_of_the_text_so_far_says(cell: Cell, pooling: Pooling, layers: int) -> None:
    ids, weights = ids_of(WORDS), random_weights(cell, pooling, layers=layers, classes=3)
    for end, found in zip((4, 5, WORDS), followed(cell, pooling, layers, WORDS, np.split(ids, [4, 5])), strict=True):
        one = of(weights.astype(np.float64), ids[:end])
        shown = memory(one.activations, one.head, [0])
        assert shown is not None and sorted(word.number for word in found) == list(range(end))
        for word in found:
            assert word.share == pytest.approx(shown.matrix[word.number, -1], abs=2e-5)
            assert word.left == pytest.approx(shown.retained_at_end[word.number], abs=2e-5)
        assert [abs(word.share) for word in found] == sorted((abs(word.share) for word in found), reverse=True)


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_no_more_are_followed_than_are_asked_for_wherever_the_text_is_cut(
    cell: Cell, pooling: Pooling, layers: int
) -> None:
    ids = ids_of(WORDS)
    (at_once,) = followed(cell, pooling, layers, 5, [ids])
    *_, word_by_word = followed(cell, pooling, layers, 5, np.split(ids, WORDS))
    assert len(at_once) == 5 and [word.number for word in at_once] == [word.number for word in word_by_word]
    assert np.array(at_once) == pytest.approx(np.array(word_by_word), abs=2e-5)


def test_a_cell_without_gates_has_none() -> None:
    assert strongest_words(5, random_weights("rnn")) is None
    assert strongest_words(0, random_weights("lstm")) is None
