"""The words of a text that is being typed: the same words as of the whole, each as soon as it can't change."""

import re
from bisect import bisect_right

from models.text.pattern import PATTERN_2, Pattern
from models.text.words import Word

LONGEST_OPEN = 10_000
"""Characters that may wait for their word or markup to end."""

_open_markup = re.compile(r"</?(?:[A-Za-z][^<>]*)?\Z")
_open_word = re.compile(r"['’]?\Z")
_LOOKAHEAD = 2
"""Characters behind a word that decide whether it goes on: an apostrophe or a joiner, and what it joins."""


class OpenTooLong(ValueError):
    """A word or markup that does not end within `LONGEST_OPEN` characters."""


class EditedText:
    """A text that grows and is changed, and its first `most` words and one more, with their places in code points.

    The first `certain` of `words` stay whatever is typed behind them; the others are still being typed.
    """

    def __init__(self, most: int, pattern: Pattern = PATTERN_2) -> None:
        self.text, self.words, self.certain = "", list[Word](), 0
        self._most, self._pattern = most, pattern

    def replace(self, start: int, end: int, piece: str) -> int:
        """Put `piece` in place of `text[start:end]`; return how many words at the beginning are as before.

        Only what may have changed is read again. Raises `OpenTooLong`, and then nothing is changed.
        """
        text = self.text[:start] + piece + self.text[end:]
        kept = self._untouched(start)
        words, certain = self.words[:kept], None
        for match in self._pattern.words_and_markup.finditer(text, words[-1].end if words else 0):
            if len(words) > self._most:
                break
            if certain is None and self._may_grow(text, match):
                certain = len(words)
                _check_open(text, match.start())
            if match.start(1) >= 0:
                words.append(Word(match[1], match.start(1), match.end(1)))
        as_before = kept + _common(self.words[kept:], words[kept:])
        self.text, self.words, self.certain = text, words, len(words) if certain is None else certain
        return as_before

    def end(self) -> None:
        """Make all words certain: nothing more is typed."""
        self.certain = len(self.words)

    def _untouched(self, start: int) -> int:
        """Return how many words stay whatever becomes of the text from `start` on, and need not be read again."""
        opened = self.text.rfind("<", 0, start)
        limit = start - _LOOKAHEAD
        if opened > self.text.rfind(">", 0, start):  # what is open at `start` may become markup, or be it no longer
            limit = min(limit, opened)
        return bisect_right(self.words, limit, key=lambda word: word.end)

    def _may_grow(self, text: str, match: re.Match[str]) -> bool:
        """Return whether what is typed next could make another word, or markup, of this match."""
        if match[0] == "<":
            return _open_markup.match(text, match.start()) is not None
        at_end = _open_word.match(text, match.end()) is not None
        return at_end and match[1] is not None and self._pattern.may_grow(match[1]) is not None


def _check_open(text: str, start: int) -> None:
    if len(text) - start > LONGEST_OPEN:
        raise OpenTooLong(f"more than {LONGEST_OPEN} characters without the end of a word or of markup")


def _common(before: list[Word], after: list[Word]) -> int:
    """Return how many words at the beginning are the same."""
    pairs = zip(before, after, strict=False)
    return next((number for number, (old, new) in enumerate(pairs) if old != new), min(len(before), len(after)))
