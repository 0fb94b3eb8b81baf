"""The state that a step graph carries from one chunk of a review to the next: which tensors, of what shape."""

from dataclasses import dataclass
from typing import Literal

from models.network.equations import Cell, Pooling


@dataclass(frozen=True, slots=True)
class StateTensor:
    """One state tensor: graph input `name [S, *shape]`, output `next_name [B, *shape]`, `initial` in a fresh row."""

    name: str
    dtype: Literal["float32", "int64"]
    shape: tuple[int, ...]
    initial: float

    @property
    def output(self) -> str:
        """The name of the graph output that holds the state after the chunk."""
        return f"next_{self.name}"


def state_tensors(cell: Cell, pooling: Pooling, layers: int, hidden_size: int) -> tuple[StateTensor, ...]:
    """The state tensors that a cell and a pooling need."""
    states = [StateTensor(f"hidden_{layer}", "float32", (hidden_size,), 0.0) for layer in range(layers)]
    if cell == "lstm":
        states += [StateTensor(f"cell_{layer}", "float32", (hidden_size,), 0.0) for layer in range(layers)]
    if pooling in ("max", "max||mean"):
        states.append(StateTensor("max", "float32", (hidden_size,), float("-inf")))
    if pooling in ("mean", "max||mean"):
        states.append(StateTensor("sum", "float32", (hidden_size,), 0.0))
        states.append(StateTensor("steps", "int64", (), 0))
    return tuple(states)


def over_time(layer: int) -> str:
    """The name of the graph output that holds a layer's hidden states over time, `[T, B, H]`."""
    return f"over_time_hidden_{layer}"
