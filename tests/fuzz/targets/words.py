"""Words and ids: the compiled ones are those of the pattern, and a text that is typed has the words of the whole."""

from models.text.edited import EditedText, OpenTooLong
from models.text.pattern import PATTERN_1, PATTERN_2
from models.text.words import Vocabulary, spans, words

KNOWN = ("good", "bad", "film", "it's", "'", "!", "é", "映", "नमस्ते", "ẞ", "i̇", "<", "br")
VOCABULARIES = [Vocabulary(["<pad>", "<unk>", *KNOWN], pattern) for pattern in (PATTERN_1, PATTERN_2)]
SEEDS = (
    b"\x00\x05It's a GOOD film! <br />not bad",
    "\x01\x20Ein schöner film, İstanbul ﬁlm 映画 नमस्ते".encode(),
    "\x01\x03👩‍👩‍👧🇩🇪 e\u0301 it’s".encode(),
    b"\x01\xffa\xed\xa0\x80b <a <b> </",
)


def run(data: bytes) -> None:
    """The first byte chooses the pattern, the second how many words are read and how long the pieces are."""
    vocabulary, most = VOCABULARIES[(data or b"\0")[0] % 2], 1 + (data[1:2] or b"\0")[0]
    text = _text(data[2:])
    compiled, expected = vocabulary.encode(text, most), vocabulary.encode_by_pattern(text, most)
    assert (compiled.ids.tolist(), compiled.truncated) == (expected.ids.tolist(), expected.truncated)
    found = [(word.start, word.end) for word in words(text, vocabulary.pattern)]
    assert spans(text, most, vocabulary.pattern) == found[:most]
    _type(text, most, vocabulary)


def _text(content: bytes) -> str:
    """What the bytes say, lone surrogates included."""
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "replace")


def _type(text: str, most: int, vocabulary: Vocabulary) -> None:
    edited, at = EditedText(len(text) + 1, vocabulary.pattern), 0
    certain: list[object] = []
    try:
        while at < len(text):
            edited.replace(at, at, text[at : at + most])
            at += most
            assert edited.words[: len(certain)] == certain, "a word that was certain has changed"
            certain = [*edited.words[: edited.certain]]
    except OpenTooLong:
        return
    assert edited.words == list(words(text, vocabulary.pattern))
