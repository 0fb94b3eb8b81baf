"""An analysis as the answer to a request: the parts that were asked for, put on the wire."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import trace as maths
from models.bundle.files import Bundle
from models.network.equations import Array
from models.text.words import UNK, places
from service.engine import Answer
from service.tracing import schemas
from service.tracing.analysis import Analysis
from service.tracing.encoders import Format
from service.tracing.schemas import TraceRequest
from service.tracing.selection import TENSORS, Selection

CONVENTIONS = {
    "rnn": {"hidden": "tanh of this word and the hidden state before"},
    "lstm": {
        "forget": "1 keeps the cell before, 0 clears it",
        "input": "1 lets the candidate in",
        "cell": "forget x cell before + input x candidate",
        "hidden": "output x tanh(cell)",
    },
    "gru": {
        "update": "1 keeps the hidden state before, 0 takes the candidate",
        "reset": "0 hides the hidden state before from the candidate",
        "hidden": "(1 - update) x candidate + update x hidden before",
    },
}


@dataclass(frozen=True, slots=True)
class Explained:
    """What there is to answer with: `occluded [T, C]` are the logits with each word made unknown, where asked for."""

    bundle: Bundle
    truncated: bool
    answer: Answer
    analysis: Analysis
    selection: Selection
    occluded: Array | None


def respond(request: TraceRequest, explained: Explained, form: Format, timing: Mapping[str, float]) -> schemas.Trace:
    """The answer to `request`, its arrays written as `form` writes them."""
    analysis, wanted = explained.analysis, request.include
    top = analysis.top(request.units)
    occlusion = _occlusion(explained)
    running = analysis.target.of(analysis.running)
    return schemas.Trace(
        schema=schemas.SCHEMA,
        model=_model(explained.bundle),
        words=_words(request.text, explained.analysis.ids),
        truncated=explained.truncated,
        prediction=_verdict(explained),
        running=schemas.Running(
            logit=form.numbers("running.logit", running), p=form.numbers("running.p", _probability(analysis))
        ),
        ledgers=_ledgers(analysis, top, form, deep="deep" in wanted or analysis.write is None),
        units=schemas.Units(
            layer=len(analysis.hidden) - 1,
            ranked_by="head" if analysis.write is None else "write",
            selected=top.selected.tolist(),
            omitted=top.omitted,
            omitted_share=top.omitted_share,
        ),
        memory=_memory(analysis, top, form) if "memory" in wanted else None,
        gradient=_gradient(analysis, form) if "gradient" in wanted else None,
        occlusion=_occlusion_part(occlusion, form) if "occlusion" in wanted else None,
        interaction=_interaction(occlusion, analysis, form) if "interaction" in wanted else None,
        gates=_gates(analysis, form) if "gates" in wanted else None,
        tensors=_tensors(analysis, explained.selection, top, form) if "tensors" in wanted else None,
        checks=_checks(analysis, wanted),
        timing_ms={name: round(milliseconds, 3) for name, milliseconds in timing.items()},
    )


def _model(bundle: Bundle) -> schemas.Model:
    manifest = bundle.manifest
    return schemas.Model(
        name=manifest.name,
        version=manifest.version,
        sha256=bundle.sha256,
        cell=manifest.cell,
        layers=manifest.layers,
        hidden_size=manifest.hidden_size,
        pooling=manifest.pooling,
        labels=list(manifest.labels),
        conventions=CONVENTIONS[manifest.cell],
    )


def _words(text: str, ids: NDArray[np.int64]) -> list[schemas.Word]:
    """The first words of `text`, as many as there are `ids [T]`."""
    return [
        schemas.Word(text[start:end], start, end, number, number == UNK)
        for (start, end), number in zip(places(text, len(ids)), ids.tolist(), strict=True)
    ]


def _verdict(explained: Explained) -> schemas.Verdict:
    labels, target = explained.bundle.manifest.labels, explained.analysis.target
    probabilities = explained.answer.probabilities.tolist()
    return schemas.Verdict(
        label=labels[int(np.argmax(probabilities))],
        probabilities=dict(zip(labels, probabilities, strict=True)),
        target=schemas.Target(labels[target.first], None if target.second is None else labels[target.second]),
        logit=explained.analysis.logit,
        bias=explained.analysis.head.bias,
    )


def _probability(analysis: Analysis) -> Array:
    """The softmax probability of the target's first label after each word, `[T]`."""
    difference = analysis.running - analysis.running[:, analysis.target.first, None]
    probability: Array = 1.0 / np.exp(difference).sum(axis=1)
    return probability


