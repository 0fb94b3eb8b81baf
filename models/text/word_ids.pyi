"""Compiled from `word_ids.c`."""

from collections.abc import Callable
from typing import NewType

Table = NewType("Table", object)

def table(words: tuple[str, ...], ids: tuple[int, ...], kinds: bytes, fold: Callable[[str], str], /) -> Table:
    """Return a table of words to ids; the first of equal words counts. Raises `ValueError` where sizes do not fit.

    `kinds` says of code points what `Pattern.kinds` says; `fold` is asked about unknown words that it may change.
    """

def encode(table: Table, text: str, most: int, /) -> tuple[bytes, bool] | None:
    """Return the ids of the first `most` words, int64, and whether there are more; None for a lone surrogate."""

def spans(table: Table, text: str, most: int, /) -> bytes | None:
    """Return where the first `most` words begin and end, int64 `[N, 2]`, in code points; None as for `encode`."""
