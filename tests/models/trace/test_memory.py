"""The memory matrix adds up at every word, and its last column is the write ledger."""

import numpy as np
import pytest

from models.network.equations import Array, Cell
from models.network.onnx_graph import open_step_graph
from models.network.pooling import POOLINGS, Pooling
from models.network.session import run_whole
from models.trace import default_target, recover
from models.trace.cells import CELL_TRACES
from models.trace.ledger import TOLERANCE, write_ledger
from models.trace.memory import Memory, half_lives, memory, retention, written_sizes
from models.trace.running import running_logits
from models.trace.target import target_head
from tests.bundles import random_weights
from tests.models.trace.networks import GATED, Traced, of, traced


def found_in(one: Traced) -> Memory:
    return memory(one.activations, one.head, range(10))


def error(found: Memory, one: Traced) -> float:
    return found.error(one.running - one.head.bias)


def gated(one: Traced) -> tuple[Array, Array, Array]:
    """What each step kept, what it wrote, and the size of that as the head reads it at the end."""
    cell, top = CELL_TRACES[one.activations.cell].memory, one.activations.top
    assert cell is not None
    readout = np.ones(10) if (ratio := cell.readout(top.values)) is None else np.abs(ratio[-1])
    written = cell.written(top.values)
    sizes = np.abs(written) * one.head.size * readout
    assert written_sizes(cell, top, one.head) == pytest.approx(sizes)
    return cell.kept(top.values), written, sizes


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_columns_add_up_to_the_running_logit(cell: Cell, pooling: Pooling, layers: int) -> None:
    one = traced(cell, pooling, layers, classes=4)
    found = found_in(one)
    assert found.matrix.sum(axis=0) + one.head.bias == pytest.approx(one.running, abs=1e-9)
    assert error(found, one) < 1e-9
    assert found.matrix[:, -1] == pytest.approx(
        write_ledger(one.activations, one.grad_hidden, one.logit - one.head.bias).words, abs=1e-10
    )
    assert not np.tril(found.matrix, -1).any()


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_a_column_is_the_write_ledger_of_the_prefix(cell: Cell, pooling: Pooling, layers: int) -> None:
    whole = found_in(traced(cell, pooling, layers, words=12)).matrix
    for words in (1, 2, 7):
        one = traced(cell, pooling, layers, words=12)
        cut = of(one.weights, one.ids[:words], one.target)
        assert whole[:words, words - 1] == pytest.approx(
            write_ledger(cut.activations, cut.grad_hidden, cut.logit - cut.head.bias).words, abs=1e-10
        )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("pooling", POOLINGS)
def test_of_one_word_there_is_all_still(cell: Cell, pooling: Pooling) -> None:
    one = traced(cell, pooling, words=1)
    found = found_in(one)
    assert found.matrix + one.head.bias == pytest.approx(one.logit)
    assert found.retained_at_end == pytest.approx([1])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("words", [300, 1000])
def test_in_float32_by_onnx_runtime_columns_add_up_to_rounding(cell: Cell, words: int) -> None:
    weights = random_weights(cell, "max||mean", hidden_size=48, embedding_size=32)
    ids = np.random.default_rng(words).integers(1, len(weights.embedding), words)
    answer = run_whole(open_step_graph(weights), [ids], traced=True)
    hidden = [layer[:, 0] for layer in answer.hidden]
    target = default_target(answer.logits[0])
    head, running = target_head(weights, target), target.of(running_logits(weights, hidden[-1]))
    assert memory(recover(weights, ids, hidden), head, [0]).error(running - head.bias) <= TOLERANCE


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_above_512_words_blocks_are_summed_and_averaged(cell: Cell) -> None:
    one = traced(cell, "max||mean", words=1100)
    found = found_in(one)
    assert found.block == 5
    assert found.matrix.shape == (220, 220)
    assert error(found, one) < 1e-9
    assert found.matrix[:, -1].sum() + one.head.bias == pytest.approx(one.running[1095:].mean())


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_what_is_retained_is_what_the_gates_kept(cell: Cell) -> None:
    one = traced(cell, "last", words=15)
    found, (kept, _, sizes) = found_in(one), gated(one)
    exact = retention(kept, sizes, 1)
    for t in range(15):
        later = sizes[t] * np.prod(kept[t + 1 :], axis=0)
        assert found.retained_at_end[t] == pytest.approx(later.sum() / sizes[t].sum())
        assert exact[t, -1] == pytest.approx(found.retained_at_end[t])
    assert found.retained_at_end[-1] == pytest.approx(1)


@pytest.mark.parametrize(("cell", "pooling", "layers"), GATED)
def test_the_retention_of_a_word_falls_from_all_of_it_by_what_the_gates_kept(
    cell: Cell, pooling: Pooling, layers: int
) -> None:
    one = traced(cell, pooling, layers, words=15)
    kept, _, sizes = gated(one)
    exact = retention(kept, sizes, 1)
    for t in range(15):
        assert not exact[t, :t].any()
        for tau in range(t, 15):
            left = (sizes[t] * np.prod(kept[t + 1 : tau + 1], axis=0)).sum()
            assert exact[t, tau] == pytest.approx(left / sizes[t].sum())
    assert np.diag(exact) == pytest.approx(1)
    assert np.all(np.diff(exact, axis=1)[np.triu_indices(15, 0, 14)] <= 1e-12)
    np.testing.assert_array_equal(found_in(one).retention, exact.round(4))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_in_blocks_it_is_the_retention_of_all_that_their_words_wrote(
    cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = traced(cell, "max||mean", words=23)
    kept, _, sizes = gated(one)
    exact, retained_at_end = retention(kept, sizes, 1), found_in(one).retained_at_end
    monkeypatch.setattr("models.trace.memory.MOST_WORDS", 6)
    monkeypatch.setattr("models.trace.memory.MOST_BLOCKS", 6)
    found, by_block = found_in(one), retention(kept, sizes, 4)
    assert (found.block, found.retention.shape) == (4, (6, 6))
    np.testing.assert_array_equal(found.retention, by_block.round(4))
    sizes = sizes.sum(axis=1)
    for row in range(6):
        words = np.arange(4 * row, min(4 * row + 4, 23))
        for column in range(row, 6):
            shares = exact[words, min(4 * column + 3, 22)]
            assert by_block[row, column] == pytest.approx(np.average(shares, weights=sizes[words]))
    assert found.retained_at_end == pytest.approx(retained_at_end)


def test_a_unit_that_keeps_half_a_step_has_a_half_life_of_one_word() -> None:
    one = traced("gru", "last")
    update = one.activations.top["update"]
    update[:] = 0.5
    assert half_lives(update) == pytest.approx(1)
    assert found_in(one).half_life_words == [1.0] * 10
    update[:] = 1.0
    assert np.isinf(half_lives(update)).all()
    assert found_in(one).half_life_words == [None] * 10


def test_an_rnn_has_no_memory_to_follow() -> None:
    assert found_in(traced("rnn", "mean")) is None
