"""Ledgers add up to the verdict, are what the gates say, and go wrong where a gate does."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.network.equations import CELLS, Array, Cell, Layer, forward
from models.network.onnx_graph import open_step_graph
from models.network.pooling import Pooling
from models.network.session import run_whole
from models.trace import Ledger, Target, default_target, recover
from models.trace.activations import Activations, LayerActivations
from models.trace.cells import CELL_TRACES, FADE
from models.trace.ledger import TOLERANCE, deep_ledger, write_ledger
from models.trace.target import head_gradient, target_head
from models.trace.units import top_units
from tests.bundles import random_weights
from tests.models.trace.networks import GATED, KINDS, Traced, of, traced, unforgetful


def write(one: Traced) -> Ledger:
    return write_ledger(one.activations, one.grad_hidden, one.logit - one.head.bias)


def deep(one: Traced) -> Ledger:
    return deep_ledger(one.activations, one.grad_hidden, one.logit - one.head.bias)


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_the_write_ledger_adds_up(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers, classes=3)
    found = write(one)
    assert found.error < 1e-9
    assert found.sum + one.head.bias == pytest.approx(one.logit, abs=1e-9)
    assert found.units.sum(axis=1) == pytest.approx(found.words, abs=1e-12)


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_the_deep_ledger_adds_up(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers, classes=3)
    found = deep(one)
    assert found.error < 1e-9
    assert found.sum + one.head.bias == pytest.approx(one.logit, abs=1e-9)


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_in_float32_by_onnx_runtime_they_add_up_to_rounding(cell: Cell, pooling: Pooling, layers: int) -> None:
    weights = random_weights(cell, pooling, layers=layers, hidden_size=48, embedding_size=32)
    ids = np.random.default_rng(1).integers(1, len(weights.embedding), 300)
    answer = run_whole(open_step_graph(weights), [ids], traced=True)
    activations = recover(weights, ids, [layer[:, 0] for layer in answer.hidden])
    target = default_target(answer.logits[0])
    head = target_head(weights, target)
    gradient, explained = head_gradient(head, activations.top["hidden"]), float(target.of(answer.logits[0])) - head.bias
    assert deep_ledger(activations, gradient, explained).error <= TOLERANCE
    if cell != "rnn":
        assert write_ledger(activations, gradient, explained).error <= TOLERANCE


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_the_write_ledger_is_the_product_of_the_gates_that_kept(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers, words=9)
    layer, grad_hidden, memory = one.activations.top, head_gradient(one.head, one.hidden[-1]), CELL_TRACES[cell].memory
    assert memory is not None
    readout = np.ones_like(grad_hidden) if (found := memory.readout(layer.values)) is None else found
    expected = np.zeros_like(grad_hidden)
    for t in range(9):
        for s in range(t, 9):
            survived = np.prod(memory.kept(layer.values)[t + 1 : s + 1], axis=0)
            expected[t] += grad_hidden[s] * readout[s] * survived * memory.written(layer.values)[t]
    assert write(one).units == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("cell", "pooling", "layers"), KINDS)
def test_the_deep_ledger_is_gradient_times_input_with_gates_frozen(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers, words=11)
    vectors = torch.tensor(one.activations.layers[0].inputs, requires_grad=True)
    entering = vectors @ candidate(one.weights.layers[0].weight_ih).T
    entering.retain_grad()
    hidden = frozen_forward(one.activations, entering)
    gradient = torch.tensor(head_gradient(one.head, one.hidden[-1]))
    (hidden * gradient).sum().backward()  # type: ignore[no-untyped-call]
    assert vectors.grad is not None and entering.grad is not None
    assert deep(one).words == pytest.approx((vectors.grad * vectors).sum(1).detach().numpy(), abs=1e-12)
    assert deep(one).units == pytest.approx((entering.grad * entering).detach().numpy(), abs=1e-12)


def candidate(array: Array) -> torch.Tensor:
    """The candidate's rows of a layer's weights, in which every other size is a multiple of the hidden size, 10."""
    return torch.tensor(array[-20:-10] if len(array) == 40 else array[-10:])


def frozen_forward(activations: Activations, entering: torch.Tensor) -> torch.Tensor:
    """The network with every gate and every tanh ratio taken from the trace as a constant, from what the word vectors
    bring to the first layer's candidate."""
    layers, weights = activations.layers, activations.weights.layers
    hidden = torch.stack(_frozen_layer(layers[0], weights[0], entering))
    for layer, learnt in zip(layers[1:], weights[1:], strict=True):
        hidden = torch.stack(_frozen_layer(layer, learnt, hidden @ candidate(learnt.weight_ih).T))
    return hidden


