"""The files for people in a bundle: the model card, the comparison, and plots of how the model does on test."""

from collections.abc import Mapping
from itertools import pairwise

import altair as alt
import numpy as np
from numpy.typing import NDArray

from export.publish.abstain import answered_text
from export.publish.charts import Chart, svg
from export.publish.comparison import FILE, ComparisonReport, behaviour_markdown, gains_markdown, markdown
from export.publish.package import Documents
from export.training.config import TrainedModel
from export.training.dataset import Examples
from export.training.evaluate import calibration, confusion
from models.bundle.manifest import Abstain, Manifest
from models.network.equations import Array

CARD = "card.md"
LENGTHS = (0, 10, 20, 40, 80, 160, 320, 100_000)


def documents(probabilities: Array, test: Examples, model: TrainedModel, comparison: ComparisonReport) -> Documents:
    """Return what makes card, comparison and plots of a model from its `probabilities [N, C]` on `test`."""

    def made(manifest: Manifest) -> Mapping[str, bytes]:
        plots = {
            "training": _training(model),
            "confusion": _confusion(probabilities, test.targets, manifest.labels),
            "calibration": _calibration(probabilities, test.targets),
            "length": _by_length(probabilities, test),
            "coverage": _coverage(probabilities, test.targets),
        }
        return {
            CARD: card(manifest, comparison).encode(),
            FILE: comparison.model_dump_json(indent=1).encode(),
            **{f"report/{name}.svg": svg(chart).encode() for name, chart in plots.items()},
        }

    return made


def heading(manifest: Manifest) -> str:
    """Return the heading of the model card."""
    return f"# {manifest.name}, version {manifest.version}"


def card(manifest: Manifest, comparison: ComparisonReport) -> str:
    """Return the model card, Markdown with YAML front matter."""
    data, made = manifest.data, manifest.provenance
    lessons = ", ".join(f"{count:,} {name}" for name, count in made.lessons.items())
    splits = ", ".join(f"{split.rows:,} {name}" for name, split in data.splits.items())
    return f"""---
library_name: gatescope
pipeline_tag: text-classification
model_name: {manifest.name}
license_of_data: {data.licence}
---

{heading(manifest)}

A {manifest.cell.upper()} with {manifest.layers} layer(s) of {manifest.hidden_size} units over word vectors of
{manifest.embedding_size}, {manifest.pooling} pooling over time; {manifest.parameters:,} parameters. It reads English
text word by word and answers with one of: {", ".join(manifest.labels)}.

## Data

{data.name}: {data.source} ({data.licence}). {splits} reviews; {data.split_rule}. {data.duplicates:,} duplicates and
{data.overlap:,} reviews that stand in two splits were dropped. Choices were made on validation; the figures
below are from test, which was used for nothing else.

Learnt from: {lessons or "the training reviews"}.

## On test

{markdown(comparison)}

![confusion](report/confusion.svg) ![calibration](report/calibration.svg)
![accuracy by length](report/length.svg) ![training](report/training.svg)
![accuracy of the surest answers](report/coverage.svg)

The temperature, {manifest.temperature:.3f}, was fitted on validation and is part of the graph.
{_abstain(manifest.abstain)}{_behaviour(comparison)}{_modifiers(manifest)}
## Limits

It knows {manifest.vocabulary_size:,} words; every other word is the same unknown word to it. It has learnt from one
kind of review and says little about other texts. Words it has seen together with a label count for it whether or not
a person would call them a reason.

## How it was made

`{made.command}` at {made.created}, seed {made.seed}, {made.epochs} epochs, {made.seconds_to_train:.1f} s.
"""


def _abstain(band: Abstain | None) -> str:
    """Return what is left when unsure answers are called uncertain, nothing where there is no such band."""
    if band is None:
        return ""
    return f"""
An answer of less than {band.below:.3f} confidence is uncertain; the others are right at {100 * band.accuracy:.0f} % on
validation. On test they are {answered_text(band.answered["test"])}.
"""