def _ledgers(analysis: Analysis, top: maths.TopUnits, form: Format, *, deep: bool) -> schemas.Ledgers:
    write, one_layer = analysis.write, len(analysis.hidden) == 1
    return schemas.Ledgers(
        write=None if write is None else _ledger("write", write, form, write.units[:, top.selected]),
        deep=_ledger("deep", analysis.deep, form, analysis.deep.units[:, top.selected] if one_layer else None)
        if deep
        else None,
    )


def _ledger(name: str, ledger: maths.Ledger, form: Format, units: Array | None) -> schemas.Ledger:
    return schemas.Ledger(
        words=form.numbers(f"ledgers.{name}.words", ledger.words),
        units=None if units is None else form.numbers(f"ledgers.{name}.units", units),
        bias=ledger.bias,
        sum=ledger.sum,
        residual=ledger.residual,
        cancellation=ledger.cancellation,
    )


def _memory(analysis: Analysis, top: maths.TopUnits, form: Format) -> schemas.Memory | None:
    found = analysis.memory
    if found is None:
        return None
    lives = found.half_life[top.selected].tolist()
    return schemas.Memory(
        matrix=form.numbers("memory.matrix", found.matrix),
        block=found.block,
        retention=form.numbers("memory.retention", found.retention.round(4)),
        retained_at_end=form.numbers("memory.retained_at_end", found.retained),
        half_life_words=[round(life, 3) if math.isfinite(life) else None for life in lives],
    )


def _gradient(analysis: Analysis, form: Format) -> schemas.Gradient:
    return schemas.Gradient(form.numbers("gradient.norm", analysis.gradient.norm))


def _occlusion(explained: Explained) -> Array | None:
    """What the logit loses with each word, `[T]`."""
    if explained.occluded is None:
        return None
    lost: Array = explained.analysis.logit - explained.analysis.target.of(explained.occluded)
    return lost


def _occlusion_part(lost: Array | None, form: Format) -> schemas.Occlusion | None:
    return None if lost is None else schemas.Occlusion(form.numbers("occlusion.words", lost))


def _interaction(lost: Array | None, analysis: Analysis, form: Format) -> schemas.Interaction | None:
    if lost is None:
        return None
    ledger = analysis.write or analysis.deep
    words_alone = form.numbers("interaction.words", lost - ledger.words)
    return schemas.Interaction("deep" if analysis.write is None else "write", words_alone)


def _gates(analysis: Analysis, form: Format) -> schemas.Gates:
    names = TENSORS[analysis.weights.cell]
    values = {name: form.numbers(f"gates.values.{name}", analysis.weighted(name)) for name in names}
    return schemas.Gates(len(analysis.hidden) - 1, values)


def _tensors(analysis: Analysis, selection: Selection, top: maths.TopUnits, form: Format) -> schemas.Tensors:
    units, steps, layers = selection.unit_indices(top.selected), selection.steps, analysis.trace.layers
    window = slice(steps.start, steps.stop, steps.step)
    values = {
        name: form.numbers(
            f"tensors.values.{name}", np.stack([layers[layer][name][window][:, units] for layer in selection.layers])
        )
        for name in selection.names
    }
    sent = len(selection.names) * len(selection.layers) * len(steps) * len(units)
    whole = len(TENSORS[analysis.weights.cell]) * len(layers) * analysis.hidden[0].size
    return schemas.Tensors(
        axes=["layer", "t", "unit"],
        layers=list(selection.layers),
        steps=list(steps),
        units=units,
        omitted_share=1 - sent / whole,
        values=values,
    )


def _checks(analysis: Analysis, wanted: frozenset[schemas.Include]) -> schemas.Checks:
    ledgers = {} if analysis.write is None else {"write": analysis.write.error}
    if "deep" in wanted or analysis.write is None:
        ledgers["deep"] = analysis.deep.error
    return schemas.Checks(
        reconstruction=analysis.trace.residual,
        running=float(np.abs(analysis.running[-1] - analysis.logits).max()),
        ledgers=ledgers,
        memory=analysis.memory.error if "memory" in wanted and analysis.memory is not None else None,
    )
