"""The gradient is the true one: that of automatic differentiation through the network itself."""

import numpy as np
import pytest
import torch

from models.network.equations import CELLS, Cell
from models.network.pooling import REDUCE, Pooling
from models.network.torch_network import Classifier
from models.trace import Target, default_target
from models.trace.gradient import backpropagate, gradient
from models.trace.running import running_logits
from models.trace.target import target_head
from tests.models.trace.networks import KINDS, traced


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_it_is_that_of_automatic_differentiation(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers, words=13)
    network = Classifier.from_weights(one.weights).double()
    with torch.no_grad():
        for name, values in one.weights.tensors().items():
            network.state_dict()[name].copy_(torch.tensor(values))
    vectors = network.embedding(torch.tensor(one.ids))[:, None].detach().requires_grad_()
    hidden, states = vectors, []
    for layer in range(layers):
        hidden = by_steps(network, layer, hidden)
        states += hidden
        hidden = torch.stack(hidden)
    pooled = network.pool(hidden, torch.tensor([len(one.ids)]))
    logits = network.head(pooled)[0]
    (logits[one.target.first] - logits[one.target.second]).backward()
    by_hidden, by_vectors = backpropagate(one.activations, one.head)
    expected = np.stack([state.grad[0].numpy() for state in states]).reshape(by_hidden.shape)
    assert by_hidden == pytest.approx(expected, abs=1e-12)
    assert by_vectors == pytest.approx(vectors.grad[:, 0].numpy(), abs=1e-12)
    assert gradient(one.activations, one.head).norm == pytest.approx(np.linalg.norm(expected, axis=-1))


def by_steps(network: Classifier, layer: int, inputs: torch.Tensor) -> list[torch.Tensor]:
    """One layer of a torch network, step by step, keeping the gradient of every hidden state."""
    shape = network.shape
    if shape.cell == "mingru":
        weight, bias = (network.rnn.get_parameter(f"{name}_l{layer}") for name in ("weight_ih", "bias_ih"))
        return mingru_by_steps(weight, bias, inputs)
    single = type(network.rnn)(inputs.shape[-1], shape.hidden).double()
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    single.load_state_dict({f"{name}_l0": network.rnn.state_dict()[f"{name}_l{layer}"] for name in names})
    zero = torch.zeros(1, 1, shape.hidden, dtype=torch.float64)
    state, states = ((zero, zero) if shape.cell == "lstm" else zero), []
    for x in inputs:
        _, state = single(x[None], state)
        hidden = (state[0] if shape.cell == "lstm" else state)[0]
        hidden.retain_grad()
        states.append(hidden)
        state = (hidden[None], state[1]) if shape.cell == "lstm" else hidden[None]
    return states


def mingru_by_steps(weight: torch.Tensor, bias: torch.Tensor, inputs: torch.Tensor) -> list[torch.Tensor]:
    """The same of a minGRU, which reads no state but to keep it."""
    hidden, states = torch.zeros(1, len(bias) // 2, dtype=torch.float64), []
    for x in inputs:
        update, candidate = torch.nn.functional.linear(x, weight, bias).chunk(2, -1)
        hidden = torch.lerp(candidate, hidden, torch.sigmoid(update))
        hidden.retain_grad()
        states.append(hidden)
    return states


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
def test_of_one_word_the_top_layer_has_the_head_s_weights(cell: Cell, layers: int) -> None:
    one = traced(cell, "last", layers, words=1)
    by_hidden, by_vectors = backpropagate(one.activations, one.head)
    assert by_hidden[-1, 0] == pytest.approx(one.head.weights["last"])
    assert np.isfinite(by_hidden).all() and np.isfinite(by_vectors).all()


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "max||mean"])
@pytest.mark.parametrize("target", [Target(1, 0), Target(0, 2), Target(2, None)])
def test_the_head_of_a_target_gives_its_logit(pooling: Pooling, target: Target) -> None:
    one = traced("gru", pooling, classes=3, target=target)
    head, hidden = target_head(one.weights, target), one.hidden[-1]
    read = sum(float(weight @ REDUCE[name](hidden)) for name, weight in head.weights.items())
    assert read + head.bias == pytest.approx(one.logit)
    assert one.running[-1] == pytest.approx(one.logit)
    assert target.of(running_logits(one.weights, hidden))[-1] == pytest.approx(one.logit)


def test_the_default_target_is_the_second_label_or_the_top_against_the_runner_up() -> None:
    assert default_target(np.array([3.0, 1.0])) == Target(1, 0)
    assert default_target(np.array([0.0, 2.0, 5.0, 4.0])) == Target(2, 3)


def test_one_against_the_rest_is_against_their_mean() -> None:
    logits = np.array([1.0, 2.0, 6.0])
    assert Target(2, None).of(logits) == pytest.approx(4.5)
