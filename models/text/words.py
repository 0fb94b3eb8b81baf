"""Text to words with character offsets to vocabulary ids: one function for training, serving and traces.

A word is a run of letters and digits (with inner apostrophes) or one punctuation mark; markup such as
`<br />` is skipped. Every word is one id. Only the words are lower-cased, never the text, so offsets are those of
the text as typed, and the words of a prefix that ends where a word ends are the first words of the whole.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

try:
    from models.text import word_ids
except ImportError:  # not built: `re` and a dictionary find the same
    COMPILED = False
else:
    COMPILED = True

PATTERN = r"</?[A-Za-z][^<>]*>|([^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_)"
MAX_WORDS = 2048
"""How many words of a text are read, from its start, where nobody says otherwise."""

LONG_WORD = 16
OFTEN_CAPITAL = 2000
PAD, UNK = 0, 1
SPECIAL = ("<pad>", "<unk>")

_find = re.compile(PATTERN)


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


def find(text: str) -> Iterator[re.Match[str]]:
    """Words and markup of `text` in order; only a word has a group 1."""
    return _find.finditer(text)


def words(text: str) -> Iterator[Word]:
    """Yield the words of `text` in order, each with the place where it stands."""
    for match in find(text):
        start, end = match.span(1)
        if start >= 0:
            yield Word(match[1], start, end)


def places(text: str, most: int) -> list[tuple[int, int]]:
    """Where the first `most` words of `text` begin and end, as `words` has it, in the quickest way there is."""
    if COMPILED and (compiled := word_ids.spans(_no_words(), text, most)) is not None:
        starts_and_ends = np.frombuffer(compiled, np.int64).tolist()
        return list(zip(starts_and_ends[::2], starts_and_ends[1::2], strict=True))
    return [(word.start, word.end) for word in islice(words(text), most)]


def typed(text: str, most: int | None = None) -> list[str]:
    """Return the words of `text` as typed, without their places: the quick form of `words`.

    Where only the first `most` are wanted, a text that is much longer is not read to its end.
    """
    if most is not None and len(text) > LONG_WORD * most:
        return list(islice(filter(None, (match[1] for match in _find.finditer(text))), most))
    found = _find.findall(text)
    return [word for word in found if word] if "<" in text else found


class Vocabulary:
    """The words that a model knows, in id order; ids 0 and 1 are padding and the unknown word."""

    def __init__(self, known: Iterable[str]) -> None:
        self.words: tuple[str, ...] = tuple(known)
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
        counts = Counter(word.lower() for word in words)
        ranked = sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w))
        return cls([*SPECIAL, *ranked[:size]])

    def encode(self, text: str, max_words: int) -> Encoded:
        """Return the ids of the first `max_words` words of `text`; a word not known is `UNK`."""
        if COMPILED and (compiled := word_ids.encode(self._table, text, max_words)):
            return Encoded(np.frombuffer(compiled[0], np.int64), compiled[1])
        return self.encode_by_pattern(text, max_words)

    def encode_by_pattern(self, text: str, max_words: int) -> Encoded:
        """Do the same by `typed`, which says what a word is: for texts that the compiled form leaves, or without it."""
        found = typed(text, max_words + 1)
        ids = map(self._ids.__getitem__, found[:max_words])
        return Encoded(np.fromiter(ids, np.int64, min(len(found), max_words)), len(found) > max_words)

    @cached_property
    def _ids(self) -> "_Ids":
        return _Ids(self.words)

    @cached_property
    def _table(self) -> "word_ids.Table":
        return word_ids.table(tuple(self._ids), tuple(self._ids.values()), _kinds())

    def dumps(self) -> str:
        """Return the vocabulary as the text of `words.json`."""
        return json.dumps({"pattern": PATTERN, "words": self.words}, ensure_ascii=False)

    @classmethod
    def loads(cls, text: str | bytes) -> "Vocabulary":
        """Read a vocabulary from the text of `words.json`. Raises `InvalidWords`."""
        try:
            content = json.loads(text)
            pattern, known = content["pattern"], content["words"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidWords(f"not a vocabulary: {error}") from error
        if pattern != PATTERN:
            raise InvalidWords(f"made for another word pattern: {pattern!r}")
        if not isinstance(known, list) or not all(isinstance(word, str) for word in known):
            raise InvalidWords("`words` is not a list of strings")
        return cls(known)


@cache
def _no_words() -> "word_ids.Table":
    return word_ids.table((), (), _kinds())


@cache
def _kinds() -> bytes:
    """Of each of the first 65,536 code points: 1 in a word of letters and digits, 2 white space, 4 has a small form."""
    points = "".join(map(chr, range(1 << 16)))
    kinds = bytearray(4 * (point.lower() != point) for point in points)
    for pattern, kind in ((r"[^\W_]", 1), (r"\s", 2)):
        for match in re.finditer(pattern, points):
            kinds[match.start()] |= kind
    return bytes(kinds)


class _Ids(dict[str, int]):
    """Word as typed -> id. Frequent words also stand with a capital, so that nearly every word is one look-up.

    Entries in order of frequency, and few of them: between two reviews the network's weights fill the processor's
    cache, and a look-up costs what it has to fetch.
    """

    def __init__(self, known: tuple[str, ...]) -> None:
        lowered = {word: number for number, word in enumerate(known) if number >= len(SPECIAL)}
        capitals = {
            capital: lowered[word]
            for word in known[len(SPECIAL) : OFTEN_CAPITAL]
            if (capital := word.capitalize()).lower() == word
        }
        super().__init__(lowered | capitals)

    def __missing__(self, word: str) -> int:
        return self.get(word.lower(), UNK)
