"""What a network computed on the way through one review: gates, candidates, cell and hidden states of every layer."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.network.equations import Array, Cell, Ids, Weights


@dataclass(frozen=True, slots=True)
class LayerActivations:
    """The activations of one layer over one review.

    `values` holds VALUES and `hidden` by name, `[T, H]` each. `inputs [T, I]` is what the layer read. `residual` is the
    largest |recomputed - hidden|.
    """

    values: Mapping[str, Array]
    inputs: Array
    residual: float

    def __getitem__(self, name: str) -> Array:
        return self.values[name]


@dataclass(frozen=True, slots=True)
class Activations:
    """The activations of every layer over one review, `ids [T]`; lowest layer first."""

    weights: Weights
    ids: Ids
    layers: tuple[LayerActivations, ...]

    @property
    def cell(self) -> Cell:
        """The kind of cell."""
        return self.weights.cell

    @property
    def top(self) -> LayerActivations:
        """The layer that the head reads."""
        return self.layers[-1]

    @property
    def residual(self) -> float:
        """The largest |recomputed - hidden| of all layers."""
        return max(layer.residual for layer in self.layers)
