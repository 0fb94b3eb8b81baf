"""Charts as SVG, all in one size and look."""

from typing import Any

import vl_convert

Chart = Any
"""An Altair chart: the library types what its own methods return as unknown."""


def svg(chart: Chart) -> str:
    """Return a chart as an SVG document."""
    return str(vl_convert.vegalite_to_svg(chart.properties(width=260, height=200).to_dict()))
