"""The recovered tensors themselves: selected ones, or the top layer's as means over units."""

from dataclasses import dataclass

import numpy as np

from models.network.equations import Array
from models.trace.activations import Activations
from models.trace.cells import CELL_TRACES


@dataclass(frozen=True, slots=True)
class Gates:
    """The cell at the cursor: the top layer's tensors, each `[T]`.

    They are means over units, weighted by how much each unit mattered (the sum of its |shares|).
    """

    layer: int
    values: dict[str, Array]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tensors to send: names, layers, steps and units that the trace has; `units` is None for the top ones."""

    names: tuple[str, ...]
    layers: tuple[int, ...]
    steps: range
    units: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Tensors:
    """Selected tensors: `values` by name, each `[layer, t, unit]` over `layers`, `steps`, `units` (indices).

    `omitted_share` is the share of the trace's values (names, layers, steps, units) that is not here.
    """

    axes: list[str]
    layers: list[int]
    steps: list[int]
    units: list[int]
    omitted_share: float
    values: dict[str, Array]


def gates(activations: Activations, shares: Array) -> Gates:
    """Return the top layer's tensors as means over units, weighted by the sum of their |shares| `[T, H]`."""
    sizes, top = np.abs(shares).sum(axis=0), activations.top
    weights = sizes / (sizes.sum() or 1.0)
    names = CELL_TRACES[activations.cell].tensors
    return Gates(len(activations.layers) - 1, {name: top[name] @ weights for name in names})


def tensors(activations: Activations, selection: Selection, top_units: list[int]) -> Tensors:
    """Return the selected tensors."""
    layers, steps = activations.layers, selection.steps
    units = top_units if selection.units is None else list(selection.units)
    window = slice(steps.start, steps.stop, steps.step)
    values = {
        name: np.stack([layers[layer][name][window][:, units] for layer in selection.layers])
        for name in selection.names
    }
    sent = sum(array.size for array in values.values())
    whole = len(CELL_TRACES[activations.cell].tensors) * len(layers) * activations.top["hidden"].size
    return Tensors(
        axes=["layer", "t", "unit"],
        layers=list(selection.layers),
        steps=list(steps),
        units=units,
        omitted_share=1 - sent / whole,
        values=values,
    )
