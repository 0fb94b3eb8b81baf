"""Compiled from `word_ids.c`."""

from collections.abc import Callable
from typing import NewType

Table = NewType("Table", object)

def table(words: tuple[str, ...], ids: tuple[int, ...], kinds: bytes, fold: Callable[[str], str], /) -> Table:
    """Words to ids; of words that are there twice the first counts. Raises `ValueError` where sizes do not fit.

    `kinds` says of code points what `Pattern.kinds` says; `fold` is asked about unknown words that it may change.
    """

def encode(table: Table, text: str, most: int, /) -> tuple[bytes, bool] | None:
    """Return the ids of the first `most` words, int64, and whether there are more; None for a lone surrogate."""

def spans(table: Table, text: str, most: int, /) -> bytes | None:
    """Where the first `most` words begin and end, int64 `[N, 2]`, in code points; None as for `encode`."""
