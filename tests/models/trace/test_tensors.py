"""Tensors as they are sent: the selected values, or means over units, and what is left out."""

import numpy as np
import pytest

from models.network.equations import CELLS, Cell
from models.trace.cells import CELL_TRACES
from models.trace.tensors import Selection, gates, tensors
from tests.models.trace.networks import traced


@pytest.mark.parametrize("cell", CELLS)
def test_selected_values_are_those_of_the_activations(cell: Cell) -> None:
    one = traced(cell, "last", 2, words=9)
    found = tensors(one.activations, Selection(("hidden",), (1, 0), range(1, 9, 3), (7, 2)), [])
    assert (found.layers, found.steps, found.units) == ([1, 0], [1, 4, 7], [7, 2])
    for place, layer in enumerate((1, 0)):
        np.testing.assert_array_equal(found.values["hidden"][place], one.hidden[layer][1:9:3][:, [7, 2]])
    top = tensors(one.activations, Selection(("hidden",), (0,), range(9), None), [4, 1])
    np.testing.assert_array_equal(top.values["hidden"][0], one.hidden[0][:, [4, 1]])
    names = len(CELL_TRACES[one.activations.cell].tensors)
    assert found.omitted_share == pytest.approx(1 - (2 * 3 * 2) / (names * 2 * 9 * 10))


@pytest.mark.parametrize("cell", CELLS)
def test_gates_are_means_by_the_sizes_of_the_shares(cell: Cell) -> None:
    one = traced(cell, "mean", words=9)
    shares = np.zeros((9, 10))
    shares[0, 3], shares[4, 3], shares[2, 5] = 1, -1, 1
    for name, mean in gates(one.activations, shares).values.items():
        values = one.activations.top[name]
        assert mean == pytest.approx((2 * values[:, 3] + values[:, 5]) / 3)
