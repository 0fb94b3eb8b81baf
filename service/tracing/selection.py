"""What of a trace's tensors is sent: a request's selection checked against the model and the text."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.bundle.manifest import Manifest
from models.network.equations import Cell
from service.api.problems import Problem
from service.tracing.schemas import TensorSelection

One = TypeVar("One", str, int)

MAX_VALUES = 2_000_000
"""The most values that the tensors of one response may hold: 8 MB in msgpack, about 18 MB in JSON."""

TENSORS: dict[Cell, tuple[str, ...]] = {
    "rnn": ("hidden",),
    "lstm": ("forget", "input", "candidate", "output", "cell", "hidden"),
    "gru": ("reset", "update", "candidate", "hidden"),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Names, layers and steps that exist; `units` is None for those that mattered most."""

    names: tuple[str, ...]
    layers: tuple[int, ...]
    units: tuple[int, ...] | None
    steps: range

    def unit_indices(self, top: NDArray[np.int64]) -> list[int]:
        """The selected units, where `top` are those that mattered most."""
        return top.tolist() if self.units is None else list(self.units)


def select(asked: TensorSelection, manifest: Manifest, words: int, top: int) -> Selection:
    """The selection of a trace of `words` words that details `top` units.

    Raises 422 that names what the model has, and 413 that names the largest selection allowed.
    """
    has = TENSORS[manifest.cell]
    names = has if asked.names is None else asked.names
    _known("names", names, has)
    layers = tuple(range(manifest.layers)) if asked.layers is None else asked.layers
    _known("layers", layers, range(manifest.layers))
    units = _units(asked.units, manifest.hidden_size)
    selection = Selection(_once(names), _once(layers), units, _steps(asked, words))
    _check_size(selection, min(top, manifest.hidden_size) if units is None else len(units))
    return selection


def _units(asked: str | tuple[int, ...], hidden_size: int) -> tuple[int, ...] | None:
    if asked == "top":
        return None
    if isinstance(asked, str):
        return tuple(range(hidden_size))
    _known("units", asked, range(hidden_size))
    return _once(asked)


def _steps(asked: TensorSelection, words: int) -> range:
    end = words if asked.to is None else min(asked.to, words)
    steps = range(asked.first, end, asked.stride)
    if not steps:
        raise Problem("not-in-model", f"tensors: no step from {asked.first} to {end}; the text has {words} words")
    return steps


def _check_size(selection: Selection, units: int) -> None:
    a_step = len(selection.names) * len(selection.layers)
    values = a_step * len(selection.steps) * units
    if values <= MAX_VALUES:
        return
    most_units = MAX_VALUES // (a_step * len(selection.steps))
    stride = selection.steps.step * math.ceil(values / MAX_VALUES)
    raise Problem(
        "too-large",
        f"tensors: {values} values are selected, {MAX_VALUES} are allowed: at most {most_units} units, "
        f"or a stride of at least {stride}",
    )


def _known(field: str, asked: Sequence[str] | Sequence[int], has: Sequence[str] | range) -> None:
    if not asked:
        raise Problem("not-in-model", f"tensors: {field} is empty; leave it out to get them all")
    unknown = next((one for one in asked if one not in has), None)
    if unknown is not None:
        known = f"0 to {has.stop - 1}" if isinstance(has, range) else ", ".join(has)
        raise Problem("not-in-model", f"tensors: {field} has no {unknown!r}; there is {known}")


def _once(values: tuple[One, ...]) -> tuple[One, ...]:
    return tuple(dict.fromkeys(values))
