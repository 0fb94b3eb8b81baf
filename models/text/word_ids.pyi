"""Compiled from `word_ids.c`."""

from typing import NewType

Table = NewType("Table", object)

def table(words: tuple[str, ...], ids: tuple[int, ...], kinds: bytes, /) -> Table:
    """Words to ids; of words that are there twice the first counts. Raises `ValueError` where sizes do not fit.

    `kinds` says of each of 65,536 code points, in bits: 1 part of a word of letters and digits, 2 white space, 4
    changed by lower-casing.
    """

def encode(table: Table, text: str, most: int, /) -> tuple[bytes, bool] | None:
    """Return the ids of the first `most` words, int64, and whether there are more.

    None where bytes do not tell: a code point past 65,536, a lone surrogate, an unknown word in capitals past ASCII.
    """

def spans(table: Table, text: str, most: int, /) -> bytes | None:
    """Where the first `most` words begin and end, int64 `[N, 2]`, in code points; None as for `encode`."""
