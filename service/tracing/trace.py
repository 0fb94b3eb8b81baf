"""A trace: one review as a network read it, from the values of `models.trace` to the answer.

A new part is its module in `models.trace` and, here, its name in `Part`, its function in `PARTS`, its field in `Trace`.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from models.bundle.files import Bundle
from models.network.equations import Array, Cell, Ids
from models.network.pooling import Pooling
from models.text.pattern import Pattern
from models.text.words import UNK, spans
from models.trace.analysis import Analysis
from models.trace.cells import CELL_TRACES
from models.trace.gradient import Gradient, gradient
from models.trace.ledger import Ledger
from models.trace.memory import Memory, memory
from models.trace.running import Running, running
from models.trace.target import Target
from models.trace.tensors import Gates, Selection, Tensors, gates, tensors
from models.trace.units import TopUnits
from service.tracing.notebook import notebook_html
from service.tracing.occlusion import Interaction, Occlusion, interaction, occlusion

SCHEMA = "trace/2"

Part = Literal["deep", "write", "units", "memory", "gradient", "occlusion", "interaction", "gates", "tensors"]
"""What may be asked for. `deep` is there always, `write` stands beside it in the ledgers, `units` are those in them."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the parts are made from. `without_each [T, C]`: the logits with each word unknown, if a part needs them."""

    analysis: Analysis
    selection: Selection
    without_each: Array | None


PARTS: Mapping[Part, Callable[[Source], Any]] = {
    "memory": lambda of: memory(of.analysis.activations, of.analysis.head, of.analysis.top_units.selected),
    "gradient": lambda of: gradient(of.analysis.activations, of.analysis.head),
    "occlusion": lambda of: occlusion(of.analysis, of.without_each),
    "interaction": lambda of: interaction(of.analysis, of.without_each),
    "gates": lambda of: gates(of.analysis.activations, of.analysis.unit_shares),
    "tensors": lambda of: tensors(of.analysis.activations, of.selection, of.analysis.top_units.selected),
}
"""How each part is made, by its field in `Trace`; None where the cell does not have it."""


class TracedModel(Struct, frozen=True):
    """The model that answered. `conventions` say in words how its gates are to be read."""

    name: str
    version: int
    sha256: str
    cell: Cell
    layers: int
    hidden_size: int
    pooling: Pooling
    labels: list[str]
    conventions: Mapping[str, str]


class TracedWord(Struct, frozen=True, gc=False):
    """One word as typed: `text[start:end]` in code points; `oov` where the model does not know it."""

    text: str
    start: int
    end: int
    id: int
    oov: bool


class TargetLabels(Struct, frozen=True):
    """What is explained: the logit of `first` minus that of `second`; `second` is None for the mean of the others."""

    first: str
    second: str | None


class Verdict(Struct, frozen=True):
    """The verdict. `logit` is the target's, `bias` what it would be with nothing read; the ledger adds up to
    `logit - bias`.
    """

    label: str
    probabilities: dict[str, float]
    target: TargetLabels
    logit: float
    bias: float


class Ledgers(Struct, frozen=True):
    """`deep`: what each word's vector brought. `write`: what each step wrote that survived to the end (not an RNN)."""

    deep: Ledger
    write: Ledger | None


class Checks(Struct, frozen=True):
    """The residuals of the trace's own equations.

    `reconstruction`: largest |hidden recomputed from the recovered gates - hidden of the network|. `running`: |last
    running logit - the network's|. `ledgers`: |residual| over the summed |contributions|, by ledger. `memory`: largest
    |column sum - (running logit - bias)| over the summed |contributions| of the last column, where it was asked for.
    """

    reconstruction: float
    running: float
    ledgers: dict[str, float]
    memory: float | None


