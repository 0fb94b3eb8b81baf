"""How much of a text is read, and what a text must have to be read at all."""

from dataclasses import dataclass

from models.text.words import Encoded, Vocabulary
from service.errors import NoWords, too_large

MAX_CHARACTER_BYTES = 4


@dataclass(frozen=True, slots=True)
class TextLimits:
    """At most `max_words` are read of a text, and a text of more than `max_bytes` of UTF-8 is refused."""

    max_words: int
    max_bytes: int

    def size(self, text: str) -> int:
        """Return the bytes of `text`, or fewer where it is far below the limit. Raises `TooLarge`."""
        if MAX_CHARACTER_BYTES * len(text) <= self.max_bytes:
            return len(text)
        size = len(text.encode(errors="replace"))
        self.check(size)
        return size

    def check(self, size: int) -> None:
        """Raise `TooLarge` for a text of `size` bytes that is too large."""
        if size > self.max_bytes:
            raise too_large("a text", self.max_bytes)

    def encode(self, vocabulary: Vocabulary, text: str) -> Encoded:
        """Return the words of `text` as ids. Raises `NoWords` where there is nothing to read."""
        encoded = vocabulary.encode(text, self.max_words)
        if not len(encoded.ids):
            raise NoWords
        return encoded
