"""What `gatescope check-data` found as one HTML page: no script, no address, every text of the file escaped."""

from collections.abc import Mapping
from html import escape
from itertools import pairwise

import altair as alt

from export.publish.charts import Chart, svg
from export.publish.survey_tables import Facts, facts
from export.survey import Survey

LABELS_DRAWN = 20

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #ddd; }}
.refused {{ border-left: 4px solid #c33; padding-left: 1rem; }}
figure {{ display: inline-block; margin: 1rem 1rem 0 0; }}
</style>
<h1>{title}</h1>
{verdict}
<table>
{facts}
</table>
<h2>To look at</h2>
{remarks}
<h2>In pictures</h2>
{charts}
</html>
"""


def page(found: Survey) -> str:
    """Return the whole page."""
    return PAGE.format(
        title=escape(f"{found.source}: {found.reviews:,} reviews"),
        verdict=_verdict(found),
        facts=_rows(facts(found)),
        remarks=_list(found.remarks),
        charts="\n".join(f"<figure>{svg(chart)}</figure>" for chart in _charts(found)),
    )


def _verdict(found: Survey) -> str:
    if found.refused:
        return f'<p class="refused">A training would be refused: {escape(found.refused)}</p>'
    return "<p>A training would begin.</p>"


def _rows(rows: Facts) -> str:
    return "\n".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)


def _list(lines: tuple[str, ...]) -> str:
    if not lines:
        return "<p>Nothing.</p>"
    return "<ul>\n" + "\n".join(f"<li>{escape(line)}</li>" for line in lines) + "\n</ul>"


def _charts(found: Survey) -> list[Chart]:
    edges = found.lengths.edges
    names = [f"{low}-{high - 1}" for low, high in pairwise(edges)] + [f"{edges[-1]}+"]
    lengths = dict(zip(names, found.lengths.counts, strict=True))
    scripts = {name: round(100 * share, 2) for name, share in list(found.scripts.items())[:LABELS_DRAWN]}
    return [_labels(found), _bars("Words of a review", "reviews", lengths), _bars("Scripts", "% of letters", scripts)]


def _labels(found: Survey) -> Chart:
    """Draw the reviews of each label, by split where there are any."""
    splits = found.training.splits if found.training else {"all": found.labels}
    drawn = sorted(found.labels, key=lambda label: -found.labels[label])[:LABELS_DRAWN]
    rows = [
        {"label": label, "split": name, "order": order, "reviews": counts[label]}
        for order, (name, counts) in enumerate(splits.items())
        for label in drawn
    ]
    chart = alt.Chart(alt.Data(values=rows), title="Reviews of each label").mark_bar()
    return chart.encode(
        x="reviews:Q", y=alt.Y("label:N", sort=None), color=alt.Color("split:N", sort=None), order="order:Q"
    )


def _bars(title: str, unit: str, values: Mapping[str, float]) -> Chart:
    rows = [{"name": name, "value": value} for name, value in values.items()]
    chart = alt.Chart(alt.Data(values=rows), title=title).mark_bar()
    return chart.encode(x=alt.X("value:Q", title=unit), y=alt.Y("name:N", sort=None, title=None))
