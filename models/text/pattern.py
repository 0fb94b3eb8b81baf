"""What a word is: two versions of one pattern. Bundles say by which of them they were made.

Version 2 reads every script. A word is a run of letters and digits with their marks (and inner apostrophes); one
letter with its marks where a script has no spaces (kana, Thai, Lao, Khmer, Burmese); one ideograph; one emoji, however
many code points it takes; or one punctuation mark. Markup such as `<br />` is skipped. Version 1 knew no marks, and
took a Chinese sentence for one word. On ASCII both say the same.

What a code point is stands in `unicode_classes.py`, the same for every Python. No part of a pattern looks ahead, so
that the words of a prefix that ends where a word ends are the first words of the whole.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap

from models.text import unicode_classes

CODE_POINTS = 0x110000
LETTER, SPACE, FOLDED, MARK, CLUSTER, SYMBOL, FLAG = (1 << bit for bit in range(7))
"""Kinds of code points. The folding of a word changes FOLDED ones, in themselves or beside others."""

MARKUP = r"</?[A-Za-z][^<>]*>"
ZERO_WIDTH_NON_JOINER, ZERO_WIDTH_JOINER = "\u200c\u200d"

_left_out = re.compile("[\u00ad\u034f\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff]")
"""Soft hyphens, variation selectors, skin tones."""


@dataclass(frozen=True, eq=False)
class Pattern:
    """One version of what a word is.

    `expression` matches words and markup; only a word has a group 1. `first_of_longer` matches a code point that may
    begin a word of several. `fold` gives what words that count as the same have in common.
    """

    version: int
    expression: str
    first_of_longer: str
    fold: Callable[[str], str]
    make_kinds: Callable[[], bytes]

    @property
    def key(self) -> int | str:
        """What stands for the pattern in `words.json`: the version; for the first one its expression."""
        return self.version if self.version > 1 else self.expression

    @cached_property
    def words_and_markup(self) -> re.Pattern[str]:
        """The compiled expression."""
        return re.compile(self.expression)

    @cached_property
    def may_grow(self) -> Callable[[str], re.Match[str] | None]:
        """Whether what comes next may belong to a word, too: by how the word begins."""
        return re.compile(self.first_of_longer).match

    @cached_property
    def kinds(self) -> bytes:
        """The kinds of each code point, in bits, for the compiled form."""
        return self.make_kinds()


def fold(word: str) -> str:
    """Return `word` in small letters, composed (NFC), without skin tones, soft hyphens and variation selectors."""
    if word.isascii():
        return word.lower()
    kept = _left_out.sub("", word).rstrip(ZERO_WIDTH_NON_JOINER + ZERO_WIDTH_JOINER)
    return unicodedata.normalize("NFC", kept.lower())


def ranges(listed: str) -> Iterator[range]:
    """Yield the code points of a class of `unicode_classes`, a range at a time."""
    for each in listed.split():
        first, _, last = each.partition("-")
        yield range(int(first, 16), int(last or first, 16) + 1)


def _in_brackets(listed: str) -> str:
    """Return a class as a regular expression has it between brackets."""
    return "".join(f"\\U{points[0]:08x}-\\U{points[-1]:08x}" for points in ranges(listed))


def _kinds(classes: Mapping[int, Iterable[range]]) -> bytes:
    """Return the kinds of every code point, of the code points of each kind."""
    kinds = bytearray(CODE_POINTS)
    for kind, members in classes.items():
        for points in members:
            for point in points:
                kinds[point] |= kind
    return bytes(kinds)


def _kinds_of_1() -> bytes:
    """Return the kinds by the tables of the Python that runs."""
    points = "".join(map(chr, range(0x40000)))
    letters, spaces = (map(re.Match.span, re.finditer(each, points)) for each in (r"[^\W_]+", r"\s+"))
    capitals = (range(point, point + 1) for point in range(0x20000) if chr(point).lower() != chr(point))
    return _kinds({LETTER: starmap(range, letters), SPACE: starmap(range, spaces), FOLDED: capitals})


def _kinds_of_2() -> bytes:
    classes = {
        LETTER: unicode_classes.LETTERS,
        SPACE: unicode_classes.SPACES,
        FOLDED: unicode_classes.FOLDED,
        MARK: unicode_classes.MARKS,
        CLUSTER: unicode_classes.CLUSTERS,
        SYMBOL: unicode_classes.SYMBOLS,
        FLAG: unicode_classes.FLAGS,
    }
    return _kinds({kind: ranges(listed) for kind, listed in classes.items()})


def _pattern_2() -> Pattern:
    letters, marks = _in_brackets(unicode_classes.LETTERS), _in_brackets(unicode_classes.MARKS)
    clusters, symbols = _in_brackets(unicode_classes.CLUSTERS), _in_brackets(unicode_classes.SYMBOLS)
    flags, spaces = _in_brackets(unicode_classes.FLAGS), _in_brackets(unicode_classes.SPACES)
    run = f"[{letters}][{letters}{marks}]*"
    emoji = f"[{symbols}](?:{ZERO_WIDTH_JOINER}[{symbols}]|[{marks}])*|[{flags}]{{1,2}}"
    word = f"{run}(?:['’]{run})*|[{clusters}][{marks}]*|{emoji}|[^{spaces}]"
    return Pattern(2, f"{MARKUP}|({word})", f"[{letters}{clusters}{symbols}{flags}]", fold, _kinds_of_2)


PATTERN_1 = Pattern(1, rf"{MARKUP}|([^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_)", r"[^\W_]", str.lower, _kinds_of_1)
PATTERN_2 = _pattern_2()
