"""A text that is typed and edited has the words of the whole, none of them too early."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.edited import LONGEST_OPEN, EditedText, OpenTooLong
from models.text.pattern import PATTERN_1, PATTERN_2, Pattern
from models.text.words import Word, words

CHARACTERS = st.sampled_from(list("ab1'’<>/ .-_!İé\u0301🎬\n👍🏽🇩❤\ufe0f\u200d中กีかー"))
TEXTS = st.text(CHARACTERS, max_size=40) | st.text(max_size=40)
EDITS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12), st.text(CHARACTERS, max_size=12)), max_size=8)


@pytest.mark.parametrize("pattern", [PATTERN_1, PATTERN_2], ids=["1", "2"])
@given(text=TEXTS, cuts=st.lists(st.integers(0, 40), max_size=8))
def test_any_pieces_give_the_words_of_the_whole(pattern: Pattern, text: str, cuts: list[int]) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    typed, certain = EditedText(99, pattern), list[Word]()
    for start, end in pairwise(ends):
        as_before = typed.replace(start, start, text[start:end])
        assert as_before >= len(certain)
        certain = typed.words[: typed.certain]
        assert typed.text == text[:end] and typed.words == list(words(text[:end], pattern))
        assert certain == list(words(text, pattern))[: len(certain)]


@pytest.mark.parametrize("pattern", [PATTERN_1, PATTERN_2], ids=["1", "2"])
@given(text=TEXTS, edits=EDITS, most=st.sampled_from([3, 99]))
def test_any_edits_give_the_words_of_the_whole(
    pattern: Pattern, text: str, edits: list[tuple[int, int, str]], most: int
) -> None:
    typed = EditedText(most, pattern)
    typed.replace(0, 0, text)
    for place, length, piece in edits:
        start = min(place, len(typed.text))
        end = min(start + length, len(typed.text))
        before, expected = typed.words, typed.text[:start] + piece + typed.text[end:]
        as_before = typed.replace(start, end, piece)
        fresh = EditedText(most, pattern)
        fresh.replace(0, 0, expected)
        assert typed.text == expected
        assert typed.words == fresh.words == list(words(expected, pattern))[: most + 1]
        assert typed.certain == fresh.certain
        assert typed.words[:as_before] == before[:as_before]


def certain(typed: EditedText) -> list[str]:
    return [word.text for word in typed.words[: typed.certain]]


def test_a_word_is_certain_when_it_has_ended_and_not_before() -> None:
    typed = EditedText(99)
    expected = ["", "amazing ,", "amazing , don't", "amazing , don't"]
    for piece, words_so_far in zip(["ama", "zing, don'", "t <b", "r/>x"], expected, strict=True):
        typed.replace(len(typed.text), len(typed.text), piece)
        assert " ".join(certain(typed)) == words_so_far
    typed.end()
    assert certain(typed) == ["amazing", ",", "don't", "x"]


def test_pieces_without_spaces_need_no_space_to_end() -> None:
    typed = EditedText(99)
    for piece, expected in [("很好看。ดี", "很好看。"), ("ม👍", "很好看。ดีม"), ("🏽!", "很好看。ดีม👍🏽!")]:
        typed.replace(len(typed.text), len(typed.text), piece)
        assert "".join(certain(typed)) == expected


def test_markup_that_never_ends_is_refused_and_changes_nothing() -> None:
    typed = EditedText(99)
    typed.replace(0, 0, "fine ")
    with pytest.raises(OpenTooLong):
        typed.replace(5, 5, "<a " + "b" * LONGEST_OPEN)
    assert typed.text == "fine " and certain(typed) == ["fine"]
