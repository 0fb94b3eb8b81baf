"""The compiled loops: the answers of the equations, whatever the cell, the sizes, the company and the cuts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bundle.files import Bundle
from models.network.compiled_session import IMPORT_ERROR, CompiledSession
from models.network.equations import CELLS, Cell, Weights, forward
from models.network.onnx_session import OnnxSession
from models.network.pooling import POOLINGS, Pooling
from models.network.session import FRESH, to_host
from models.trace import recover
from service.inference.provider import provider_of
from service.settings import Settings
from tests.bundles import random_weights
from tests.service.engine.conftest import review

WORDS = 50
Ids = np.ndarray[Any, np.dtype[np.int64]]


def test_they_are_built_here_and_compute_unless_something_else_is_asked_for() -> None:
    assert IMPORT_ERROR is None
    assert provider_of(Settings()) == "native"
    assert provider_of(Settings(provider="onnxruntime")) == "onnxruntime"


def widths() -> list[int]:
    from models.network import recurrence

    return recurrence.widths()


def reviews(lengths: Sequence[int], seed: int = 0) -> list[Ids]:
    draw = np.random.default_rng(seed)
    return [draw.integers(0, WORDS, length) for length in lengths]


def weights_of(cell: Cell, pooling: Pooling, layers: int, hidden: int, classes: int = 2) -> Weights:
    return random_weights(
        cell,
        pooling=pooling,
        layers=layers,
        vocabulary_size=WORDS,
        embedding_size=7,
        hidden_size=hidden,
        classes=classes,
    )


def fresh(session: CompiledSession, words: Sequence[Ids], *, traced: bool = False) -> Any:
    return session.run(words, np.full(len(words), FRESH), session.empty_state, traced=traced)


@pytest.mark.parametrize("tabled", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("hidden", [5, 16, 70])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_answers_and_hidden_states_are_those_of_the_equations(
    cell: Cell, pooling: Pooling, layers: int, hidden: int, tabled: bool
) -> None:
    weights = weights_of(cell, pooling, layers, hidden, classes=5)
    words = reviews([1, 30, 2, 17, 17, 9, 4])
    for width in widths():
        session = CompiledSession(weights, width, most_table_bytes=1 << 30 if tabled else 0)
        chunk = fresh(session, words, traced=True)
        for row, ids in enumerate(words):
            expected = forward(weights.astype(np.float64), ids)
            np.testing.assert_allclose(chunk.logits[row], expected.logits, atol=1e-5)
            assert chunk.probabilities[row].sum() == pytest.approx(1, abs=1e-6)
            assert np.argmax(chunk.probabilities[row]) == np.argmax(expected.logits)
            for layer, run in zip(chunk.hidden, expected.runs, strict=True):
                np.testing.assert_allclose(layer[: len(ids), row], run.hidden, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=60)
@given(st.data())
def test_neither_company_nor_cuts_change_a_bit_of_an_answer(cell: Cell, data: st.DataObject) -> None:
    words = reviews(data.draw(st.lists(st.integers(1, 40), min_size=1, max_size=14)), seed=1)
    session = CompiledSession(weights_of(cell, "max||mean", 2, 20), data.draw(st.sampled_from(widths())))
    alone = [fresh(session, [ids]).logits[0] for ids in words]
    going, state, places = dict.fromkeys(range(len(words)), 0), session.empty_state, dict[int, int]()
    while going:
        rows = data.draw(st.permutations([*going]))
        ends = [data.draw(st.integers(going[row] + 1, len(words[row]))) for row in rows]
        pieces = [words[row][going[row] : end] for row, end in zip(rows, ends, strict=True)]
        chunk = session.run(pieces, np.array([places.get(row, FRESH) for row in rows]), state, traced=False)
        state, places = chunk.state, {row: place for place, row in enumerate(rows)}
        for place, (row, end) in enumerate(zip(rows, ends, strict=True)):
            going[row] = end
            if end == len(words[row]):
                np.testing.assert_array_equal(chunk.logits[place], alone[row])
                del going[row]


@pytest.mark.parametrize("cell", CELLS)
def test_state_is_exported_as_the_manifests_tensors_and_imported_from_them(
    bundles: dict[str, Bundle], cell: str
) -> None:
    bundle = bundles[cell]
    graph, compiled = OnnxSession(bundle.step_graph, bundle.manifest.states, 1), CompiledSession(bundle.weights)
    words, rest = [review(bundle, length, length) for length in (3, 30)], [review(bundle, 9, 1)]
    expected = to_host(graph.run(words, np.full(2, FRESH), graph.empty_state, traced=False).state)
    found = to_host(compiled.run(words, np.full(2, FRESH), compiled.empty_state, traced=False).state)
    for row in range(2):
        exported = compiled.export_state(tuple(tensor[row] for tensor in found))
        for tensor, of_graph in zip(exported, expected, strict=True):
            assert tensor.dtype == of_graph.dtype
            np.testing.assert_allclose(tensor, of_graph[row], atol=1e-5)
        here = tuple(tensor[None] for tensor in compiled.import_state(exported))
        there = tuple(tensor[None] for tensor in graph.import_state(exported))
        went_on = compiled.run(rest, np.zeros(1, np.int64), here, traced=False)
        as_graph = graph.run(rest, np.zeros(1, np.int64), there, traced=False)
        np.testing.assert_allclose(went_on.logits, as_graph.logits, atol=1e-5)


@pytest.mark.parametrize("tabled", [True, False], ids=["table", "no table"])
@pytest.mark.parametrize("cell", CELLS)
def test_values_that_are_kept_are_those_that_the_trace_works_out(cell: Cell, tabled: bool) -> None:
    weights, words = weights_of(cell, "mean", 2, 20), reviews([33, 1, 60])
    for width in widths():
        session = CompiledSession(weights, width, most_table_bytes=1 << 30 if tabled else 0)
        chunk = session.run(words, np.full(3, FRESH), session.empty_state, traced=True, values=True)
        for row, ids in enumerate(words):
            hidden = [layer[: len(ids), row] for layer in chunk.hidden]
            found = recover(weights, ids, hidden, [layer[:, : len(ids), row] for layer in chunk.values])
            assert found.residual < 1e-5
            for layer, expected in zip(found.layers, recover(weights, ids, hidden).layers, strict=True):
                assert layer.values.keys() == expected.values.keys()
                for name, values in expected.values.items():
                    np.testing.assert_allclose(layer[name], values, atol=1e-5)


def test_hidden_states_are_kept_without_values_and_nothing_without_being_asked() -> None:
    session, words = CompiledSession(weights_of("gru", "mean", 1, 20)), reviews([3])
    asked = ((False, False), (False, True), (True, False), (True, True))
    chunks = [session.run(words, np.array([FRESH]), session.empty_state, traced=one, values=two) for one, two in asked]
    assert [(len(chunk.hidden), len(chunk.values)) for chunk in chunks] == [(0, 0), (0, 0), (1, 0), (1, 1)]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("scale", [0.0, 30.0, 1e6])
def test_gates_may_be_wide_open_or_tightly_shut(cell: Cell, scale: float) -> None:
    weights = weights_of(cell, "max||mean", 1, 16)
    weights = Weights.from_tensors(
        cell, "max||mean", {name: tensor * np.float32(scale) for name, tensor in weights.tensors().items()}
    )
    (ids,) = reviews([50])
    expected = forward(weights.astype(np.float64), ids).logits
    for width in widths():
        found = fresh(CompiledSession(weights, width), [ids]).logits[0]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-4 * max(1.0, scale))


@pytest.mark.parametrize(
    ("words", "carry", "reason"),
    [
        ([np.array([1, WORDS])], [FRESH], "vocabulary"),
        ([np.array([-1])], [FRESH], "vocabulary"),
        ([np.array([1]), np.zeros(0, np.int64)], [FRESH, FRESH], "needs a word"),
        ([np.array([1])], [0], "not there"),
        ([np.array([1])], [-2], "not there"),
        ([np.array([1])], [FRESH, FRESH], "numbers of rows"),
    ],
)
def test_what_would_leave_an_array_is_refused(words: list[Ids], carry: list[int], reason: str) -> None:
    session = CompiledSession(weights_of("lstm", "max||mean", 1, 16))
    with pytest.raises(ValueError, match=reason):
        session.run(words, np.array(carry), session.empty_state, traced=False)


def test_weights_of_another_size_than_said_are_refused() -> None:
    from models.network import recurrence

    floats = np.zeros(16, np.float32)
    with pytest.raises(ValueError, match="64 bytes where 256 floats"):
        recurrence.network(
            recurrence.widths()[-1], 0, 1, 16, 2, 1, True, floats, ((16, floats, floats, floats),), floats, floats
        )
