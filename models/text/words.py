"""Text to words with character offsets to vocabulary ids: one function for training, serving and traces.

`models.text.pattern` says what a word is. Every word is one id. Only the words are folded (small letters, composed),
never the text, so offsets are those of the text as typed.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from models.text.pattern import PATTERN_1, PATTERN_2, Pattern

try:
    from models.text import word_ids
except ImportError:  # not built: `re` and a dictionary find the same
    COMPILED = False
else:
    COMPILED = True

MAX_WORDS = 2048
"""How many words of a text are read, from its start, where nobody says otherwise."""

OFTEN_CAPITAL = 2000
PAD, UNK = 0, 1
SPECIAL = ("<pad>", "<unk>")


class InvalidWords(ValueError):
    """A vocabulary file that this version can't read; the message says why."""


class Word(NamedTuple):
    """One word as typed: `text[start:end]`, offsets in code points."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """The ids of a text: int64 `[T]`, at most the limit asked for; `truncated` where words were cut off."""

    ids: NDArray[np.int64]
    truncated: bool

    @property
    def unknown(self) -> int:
        """How many of the words the model does not know."""
        return int(np.count_nonzero(self.ids == UNK))


def words(text: str, pattern: Pattern = PATTERN_2) -> Iterator[Word]:
    """Yield the words of `text` in order, each with the place where it stands."""
    for match in pattern.words_and_markup.finditer(text):
        start, end = match.span(1)
        if start >= 0:
            yield Word(match[1], start, end)


def spans(text: str, most: int | None = None, pattern: Pattern = PATTERN_2) -> list[tuple[int, int]]:
    """Return where the first `most` words of `text` begin and end, or all of them: the quick form of `words`."""
    limit = len(text) if most is None else most
    if COMPILED and (compiled := word_ids.spans(_no_words(pattern), text, limit)) is not None:
        starts_and_ends = np.frombuffer(compiled, np.int64).tolist()
        return list(zip(starts_and_ends[::2], starts_and_ends[1::2], strict=True))
    return [(word.start, word.end) for word in islice(words(text, pattern), limit)]


def typed(text: str, most: int | None = None, pattern: Pattern = PATTERN_2) -> list[str]:
    """Return the first `most` words of `text` as typed, or all of them."""
    return [text[start:end] for start, end in spans(text, most, pattern)]


class Vocabulary:
    """The words that a model knows, in id order; ids 0 and 1 are padding and the unknown word.

    `pattern` says what a word is to the model.
    """

    def __init__(self, known: Iterable[str], pattern: Pattern = PATTERN_2) -> None:
        self.words: tuple[str, ...] = tuple(known)
        self.pattern = pattern
        if self.words[: len(SPECIAL)] != SPECIAL:
            raise InvalidWords(f"a vocabulary starts with {', '.join(SPECIAL)}")
        if len(set(self.words)) != len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise InvalidWords(f"the vocabulary holds {twice!r} twice")

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def build(cls, words: Iterable[str], *, min_count: int, size: int) -> "Vocabulary":
        """Return the vocabulary of a training set's `words`: the `size` most frequent that stand `min_count` times."""
        counts = Counter(map(PATTERN_2.fold, words))
        ranked = sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w))
        return cls([*SPECIAL, *ranked[:size]])

    def encode(self, text: str, max_words: int) -> Encoded:
        """Return the ids of the first `max_words` words of `text`; a word not known is `UNK`."""
        if COMPILED and (compiled := word_ids.encode(self._table, text, max_words)):
            return Encoded(np.frombuffer(compiled[0], np.int64), compiled[1])
        return self.encode_by_pattern(text, max_words)

    def encode_by_pattern(self, text: str, max_words: int) -> Encoded:
        """Do the same by the pattern itself: for lone surrogates, or where nothing is compiled."""
        found = [word.text for word in islice(words(text, self.pattern), max_words + 1)]
        ids = map(self._ids.__getitem__, found[:max_words])
        return Encoded(np.fromiter(ids, np.int64, min(len(found), max_words)), len(found) > max_words)

    @cached_property
    def _ids(self) -> "_Ids":
        return _Ids(self.words, self.pattern)

    @cached_property
    def _table(self) -> "word_ids.Table":
        return word_ids.table(tuple(self._ids), tuple(self._ids.values()), self.pattern.kinds, self.pattern.fold)

    def dumps(self) -> str:
        """Return the vocabulary as the text of `words.json`."""
        return json.dumps({"pattern": self.pattern.key, "words": self.words}, ensure_ascii=False)

    @classmethod
    def loads(cls, text: str | bytes) -> "Vocabulary":
        """Read a vocabulary from the text of `words.json`. Raises `InvalidWords`."""
        try:
            content = from_json(text)
            pattern, known = content["pattern"], content["words"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidWords(f"not a vocabulary: {error}") from error
        read_by = next((each for each in (PATTERN_2, PATTERN_1) if each.key == pattern), None)
        if read_by is None:
            raise InvalidWords(f"made for another word pattern: {pattern!r}; this Gatescope reads 1 and 2")
        if not isinstance(known, list) or not all(isinstance(word, str) for word in known):
            raise InvalidWords("`words` is not a list of strings")
        return cls(known, read_by)


@cache
def _no_words(pattern: Pattern) -> "word_ids.Table":
    return word_ids.table((), (), pattern.kinds, pattern.fold)


class _Ids(dict[str, int]):
    """Word as typed -> id. Frequent words also stand with a capital, so that nearly every word is one look-up.

    Entries in order of frequency, and few of them: between two reviews the network's weights fill the processor's
    cache, and a look-up costs what it has to fetch.
    """

    def __init__(self, known: tuple[str, ...], pattern: Pattern) -> None:
        self._fold = pattern.fold
        lowered = {word: number for number, word in enumerate(known) if number >= len(SPECIAL)}
        capitals = {
            capital: lowered[word]
            for word in known[len(SPECIAL) : OFTEN_CAPITAL]
            if pattern.fold(capital := word.capitalize()) == word
        }
        super().__init__(lowered | capitals)

    def __missing__(self, word: str) -> int:
        return self.get(self._fold(word), UNK)
