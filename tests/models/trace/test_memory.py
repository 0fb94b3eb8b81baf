"""The memory matrix adds up at every word, and its last column is the write ledger."""

import numpy as np
import pytest

from models.trace import memory, write_ledger
from models.trace.ledger import kept, readout, written
from tests.models.trace.networks import GATED, Traced, traced


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
        prefix = traced(cell, pooling, layers, words=12)
        cut = of_prefix(prefix, words)
        assert whole[:words, words - 1] == pytest.approx(write_ledger(cut.trace, cut.head, cut.logit).words, abs=1e-10)


def of_prefix(one: Traced, words: int) -> Traced:
    from tests.models.trace.networks import of

    return of(one.weights, one.ids[:words], one.target)


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
    assert found.retained[-1] == pytest.approx(1)


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