class Trace(Struct, frozen=True):
    """One review as the network read it. A part that was not asked for, or that the cell does not have (`write` and
    `memory` of an RNN), is null.
    """

    schema: str
    model: TracedModel
    words: list[TracedWord]
    truncated: bool
    prediction: Verdict
    running: Running
    ledgers: Ledgers
    units: TopUnits
    memory: Memory | None
    gradient: Gradient | None
    occlusion: Occlusion | None
    interaction: Interaction | None
    gates: Gates | None
    tensors: Tensors | None
    checks: Checks
    timing_ms: dict[str, float]

    @property
    def ledger(self) -> Ledger:
        """What each word brought: the deep ledger."""
        return self.ledgers.deep

    def _repr_html_(self) -> str:
        return notebook_html(self)


def make_trace(
    bundle: Bundle,
    text: str,
    truncated: bool,
    probabilities: Array,
    source: Source,
    include: Collection[Part],
    timing_ms: dict[str, float],
) -> Trace:
    """Return the trace of `text` as far as it was read, with the default parts and those of `include`.

    The milliseconds that it takes are added to `timing_ms`.
    """
    started, analysis = time.perf_counter(), source.analysis
    write = analysis.write if "write" in include else None
    parts = {name: make(source) if name in include else None for name, make in PARTS.items()}
    return Trace(
        schema=SCHEMA,
        model=_model(bundle),
        words=_words(text, analysis.ids, bundle.vocabulary.pattern),
        truncated=truncated,
        prediction=_verdict(bundle.manifest.labels, probabilities, analysis),
        running=running(analysis.running_logits, analysis.target),
        ledgers=_ledgers(analysis, write, with_units="units" in include),
        units=analysis.top_units,
        **parts,
        checks=_checks(analysis, write, parts["memory"]),
        timing_ms=timing_ms | {"trace": round(1000 * (time.perf_counter() - started), 3)},
    )


def _model(bundle: Bundle) -> TracedModel:
    manifest = bundle.manifest
    return TracedModel(
        name=manifest.name,
        version=manifest.version,
        sha256=bundle.sha256,
        cell=manifest.cell,
        layers=manifest.layers,
        hidden_size=manifest.hidden_size,
        pooling=manifest.pooling,
        labels=list(manifest.labels),
        conventions=CELL_TRACES[manifest.cell].conventions,
    )


def _words(text: str, ids: Ids, pattern: Pattern) -> list[TracedWord]:
    """Return the first words of `text`, as many as there are `ids [T]`."""
    return [
        TracedWord(text[start:end], start, end, number, number == UNK)
        for (start, end), number in zip(spans(text, len(ids), pattern), ids.tolist(), strict=True)
    ]


def _verdict(labels: tuple[str, ...], probabilities: Array, analysis: Analysis) -> Verdict:
    return Verdict(
        label=labels[int(np.argmax(probabilities))],
        probabilities=dict(zip(labels, probabilities.tolist(), strict=True)),
        target=_target(labels, analysis.target),
        logit=analysis.logit,
        bias=analysis.head.bias,
    )


def _target(labels: tuple[str, ...], target: Target) -> TargetLabels:
    return TargetLabels(labels[target.first], None if target.second is None else labels[target.second])


def _ledgers(analysis: Analysis, write: Ledger | None, *, with_units: bool) -> Ledgers:
    """Return the ledgers with none of their units, or the selected ones; of the deep one in a model of one layer."""
    selected = analysis.top_units.selected if with_units else None
    return Ledgers(
        deep=analysis.deep.of_units(selected if len(analysis.hidden) == 1 else None),
        write=None if write is None else write.of_units(selected),
    )


def _checks(analysis: Analysis, write: Ledger | None, memory: Memory | None) -> Checks:
    logits = analysis.running_logits
    ledgers = {"deep": analysis.deep, "write": write}
    return Checks(
        reconstruction=analysis.activations.residual,
        running=float(np.abs(logits[-1] - analysis.logits).max()),
        ledgers={name: ledger.error for name, ledger in ledgers.items() if ledger is not None},
        memory=None if memory is None else memory.error(analysis.target.of(logits) - analysis.head.bias),
    )
