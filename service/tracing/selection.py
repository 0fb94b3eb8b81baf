"""A request's target and tensors, checked against the model and the text."""

import math
from collections.abc import Sequence
from typing import TypeVar

from models.bundle.manifest import Manifest
from models.network.equations import Array
from models.trace.cells import CELL_TRACES
from models.trace.target import Target, default_target
from models.trace.tensors import Selection
from service.errors import NotInModel, TooLarge
from service.tracing.request import TensorSelection

One = TypeVar("One", str, int)

MAX_VALUES = 2_000_000
"""The most values that the tensors of one response may hold: 8 MB in msgpack, about 18 MB in JSON."""


def check_target(asked: str | tuple[str, str] | None, labels: Sequence[str]) -> None:
    """Raise 422 that names the model's labels, where `asked` has others or twice the same."""
    for label in () if asked is None else (asked,) if isinstance(asked, str) else asked:
        if label not in labels:
            raise NotInModel(f"target: no such label; there is {', '.join(labels)}")
    if not isinstance(asked, str) and asked is not None and asked[0] == asked[1]:
        raise NotInModel(f"target: twice {asked[0]}; two of {', '.join(labels)} are compared")


def select_target(asked: str | tuple[str, str] | None, labels: Sequence[str], logits: Array) -> Target:
    """Return what to explain: the labels asked for, else those that `logits [C]` suggest."""
    if asked is None:
        return default_target(logits)
    if isinstance(asked, str):
        return Target(labels.index(asked), None)
    return Target(labels.index(asked[0]), labels.index(asked[1]))


def select_tensors(asked: TensorSelection, manifest: Manifest, words: int, top: int) -> Selection:
    """Return the selection of a trace of `words` words that details `top` units.

    Raises 422 that names what the model has, and 413 that names the largest selection allowed.
    """
    all_names = CELL_TRACES[manifest.cell].tensors
    names = all_names if asked.names is None else asked.names
    _check_known("names", names, all_names)
    layers = tuple(range(manifest.layers)) if asked.layers is None else asked.layers
    _check_known("layers", layers, range(manifest.layers))
    units = _units(asked.units, manifest.hidden_size)
    selection = Selection(_once(names), _once(layers), _steps(asked, words), units)
    _check_size(selection, min(top, manifest.hidden_size) if units is None else len(units))
    return selection


def _units(asked: str | tuple[int, ...], hidden_size: int) -> tuple[int, ...] | None:
    if asked == "top":
        return None
    if isinstance(asked, str):
        return tuple(range(hidden_size))
    _check_known("units", asked, range(hidden_size))
    return _once(asked)


def _steps(asked: TensorSelection, words: int) -> range:
    end = words if asked.to is None else min(asked.to, words)
    steps = range(asked.first, end, asked.stride)
    if not steps:
        raise NotInModel(f"tensors: no step from {asked.first} to {end}; the text has {words} words")
    return steps


def _check_size(selection: Selection, units: int) -> None:
    values_a_unit = len(selection.names) * len(selection.layers) * len(selection.steps)
    values = values_a_unit * units
    if values <= MAX_VALUES:
        return
    most_units = MAX_VALUES // values_a_unit
    stride = selection.steps.step * math.ceil(values / MAX_VALUES)
    raise TooLarge(
        f"tensors: {values} values are selected, {MAX_VALUES} are allowed: at most {most_units} units, "
        f"or a stride of at least {stride}",
    )


def _check_known(field: str, asked: Sequence[str] | Sequence[int], there: Sequence[str] | range) -> None:
    if not asked:
        raise NotInModel(f"tensors: {field} is empty; leave it out to get them all")
    unknown = next((one for one in asked if one not in there), None)
    if unknown is not None:
        names = f"0 to {there.stop - 1}" if isinstance(there, range) else ", ".join(there)
        raise NotInModel(f"tensors: {field} has no {unknown!r}; there is {names}")


def _once(values: tuple[One, ...]) -> tuple[One, ...]:
    return tuple(dict.fromkeys(values))
