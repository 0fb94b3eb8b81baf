"""The plots of the page, as SVG."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import altair as alt

from tests.benchmarks.measure import Figures


def throughput_plot(rows: Sequence[Figures], path: Path) -> None:
    """Requests a second over the number of connections, a line a server and set-up."""
    chart = _lines(rows).encode(
        x=alt.X("connections:Q", scale=alt.Scale(type="log"), title="connections"),
        y=alt.Y("rate:Q", title="requests a second"),
    )
    _save(chart, path)


def latency_plot(rows: Sequence[Figures], path: Path) -> None:
    """p99 over the arrival rate, both on logarithmic axes."""
    own = [row for row in rows if not row.kind.startswith("against")]
    chart = _lines(own).encode(
        x=alt.X("offered:Q", scale=alt.Scale(type="log", nice=False), title="requests due a second"),
        y=alt.Y("p99:Q", scale=alt.Scale(type="log"), title="p99, ms"),
    )
    _save(chart, path)


def _lines(rows: Sequence[Figures]) -> Any:
    names = list(dict.fromkeys(row.server for row in rows))
    data = alt.Data(values=[asdict(row) for row in rows])
    dashes = alt.StrokeDash(
        "kind:N",
        sort=["default", "best", "documented"],
        scale=alt.Scale(range=[[1, 0], [1, 0], [4, 3]]),
        title="set-up",
    )
    chart = alt.Chart(data, width=560, height=320).mark_line(point=True)
    width = alt.condition("datum.kind === 'default'", alt.value(4), alt.value(1.5))
    colour = alt.Color("server:N", sort=names, title="server")
    return chart.encode(color=colour, strokeDash=dashes, detail="setup:N", strokeWidth=width)


def _save(chart: Any, path: Path) -> None:
    chart.configure_view(stroke=None).properties(background="white").save(path)