def _frozen_layer(layer: LayerActivations, learnt: Layer, entering: torch.Tensor) -> list[torch.Tensor]:
    size = layer["hidden"].shape[1]
    u, b, c = (candidate(array) for array in (learnt.weight_hh, learnt.bias_ih, learnt.bias_hh))
    made = {name: torch.tensor(values) for name, values in layer.values.items()}
    squashed = made["candidate"] if "candidate" in made else FADE * made["hidden"]
    slope, h = squashed / made.get("pre_candidate", made.get("candidate")), torch.zeros(size, dtype=u.dtype)
    cell, states = 0.0, []
    for t, x in enumerate(entering):
        reset = made["reset"][t] if "reset" in made else 1.0
        from_before = u @ h + c if len(u) else 0.0
        new = slope[t] * (x + b + reset * from_before)
        if "cell" in made:
            cell = made["forget"][t] * cell + made["input"][t] * new
            h = made["output"][t] * torch.tanh(made["cell"][t]) / made["cell"][t] * cell
        else:
            h = (1 - made["update"][t]) * new + made["update"][t] * h if "update" in made else new
        states.append(h)
    return states


def test_the_shares_of_an_rnn_that_never_lets_go_stay_small() -> None:
    """Its state is a rotation of the one before: a word would count for as much a thousand words on."""
    weights = unforgetful(random_weights("rnn", "last")).astype(np.float64)
    one = of(weights, np.random.default_rng(0).integers(1, len(weights.embedding), 1000))
    found = deep(one)
    assert found.error < 1e-9
    assert np.abs(found.words[:500]).max() < 1e-6 * np.abs(found.words).max()


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_the_opposite_target_has_the_opposite_ledger(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers, classes=3, target=Target(2, 0))
    other = traced(cell, pooling, layers, classes=3, target=Target(0, 2))
    assert write(one).words == pytest.approx(-write(other).words)
    assert deep(one).words == pytest.approx(-deep(other).words)


@pytest.mark.parametrize("name", ["forget", "input", "output", "candidate"])
def test_a_wrong_lstm_gate_does_not_add_up(name: str) -> None:
    one = traced("lstm", "max||mean")
    assert write_ledger(spoilt(one.activations, name), one.grad_hidden, one.logit - one.head.bias).error > 1e-2


@pytest.mark.parametrize("name", ["update", "candidate"])
def test_a_wrong_gru_gate_does_not_add_up(name: str) -> None:
    one = traced("gru", "last")
    assert write_ledger(spoilt(one.activations, name), one.grad_hidden, one.logit - one.head.bias).error > 1e-2


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        *(("lstm", name) for name in ("forget", "input", "output", "candidate")),
        *(("gru", name) for name in ("reset", "update", "candidate")),
        ("rnn", "hidden"),
    ],
)
def test_a_wrong_gate_does_not_add_up_in_the_deep_ledger(cell: Cell, name: str) -> None:
    one = traced(cell, "max||mean", 2)
    assert deep_ledger(spoilt(one.activations, name), one.grad_hidden, one.logit - one.head.bias).error > 1e-3


def test_adding_up_by_itself_proves_nothing() -> None:
    """Differences telescope for any keeping factor: the sum is right and the shares are not."""
    one = traced("gru", "last")
    hidden, any_share = one.hidden[-1], np.random.default_rng(0).uniform(-1, 2, one.hidden[-1].shape)
    before = np.vstack([0 * hidden[:1], hidden[:-1]])
    later = np.vstack([np.cumprod(any_share[:0:-1], axis=0)[::-1], np.ones((1, hidden.shape[1]))])
    telescoped = (one.head.weights["last"] * later * (hidden - any_share * before)).sum(axis=1)
    assert telescoped.sum() + one.head.bias == pytest.approx(one.logit, abs=1e-6)
    assert np.abs(telescoped - write(one).words).max() > 0.1


