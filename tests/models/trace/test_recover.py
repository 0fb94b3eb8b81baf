"""The gates that are recovered are those of the equations; whatever is not, the residual tells."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.network.equations import BUILT_IN, CELLS, VALUES, Array, Cell, Ids, Layer, Weights, forward, sigmoid
from models.network.onnx_graph import open_step_graph
from models.network.pooling import Pooling
from models.network.session import run_whole
from models.trace import recover
from models.trace.linear import COMPILED, backward_scan, reverse_scan, scan
from tests.bundles import random_weights
from tests.models.trace.networks import KINDS, traced


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_every_value_is_that_of_the_equations(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers)
    for found, expected in zip(one.activations.layers, forward(one.weights, one.ids).runs, strict=True):
        assert found.values.keys() == {*VALUES[cell], "hidden"} >= expected.values.keys()
        assert all(np.abs(found[name] - expected.values[name]).max() < 1e-12 for name in expected.values)
    assert one.activations.residual < 1e-12


@pytest.mark.parametrize(
    ("cell", "layers"), [("rnn", 1), ("lstm", 1), ("gru", 1), ("lstm", 2), ("gru", 2), ("mingru", 2)]
)
def test_gates_are_open_or_shut_and_states_bounded(cell: Cell, layers: int) -> None:
    for layer in traced(cell, "last", layers, words=60).activations.layers:
        for name, values in layer.values.items():
            if name in ("forget", "input", "output", "reset", "update"):
                assert values.min() >= 0 and values.max() <= 1
            elif name in ("candidate", "hidden") and cell != "mingru":
                assert np.abs(values).max() <= 1


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("words", [1, 2, 400])
def test_what_onnx_runtime_computed_is_recovered_to_rounding(cell: Cell, words: int) -> None:
    weights = random_weights(cell, layers=2, hidden_size=64, embedding_size=32)
    ids = np.random.default_rng(words).integers(1, len(weights.embedding), words)
    hidden = [layer[:, 0] for layer in run_whole(open_step_graph(weights), [ids], traced=True).hidden]
    found = recover(weights, ids, hidden)
    assert found.residual <= 1e-5
    assert all(np.isfinite(values).all() for layer in found.layers for values in layer.values.values())


def test_a_review_of_unknown_words_only() -> None:
    weights = random_weights("gru").astype(np.float64)
    ids = np.ones(9, np.int64)
    assert recover(weights, ids, [run.hidden for run in forward(weights, ids).runs]).residual < 1e-12


Change = Callable[[Array], Array]


def blocks(*order: int) -> Change:
    return lambda array: np.concatenate([np.split(array, len(order))[index] for index in order])


def negate_second_third(array: Array) -> Array:
    parts = np.split(array, 3)
    return np.concatenate([parts[0], -parts[1], parts[2]])


def everywhere(change: Change) -> Callable[[Layer], Layer]:
    return lambda layer: Layer(*map(change, (layer.weight_ih, layer.weight_hh, layer.bias_ih, layer.bias_hh)))


SWAP_INPUT_FORGET = everywhere(blocks(1, 0, 2, 3))
SWAP_RESET_UPDATE = everywhere(blocks(1, 0, 2))
KEEP_FOR_WRITE = everywhere(negate_second_third)


@pytest.mark.parametrize(
    ("cell", "mutation"),
    [
        ("lstm", SWAP_INPUT_FORGET),
        ("gru", SWAP_RESET_UPDATE),
        ("gru", KEEP_FOR_WRITE),
        *((cell, lambda layer: replace(layer, bias_ih=0 * layer.bias_ih)) for cell in CELLS),
        *((cell, lambda layer: replace(layer, bias_hh=0 * layer.bias_hh)) for cell in BUILT_IN),
    ],
)
def test_wrong_gates_are_told_by_the_residual(cell: Cell, mutation: Callable[[Layer], Layer]) -> None:
    one = traced(cell, "last")
    wrong = replace(one.weights, layers=tuple(map(mutation, one.weights.layers)))
    assert recover(wrong, one.ids, one.hidden).residual > 1e-2


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layer", [0, 1])
def test_a_lost_bias_in_any_layer_is_told_by_the_residual(cell: Cell, layer: int) -> None:
    one = traced(cell, "mean", 2)
    layers = list(one.weights.layers)
    layers[layer] = replace(layers[layer], bias_ih=0 * layers[layer].bias_ih)
    assert recover(replace(one.weights, layers=tuple(layers)), one.ids, one.hidden).residual > 1e-2


@pytest.mark.parametrize("cell", CELLS)
def test_states_that_are_shifted_by_a_step_are_told_by_the_residual(cell: Cell) -> None:
    one = traced(cell, "last")
    assert recover(one.weights, one.ids, [np.roll(one.hidden[0], 1, axis=0)]).residual > 1e-2


def test_a_gru_that_resets_before_the_product_is_told_by_the_residual() -> None:
    weights = random_weights("gru").astype(np.float64)
    ids = np.random.default_rng(0).integers(1, len(weights.embedding), 23)
    assert recover(weights, ids, [reset_first(weights, ids)]).residual > 1e-3


def reset_first(weights: Weights, ids: Ids) -> Array:
    """The hidden states of the other GRU (ONNX `linear_before_reset=0`)."""
    layer, hidden = weights.layers[0], [np.zeros(weights.hidden_size)]
    u_r, u_z, u_n = np.split(layer.weight_hh, 3)
    b_r, b_z, b_n = np.split(layer.bias_ih + layer.bias_hh, 3)
    for x in weights.embedding[ids] @ layer.weight_ih.T:
        x_r, x_z, x_n = np.split(x, 3)
        reset = sigmoid(x_r + u_r @ hidden[-1] + b_r)
        update = sigmoid(x_z + u_z @ hidden[-1] + b_z)
        new = np.tanh(x_n + u_n @ (reset * hidden[-1]) + b_n)
        hidden.append((1 - update) * new + update * hidden[-1])
    return np.stack(hidden[1:])


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_scans_are_the_same_compiled_or_step_by_step(rows: int) -> None:
    assert COMPILED
    keep, write = np.random.default_rng(rows).random((2, rows, 7), np.float32)
    for run in (scan, reverse_scan):
        found = run(keep, write)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, run(keep.astype(float), write), atol=1e-5)
    random, weights = np.random.default_rng(rows), np.eye(7, k=1, dtype=np.float32) / 2
    a, b, c, d, e = random.random((5, rows, 7), np.float32)
    found = backward_scan(a, b, c, d, e, weights)
    assert found.dtype == np.float32
    a, b, c, d, e = (array.astype(float) for array in (a, b, c, d, e))
    np.testing.assert_allclose(found, backward_scan(a, b, c, d, e, weights), rtol=1e-4)
