"""A bound on the values of a JSON body, before anything is made of it: 4 MB may hold half a million of them."""

import re
from functools import cache

from service.errors import too_large

MOST_VALUES = 2_000
"""Most values of a body that asks for one text."""
VALUES_A_ROW = 16
"""Most values of a body with many texts, for each text that it may have."""

_VALUES = rb'[^",]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"'
"""What stands between two commas: strings, and everything else. Possessive: read once, never again."""


def check_values(content: bytes, most: int = MOST_VALUES) -> None:
    """Raise `TooLarge` where JSON has more than `most` values.

    That takes as long as those values are: what stands behind them is not looked at.
    """
    if content.count(b",") >= most and _values(most).match(content):
        raise too_large("a body", most, "values")


@cache
def _values(most: int) -> re.Pattern[bytes]:
    return re.compile(b"(?>(?:%b)*+,){%d}" % (_VALUES, most), re.DOTALL)
