"""A text in pieces has the words of the whole, none of them too early."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.incremental import LONGEST_OPEN, IncrementalTokenizer, OpenTooLong
from models.text.pattern import PATTERN_1, PATTERN_2
from models.text.words import words

TEXTS = st.text(st.sampled_from(list("ab1'’<>/ .-_!İé\u0301🎬\n👍🏽🇩❤\ufe0f\u200d中กีかー")), max_size=40) | st.text(
    max_size=40
)


@given(text=TEXTS, cuts=st.lists(st.integers(0, 40), max_size=8))
def test_any_pieces_give_the_words_of_the_whole(text: str, cuts: list[int]) -> None:
    ends = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    for pattern in PATTERN_1, PATTERN_2:
        growing, found, expected = IncrementalTokenizer(pattern), [], list(words(text, pattern))
        for start, end in pairwise(ends):
            found += growing.add(text[start:end])
            assert found == expected[: len(found)]
        assert found + growing.end() == expected


def test_a_word_is_given_when_it_has_ended_and_not_before() -> None:
    growing = IncrementalTokenizer()
    assert growing.add("ama") == []
    assert [word.text for word in growing.add("zing, don'")] == ["amazing", ","]
    assert [word.text for word in growing.add("t <b")] == ["don't"]
    assert [word.text for word in growing.add("r/>x")] == []
    assert [word.text for word in growing.end()] == ["x"]


def test_pieces_without_spaces_need_no_space_to_end() -> None:
    growing = IncrementalTokenizer()
    assert [word.text for word in growing.add("很好看。ดี")] == ["很", "好", "看", "。"]
    assert [word.text for word in growing.add("ม👍")] == ["ดี", "ม"]
    assert [word.text for word in growing.add("🏽!")] == ["👍🏽", "!"]


def test_markup_that_never_ends_is_refused() -> None:
    growing = IncrementalTokenizer()
    with pytest.raises(OpenTooLong):
        growing.add("<a " + "b" * LONGEST_OPEN)
