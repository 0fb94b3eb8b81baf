import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.network.equations import CELLS, GATES, Cell, forward
from models.network.pooling import POOLINGS, Pooling
from models.network.torch_network import Classifier, Dropout, Shape
from tests.bundles import random_weights

LENGTHS = np.array([1, 4, 9, 6])


def _batch(seed: int = 0, padding: int = 0) -> NDArray[np.int64]:
    """Four reviews of `LENGTHS` words, `[9, 4]`; whatever stands past their ends is `padding`."""
    token_ids = np.random.default_rng(seed).integers(2, 20, (int(LENGTHS.max()), len(LENGTHS)))
    token_ids[np.arange(len(token_ids))[:, None] >= LENGTHS] = padding
    return token_ids


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("layers", [1, 2])
def test_the_network_computes_the_equations(cell: Cell, pooling: Pooling, layers: int) -> None:
    weights = random_weights(cell, pooling, layers=layers, classes=3)
    found = Classifier.from_weights(weights).logits(_batch(), LENGTHS)
    exact = weights.astype(np.float64)
    for row, length in enumerate(LENGTHS):
        np.testing.assert_allclose(found[row], forward(exact, _batch()[:length, row]).logits, atol=2e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_moves_neither_an_answer_nor_a_gradient(pooling: Pooling) -> None:
    network = Classifier.from_weights(random_weights("lstm", pooling))
    gradients = []
    for padding in (0, 7):
        network.zero_grad()
        network(torch.from_numpy(_batch(padding=padding)), torch.from_numpy(LENGTHS)).square().sum().backward()
        gradients.append(network.rnn.get_parameter("weight_hh_l0").grad.clone())
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("cell", CELLS)
def test_the_temperature_divides_the_logits(cell: Cell) -> None:
    network = Classifier(Shape(cell, "mean", 20, 5, 4, 1, 2))
    cooled = Classifier.from_weights(network.weights(temperature=2.5))
    np.testing.assert_allclose(
        cooled.logits(_batch(), LENGTHS), network.logits(_batch(), LENGTHS) / 2.5, rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_blocks_start_orthogonal_and_forget_gates_open(cell: Cell) -> None:
    layer = Classifier(Shape(cell, "last", 20, 5, 6, 2, 2)).weights().layers[1]
    for block in layer.weight_hh.reshape(-1, 6, 6):
        np.testing.assert_allclose(block @ block.T, np.eye(6), atol=1e-5)
    for gate, bias in zip(GATES[cell], np.split(layer.bias_ih, len(GATES[cell])), strict=True):
        assert (bias == (1.0 if gate == "forget" else 0.0)).all()
    assert not layer.bias_hh.any()


def test_dropout_works_only_while_training_and_hides_a_unit_for_the_whole_review() -> None:
    network = Classifier(Shape("rnn", "max||mean", 5, 40, 8, 1, 2), Dropout(embedding=0.5))
    with torch.no_grad():
        network.embedding.weight[2:].normal_()
        network.rnn.get_parameter("weight_hh_l0").zero_()  # no memory: one word repeated, one state repeated
        network.head.weight.copy_(torch.cat([torch.eye(2, 8), -torch.eye(2, 8)], 1))  # largest less mean
    review, length = torch.full((6, 1), 3), torch.tensor([6])
    network.train()
    assert network(review, length).abs().max() < 1e-6
    with torch.no_grad():
        network.head.weight[:, 8:] = 0.0
    assert not torch.equal(network(review, length), network(review, length))
    network.eval()
    assert torch.equal(network(review, length), network(review, length))


def test_weights_that_do_not_fit_are_refused() -> None:
    network = Classifier(Shape("gru", "mean", 20, 5, 4, 1, 2))
    with pytest.raises(ValueError, match="lstm"):
        network.load(random_weights("lstm", "mean"))
    with pytest.raises(ValueError, match="do not fit"):
        network.load(random_weights("gru", "mean"))
