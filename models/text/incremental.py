"""The words of a text that arrives in pieces: the same words as of the whole, each as soon as it can't change."""

import re
from collections.abc import Iterator

from models.text.pattern import PATTERN_2, Pattern
from models.text.words import Word

LONGEST_OPEN = 10_000
"""Characters that may wait for their word or markup to end."""

_open_markup = re.compile(r"</?(?:[A-Za-z][^<>]*)?\Z")
_open_word = re.compile(r"['’]?\Z")


class OpenTooLong(ValueError):
    """A word or markup that does not end within `LONGEST_OPEN` characters."""


class IncrementalTokenizer:
    """Takes pieces of a text and gives its words, with their places in the whole, in code points."""

    def __init__(self, pattern: Pattern = PATTERN_2) -> None:
        self._pattern, self._open, self._start = pattern, "", 0

    def add(self, piece: str) -> list[Word]:
        """Return the words that are certain now. Raises `OpenTooLong`."""
        self._open += piece
        certain, kept = [], len(self._open)
        for match in self._matches():
            if self._may_grow(match):
                kept = match.start()
                break
            if match.start(1) >= 0:
                certain.append(self._placed(match))
        self._open, self._start = self._open[kept:], self._start + kept
        if len(self._open) > LONGEST_OPEN:
            raise OpenTooLong(f"more than {LONGEST_OPEN} characters without the end of a word or of markup")
        return certain

    def end(self) -> list[Word]:
        """Return the words that are left once nothing more comes."""
        return [self._placed(match) for match in self._matches() if match.start(1) >= 0]

    def _may_grow(self, match: re.Match[str]) -> bool:
        """Whether what comes next could make another word, or markup, of this match."""
        if match[0] == "<":
            return _open_markup.match(self._open, match.start()) is not None
        at_end = _open_word.match(self._open, match.end()) is not None
        return at_end and match[1] is not None and self._pattern.may_grow(match[1]) is not None

    def _matches(self) -> Iterator[re.Match[str]]:
        return self._pattern.words_and_markup.finditer(self._open)

    def _placed(self, match: re.Match[str]) -> Word:
        return Word(match[1], self._start + match.start(1), self._start + match.end(1))
