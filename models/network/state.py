"""The state that a step graph carries from one chunk of a review to the next: which tensors, of what shape."""

from dataclasses import dataclass
from typing import Literal

from models.network.equations import Cell
from models.network.pooling import GATHERED, INITIAL, Pooling, reductions


@dataclass(frozen=True, slots=True)
class StateTensor:
    """One state tensor, as the manifest lists it: graph input `name [S, *shape]`, graph output `output [B, *shape]`."""

    name: str
    output: str
    dtype: Literal["float32", "int64"]
    shape: tuple[int, ...]

    @property
    def initial(self) -> float:
        """The value of each element before the first word."""
        return INITIAL.get(self.name, 0.0)


def state_tensors(cell: Cell, pooling: Pooling, layers: int, hidden_size: int) -> tuple[StateTensor, ...]:
    """Return the state tensors that a cell and a pooling need."""
    names = [f"hidden_{layer}" for layer in range(layers)]
    if cell == "lstm":
        names += [f"cell_{layer}" for layer in range(layers)]
    gathered = [name for reduction in reductions(pooling) for name in GATHERED[reduction]]
    names += [name for name in gathered if name != "steps"]
    states = [StateTensor(name, f"next_{name}", "float32", (hidden_size,)) for name in names]
    if "steps" in gathered:
        states.append(StateTensor("steps", "next_steps", "int64", ()))
    return tuple(states)


def over_time(layer: int) -> str:
    """Return the name of the graph output that holds a layer's hidden states over time, `[T, B, H]`."""
    return f"over_time_hidden_{layer}"