def _behaviour(comparison: ComparisonReport) -> str:
    """Return the section on what the models can read, nothing where that was not tested."""
    found = behaviour_markdown(comparison)
    if not found:
        return ""
    return f"""
## What it can read

Sentences made from templates about films and products, none of them in the training texts: the share judged right, in
percent. In the last four capabilities a sentence is changed, and the answer must not change with it, or not against
what was added.

{found}
"""


def _modifiers(manifest: Manifest) -> str:
    """Return the section on what modifiers do, nothing where that was not measured."""
    if not manifest.modifiers:
        return ""
    return f"""
## What modifiers do

What a word multiplies the contrast of praise and blame by, in other words near it: 1 leaves it, 0 silences it, -1
reverses it. A bag of words has 1 everywhere.

{gains_markdown(manifest.modifiers)}
"""


def _training(model: TrainedModel) -> Chart:
    rows = [
        {"epoch": epoch.number, "loss": loss, "split": split}
        for epoch in model.history
        for split, loss in (("training", epoch.loss), ("validation", epoch.validation_loss))
        if np.isfinite(loss)
    ]
    chart = alt.Chart(alt.Data(values=rows), title="Loss by epoch").mark_line(point=True)
    return chart.encode(x="epoch:O", y=alt.Y("loss:Q", scale=alt.Scale(zero=False)), color="split:N")


def _confusion(probabilities: Array, targets: NDArray[np.int64], labels: tuple[str, ...]) -> Chart:
    counts = confusion(probabilities, targets)
    rows = [
        {"true": labels[true], "answer": labels[answer], "reviews": int(counts[true, answer])}
        for true in range(len(labels))
        for answer in range(len(labels))
    ]
    base = alt.Chart(alt.Data(values=rows), title="Answers against true labels").encode(x="answer:N", y="true:N")
    return base.mark_rect().encode(color="reviews:Q") + base.mark_text(fontSize=14).encode(text="reviews:Q")


def _calibration(probabilities: Array, targets: NDArray[np.int64], bins: int = 10) -> Chart:
    found = calibration(probabilities, targets, bins)
    rows = [{"confidence": confidence, "accuracy": right} for _, confidence, right in found]
    domain = alt.Scale(domain=(0, 1))
    chart = alt.Chart(alt.Data(values=rows), title="Accuracy at each confidence")
    points = chart.mark_line(point=True).encode(
        x=alt.X("confidence:Q", scale=domain), y=alt.Y("accuracy:Q", scale=domain)
    )
    ideal = alt.Chart(alt.Data(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}])).mark_line(strokeDash=[4, 4])
    return points + ideal.encode(x="x:Q", y="y:Q")


def _coverage(probabilities: Array, targets: NDArray[np.int64], points: int = 20) -> Chart:
    order = np.argsort(-probabilities.max(1), kind="stable")
    right = (probabilities.argmax(1) == targets)[order]
    answered = np.unique(np.linspace(0, len(right), points + 1).round().astype(int))[1:]
    rows = [{"answered": count / len(right), "accuracy": float(right[:count].mean())} for count in answered.tolist()]
    chart = alt.Chart(alt.Data(values=rows), title="Accuracy of the surest answers").mark_line(point=True)
    return chart.encode(x="answered:Q", y=alt.Y("accuracy:Q", scale=alt.Scale(zero=False)))


def _by_length(probabilities: Array, test: Examples) -> Chart:
    lengths = np.array([len(words) for words in test.words])
    right = probabilities.argmax(1) == test.targets
    rows = []
    for low, high in pairwise(LENGTHS):
        inside = (lengths >= low) & (lengths < high)
        if inside.any():
            name = f"{low}-{high - 1}" if high < LENGTHS[-1] else f"{low}+"
            rows.append({"words": name, "accuracy": float(right[inside].mean()), "reviews": int(inside.sum())})
    chart = alt.Chart(alt.Data(values=rows), title="Accuracy by length").mark_bar()
    return chart.encode(x=alt.X("words:O", sort=None), y=alt.Y("accuracy:Q", scale=alt.Scale(domain=(0, 1))))
