"""The memory of networks as a table for a terminal and as one figure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import altair as alt
import vl_convert
from rich.table import Table

from export.memory.experiment import FAR, NetworkMemory
from export.publish.charts import Chart

GRADIENT = ("words back", "share of all words")
DRAWN_BACK = 60
"""Words back to which the gradient is drawn."""


def memory_table(found: Sequence[NetworkMemory]) -> Table:
    """Return the figures that tell most, a row a network."""
    drawn = Table(title="what is remembered, in percent; planted word in log-odds", title_justify="left")
    for column in ("model", *_row(found[0])):
        drawn.add_column(column, justify="left" if column in ("model", "pooling") else "right")
    for one in found:
        drawn.add_row(one.name, *_row(one).values())
    return drawn


def _row(one: NetworkMemory) -> dict[str, str]:
    return {
        "pooling": one.pooling,
        "test": _percent(one.accuracy),
        "shuffled": _percent(one.shuffled),
        **{f"{length} words": _percent(one.by_length[length]) for length in (10, 40, 160)},
        **{f"word {distance} back": f"{one.planted[distance]:.2f}" for distance in (1, 20, 80)},
        f"gradient {FAR}+ back, start": _percent(one.far_start),
        f"gradient {FAR}+ back, end": _percent(one.far_end),
    }


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def memory_figure(found: Sequence[NetworkMemory]) -> str:
    """Return one SVG: how accuracy grows with what is read, a word's effect by what follows, gradients by distance."""
    panels = [
        _panel("Accuracy by words read", "words", "accuracy", _curves(found, "by_length"), "log"),
        _panel("Effect of the first word", "words after it", "log-odds", _curves(found, "planted"), "symlog"),
        _panel("Gradient at the start of training", *GRADIENT, _gradients(found, "start"), "linear"),
        _panel("Gradient at the end of training", *GRADIENT, _gradients(found, "end"), "linear"),
    ]
    return str(vl_convert.vegalite_to_svg(alt.concat(*panels, columns=2).to_dict()))


Rows = Iterator[dict[str, Any]]


def _curves(found: Sequence[NetworkMemory], measure: str) -> Rows:
    for one in found:
        values: Mapping[int, float] = getattr(one, measure)
        for place, value in values.items():
            yield _point(one, place, value)


def _gradients(found: Sequence[NetworkMemory], when: str) -> Rows:
    for one in found:
        shares: Sequence[float] = getattr(one, f"gradient_{when}")
        for back, share in enumerate(shares[:DRAWN_BACK]):
            yield _point(one, back, share)


def _point(one: NetworkMemory, place: int, value: float) -> dict[str, Any]:
    return {"cell": one.cell, "pooling": one.pooling, "place": place, "value": value}


def _panel(title: str, across: str, up: str, rows: Rows, scale: Literal["linear", "log", "symlog"]) -> Chart:
    chart = alt.Chart(alt.Data(values=list(rows)), title=title).mark_line(point=scale != "linear", clip=True)
    return chart.encode(
        x=alt.X("place:Q", title=across, scale=alt.Scale(type=scale, nice=False)),
        y=alt.Y("value:Q", title=up, scale=_upwards(scale), axis=alt.Axis(format="~" if up == "log-odds" else "~%")),
        color="cell:N",
        strokeDash="pooling:N",
    ).properties(width=260, height=200)


def _upwards(scale: str) -> alt.Scale:
    return alt.Scale(type="log", domain=(1e-5, 1)) if scale == "linear" else alt.Scale(zero=scale == "symlog")
