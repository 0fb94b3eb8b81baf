from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.network.equations import (
    CELLS,
    Cell,
    Layer,
    Weights,
    gru_step,
    lstm_step,
    mingru_step,
    rnn_step,
    run_layer,
    sigmoid,
    softmax,
)
from models.network.pooling import Pooling, pool
from tests.bundles import random_weights

FLOATS = st.floats(-1e3, 1e3)


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + np.exp(-x))


def _one_unit(*gates: tuple[float, float, float, float]) -> Layer:
    """A layer of one unit: `w_ih, w_hh, b_ih, b_hh` for each gate."""
    w_ih, w_hh, b_ih, b_hh = np.array(gates).T
    return Layer(w_ih[:, None], w_hh[:, None], b_ih, b_hh)


def test_an_rnn_step_is_the_tanh_of_input_and_past() -> None:
    state = rnn_step(_one_unit((0.5, -0.3, 0.1, 0.2)), np.array([2.0]), {"hidden": np.array([0.4])})
    assert state["hidden"] == pytest.approx(np.tanh(0.5 * 2 + 0.1 - 0.3 * 0.4 + 0.2))


def test_an_lstm_step_by_hand() -> None:
    layer = _one_unit((0.5, 0.1, 0, 0.2), (0.3, -0.2, 1, 0), (-0.7, 0.4, 0, 0), (0.2, 0.2, 0.1, 0))
    before = {"hidden": np.array([0.4]), "cell": np.array([-0.6])}
    state = lstm_step(layer, np.array([2.0]), before)
    input_gate, forget = _logistic(1.0 + 0.04 + 0.2), _logistic(0.6 - 0.08 + 1)
    candidate, output = np.tanh(-1.4 + 0.16), _logistic(0.4 + 0.08 + 0.1)
    cell = forget * -0.6 + input_gate * candidate
    assert state["cell"] == pytest.approx(cell)
    assert state["hidden"] == pytest.approx(output * np.tanh(cell))


def test_a_gru_step_by_hand() -> None:
    layer = _one_unit((0.5, 0.1, 0, 0.2), (0.3, -0.2, 1, 0), (-0.7, 0.4, 0.1, 0.3))
    state = gru_step(layer, np.array([2.0]), {"hidden": np.array([0.4])})
    reset, update = _logistic(1.0 + 0.04 + 0.2), _logistic(0.6 - 0.08 + 1)
    candidate = np.tanh(-1.4 + 0.1 + reset * (0.16 + 0.3))
    assert state["hidden"] == pytest.approx((1 - update) * candidate + update * 0.4)


def test_a_mingru_step_by_hand() -> None:
    layer = Layer(np.array([[0.3], [-0.7]]), np.zeros((0, 1)), np.array([1.0, 0.1]), np.zeros(0))
    state = mingru_step(layer, np.array([2.0]), {"hidden": np.array([0.4])})
    update, candidate = _logistic(0.6 + 1), -1.4 + 0.1
    assert state["update"] == pytest.approx(update)
    assert state["hidden"] == pytest.approx((1 - update) * candidate + update * 0.4)


@given(FLOATS, FLOATS)
def test_an_open_forget_gate_keeps_the_cell_and_an_open_update_gate_the_state(x: float, before: float) -> None:
    past = {"hidden": np.array([before]), "cell": np.array([before])}
    shut, opened, free = (0.0, 0.0, -1e4, 0.0), (0.0, 0.0, 1e4, 0.0), (1.0, 1.0, 0.0, 0.0)
    assert lstm_step(_one_unit(shut, opened, free, free), np.array([x]), past)["cell"] == pytest.approx(before)
    assert gru_step(_one_unit(free, opened, free), np.array([x]), past)["hidden"] == pytest.approx(before)


@given(st.lists(FLOATS, min_size=2, max_size=5), FLOATS)
def test_softmax_is_a_distribution_that_a_shift_does_not_move(logits: list[float], shift: float) -> None:
    shares = softmax(np.array(logits))
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()
    assert softmax(np.array(logits) + shift) == pytest.approx(shares, abs=1e-9)


@given(st.floats(-30, 30))
def test_sigmoid_is_the_logistic_function(x: float) -> None:
    assert sigmoid(np.array([x])) == pytest.approx([_logistic(x)])
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e300, 1e300])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("pooling", "read"),
    [("last", [2.0, 0.0]), ("mean", [1.0, 1.0]), ("max", [2.0, 4.0]), ("max||mean", [2.0, 4.0, 1.0, 1.0])],
)
def test_what_the_head_reads_by_hand(pooling: Pooling, read: list[float]) -> None:
    assert pool(pooling, np.array([[1.0, -1.0], [0.0, 4.0], [2.0, 0.0]])).tolist() == read


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("rnn", {"hidden"}),
        ("lstm", {"input", "forget", "candidate", "output", "cell", "hidden"}),
        ("gru", {"reset", "update", "candidate", "hidden"}),
        ("mingru", {"update", "candidate", "hidden"}),
    ],
)
def test_a_layer_tells_every_value_of_its_cell(cell: Cell, names: set[str]) -> None:
    run = run_layer(cell, random_weights(cell).layers[0], np.ones((4, 12), np.float32))
    assert set(run.values) == names
    assert {values.shape for values in run.values.values()} == {(4, 10)}


@pytest.mark.parametrize("cell", CELLS)
def test_weights_survive_their_names(cell: Cell) -> None:
    weights = random_weights(cell, "max", layers=2)
    again = Weights.from_tensors(cell, "max", weights.tensors())
    assert again.tensors().keys() == weights.tensors().keys()
    assert all(np.array_equal(again.tensors()[name], array) for name, array in weights.tensors().items())
    assert (again.embedding_size, again.hidden_size, again.classes) == (12, 10, 2)


@pytest.mark.parametrize("lost", ["embedding.weight", "rnn.bias_hh_l0", "head.bias"])
def test_a_missing_tensor_is_named(lost: str) -> None:
    tensors = random_weights("lstm").tensors()
    del tensors[lost]
    with pytest.raises(ValueError, match=lost):
        Weights.from_tensors("lstm", "max||mean", tensors)


def test_weights_of_another_cell_or_pooling_or_without_a_layer_are_refused() -> None:
    weights = random_weights("gru")
    with pytest.raises(ValueError, match="weight_ih_l0"):
        Weights.from_tensors("lstm", "max||mean", weights.tensors())
    with pytest.raises(ValueError, match=r"head\.weight"):
        Weights.from_tensors("gru", "last", weights.tensors())
    with pytest.raises(ValueError, match="no recurrent layer"):
        Weights.from_tensors("gru", "max||mean", replace(weights, layers=()).tensors())