def spoilt(activations: Activations, name: str) -> Activations:
    """The activations with one tensor of the top layer drawn at random."""
    top = activations.top
    random = np.random.default_rng(0).random(top[name].shape)
    return replace(activations, layers=(*activations.layers[:-1], replace(top, values={**top.values, name: random})))


def test_a_gru_that_keeps_everything_has_written_nothing() -> None:
    one = traced("gru", "last")
    top = one.activations.top
    shut = replace(top, values={**top.values, "update": np.ones_like(top["update"])})
    assert not write_ledger(replace(one.activations, layers=(shut,)), one.grad_hidden, -one.head.bias).words.any()


def test_an_lstm_with_every_gate_open_is_a_plain_sum() -> None:
    one = traced("lstm", "last")
    top, ones = one.activations.top, np.ones_like(one.hidden[-1])
    cell = np.cumsum(top["candidate"], axis=0)
    values = {**top.values, "forget": ones, "input": ones, "output": ones, "cell": cell}
    found = write_ledger(
        replace(one.activations, layers=(replace(top, values=values),)), one.grad_hidden, -one.head.bias
    )
    expected = one.head.weights["last"] * np.tanh(cell[-1]) / cell[-1] * top["candidate"]
    assert found.units == pytest.approx(expected)


def test_an_rnn_has_no_write_ledger() -> None:
    one = traced("rnn", "last")
    assert write_ledger(one.activations, one.grad_hidden, one.logit - one.head.bias) is None


@settings(max_examples=30, deadline=None)
@given(words=st.integers(1, 40), count=st.integers(1, 12), seed=st.integers(0, 5))
def test_the_top_units_say_what_they_leave_out(words: int, count: int, seed: int) -> None:
    found = write(traced("lstm", "max", words=words, seed=seed))
    units = top_units(found.units, count, 0)
    size = np.abs(found.units).sum(axis=0)
    assert len(units.selected) == min(count, 10) and units.omitted == 10 - len(units.selected)
    assert units.omitted_share == pytest.approx(1 - size[units.selected].sum() / size.sum())
    assert sorted(size[units.selected])[::-1] == size[units.selected].tolist()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "max||mean"])
def test_one_word(cell: Cell, pooling: Pooling) -> None:
    one = traced(cell, pooling, 2, words=1)
    assert deep(one).error < 1e-9
    if cell != "rnn":
        assert write(one).error < 1e-9


def test_cancellation_grows_where_words_fight() -> None:
    found = write(traced("lstm", "mean"))
    assert found.cancellation >= 1
    balanced = Ledger.of(np.array([[5.0], [-5.0], [1.0]]), bias=0.0, explained=1.0)
    assert balanced.cancellation == pytest.approx(11)


def finite(array: Array) -> bool:
    return bool(np.isfinite(array).all())


def test_nothing_divides_by_a_state_of_zero() -> None:
    weights = random_weights("lstm").astype(np.float64)
    still = replace(weights, embedding=0 * weights.embedding)
    quiet = replace(still.layers[0], bias_ih=0 * still.layers[0].bias_ih, bias_hh=0 * still.layers[0].bias_hh)
    still = replace(still, layers=(quiet,))
    ids = np.ones(5, np.int64)
    activations = recover(still, ids, [np.zeros((5, 10))])
    head = target_head(still, Target(1, 0))
    gradient = head_gradient(head, activations.top["hidden"])
    assert finite(write_ledger(activations, gradient, 0.0).units)
    assert finite(deep_ledger(activations, gradient, 0.0).units)


@pytest.mark.parametrize("words", [200, 2048])
def test_shares_that_grow_past_single_precision_are_computed_in_double(words: int) -> None:
    weights = random_weights("rnn", "last", hidden_size=16, embedding_size=8)
    layer = weights.layers[0]
    growing = replace(weights, layers=(replace(layer, weight_hh=layer.weight_hh * np.float32(2.2)),))
    ids = np.random.default_rng(0).integers(2, len(weights.embedding), words)
    found = forward(growing, ids)
    activations = recover(growing, ids, [run.values["hidden"] for run in found.runs])
    target = default_target(found.logits)
    head = target_head(growing, target)
    gradient = head_gradient(head, activations.top["hidden"])
    ledger = deep_ledger(activations, gradient, float(target.of(found.logits)) - head.bias)
    assert np.abs(ledger.words).max() > 1e6
    assert np.isfinite(ledger.words).all()
    assert ledger.error <= TOLERANCE
