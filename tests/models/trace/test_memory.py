"""The memory matrix adds up at every word, and its last column is the write ledger."""

import sys

import numpy as np
import pytest

from models.network.equations import POOLINGS
from models.network.onnx_graph import open_step_graph
from models.network.session import run_whole
from models.trace import default_target, head_of, memory, recover, running_logits, write_ledger
from models.trace.ledger import TOLERANCE, kept, readout, written
from tests.bundles import random_weights
from tests.models.trace.networks import GATED, Traced, of, traced


def found_in(one: Traced):
    return memory(one.trace, one.head, one.running)


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_columns_add_up_to_the_running_logit(cell, pooling, layers) -> None:
    one = traced(cell, pooling, layers, classes=4)
    found = found_in(one)
    assert found.matrix.sum(axis=0) + one.head.bias == pytest.approx(one.running, abs=1e-9)
    assert found.error < 1e-9
    assert found.matrix[:, -1] == pytest.approx(write_ledger(one.trace, one.head, one.logit).words, abs=1e-10)
    assert not np.tril(found.matrix, -1).any()


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_a_column_is_the_write_ledger_of_the_prefix(cell, pooling, layers) -> None:
    whole = found_in(traced(cell, pooling, layers, words=12)).matrix
    for words in (1, 2, 7):
        one = traced(cell, pooling, layers, words=12)
        cut = of(one.weights, one.ids[:words], one.target)
        assert whole[:words, words - 1] == pytest.approx(write_ledger(cut.trace, cut.head, cut.logit).words, abs=1e-10)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_of_one_word_there_is_all_still(cell, pooling) -> None:
    one = traced(cell, pooling, words=1)
    found = found_in(one)
    assert found.matrix + one.head.bias == pytest.approx(one.logit)
    assert found.retained == pytest.approx([1])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("words", [300, 1000])
def test_in_float32_by_onnx_runtime_columns_add_up_to_rounding(cell, words) -> None:
    weights = random_weights(cell, "max||mean", hidden_size=48, embedding_size=32)
    ids = np.random.default_rng(words).integers(1, len(weights.embedding), words)
    answer = run_whole(open_step_graph(weights), [ids], traced=True)
    hidden = [layer[:, 0] for layer in answer.hidden]
    target = default_target(answer.logits[0])
    running = target.of(running_logits(weights, hidden[-1]))
    assert memory(recover(weights, ids, hidden), head_of(weights, target), running).error <= TOLERANCE


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_above_512_words_blocks_are_summed_and_averaged(cell) -> None:
    one = traced(cell, "max||mean", words=1100)
    found = found_in(one)
    assert found.block == 3
    assert found.matrix.shape == (367, 367)
    assert found.error < 1e-9
    assert found.matrix[:, -1].sum() + one.head.bias == pytest.approx(one.running[1098:].mean())


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_is_retained_is_what_the_gates_kept(cell) -> None:
    one = traced(cell, "last", words=15)
    layer, found = one.trace.top, found_in(one)
    read = np.ones(10) if (through := readout(layer)) is None else np.abs(through[-1])
    weight = np.abs(one.head.last) * read
    for t in range(15):
        now = np.abs(written(layer)[t]) * weight
        later = now * np.prod(kept(layer)[t + 1 :], axis=0)
        assert found.retained[t] == pytest.approx(later.sum() / now.sum())
        assert found.retention[t, -1] == pytest.approx(found.retained[t])
    assert found.retained[-1] == pytest.approx(1)


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_the_retention_of_a_word_falls_from_all_of_it_by_what_the_gates_kept(cell, pooling, layers) -> None:
    one = traced(cell, pooling, layers, words=15)
    layer, found = one.trace.top, found_in(one)
    weight = one.head.size if (through := readout(layer)) is None else one.head.size * np.abs(through[-1])
    now = np.abs(written(layer)) * weight
    for t in range(15):
        assert not found.retention[t, :t].any()
        for tau in range(t, 15):
            left = (now[t] * np.prod(kept(layer)[t + 1 : tau + 1], axis=0)).sum()
            assert found.retention[t, tau] == pytest.approx(left / now[t].sum())
    assert np.diag(found.retention) == pytest.approx(1)
    assert np.all(np.diff(found.retention, axis=1)[np.triu_indices(15, 0, 14)] <= 1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_in_blocks_it_is_the_retention_of_all_that_their_words_wrote(cell, monkeypatch) -> None:
    one = traced(cell, "max||mean", words=23)
    exact = found_in(one)
    monkeypatch.setattr(sys.modules[memory.__module__], "MAX_BLOCKS", 6)
    found = found_in(one)
    assert (found.block, found.retention.shape) == (4, (6, 6))
    layer = one.trace.top
    weight = one.head.size if (read := readout(layer)) is None else one.head.size * np.abs(read[-1])
    sizes = (np.abs(written(layer)) * weight).sum(axis=1)
    for row in range(6):
        words = np.arange(4 * row, min(4 * row + 4, 23))
        for column in range(row, 6):
            shares = exact.retention[words, min(4 * column + 3, 22)]
            assert found.retention[row, column] == pytest.approx(np.average(shares, weights=sizes[words]))
    assert found.retained == pytest.approx(exact.retained)


def test_a_unit_that_keeps_half_a_step_has_a_half_life_of_one_word() -> None:
    one = traced("gru", "last")
    top = one.trace.top
    top.values["update"][:] = 0.5
    assert memory(one.trace, one.head, one.running).half_life == pytest.approx(1)
    top.values["update"][:] = 1.0
    assert np.isinf(memory(one.trace, one.head, one.running).half_life).all()


def test_an_rnn_has_no_memory_to_follow() -> None:
    with pytest.raises(ValueError, match="no gated memory"):
        found_in(traced("rnn", "mean"))
