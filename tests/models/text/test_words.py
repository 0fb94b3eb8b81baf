import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.text import word_ids
from models.text.words import PAD, SPECIAL, UNK, InvalidWords, Vocabulary, places, typed, words

TRICKY = st.text(st.sampled_from("aZé1 _'’<>/br.!-\n\tİßǆﬁ👍🏽\u0301\u200d中"), max_size=40)
TEXTS = st.one_of(TRICKY, st.text(max_size=60))


@given(TEXTS)
def test_every_word_is_a_slice_of_the_text_as_typed(text: str) -> None:
    found = list(words(text))
    assert all(word.text == text[word.start : word.end] and word.start < word.end for word in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(TEXTS)
def test_a_prefix_that_ends_with_a_word_has_the_first_words_of_the_whole(text: str) -> None:
    found = list(words(text))
    for count, word in enumerate(found, 1):
        assert list(words(text[: word.end])) == found[:count]


@given(TEXTS)
def test_the_quick_form_gives_the_same_words(text: str) -> None:
    assert typed(text) == [word.text for word in words(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's a film, really!", ["It's", "a", "film", ",", "really", "!"]),
        ("Good.<br /><br />Bad", ["Good", ".", "Bad"]),
        ("3 < 4 and 5 > 2", ["3", "<", "4", "and", "5", ">", "2"]),
        ("'quoted' rock’n’roll", ["'", "quoted", "'", "rock’n’roll"]),
        ("10/10 👍 snake_case", ["10", "/", "10", "👍", "snake", "_", "case"]),
        (" \n\t", []),
    ],
)
def test_what_a_word_is(text: str, expected: list[str]) -> None:
    assert typed(text) == expected


@given(TEXTS, st.sets(TEXTS.filter(lambda word: len(typed(word)) == 1), max_size=8))
@example("Ss \u00df", {"\u00df"})
def test_an_id_is_that_of_the_lower_cased_word(text: str, known: set[str]) -> None:
    lowered = sorted({typed(word)[0].lower() for word in known})
    vocabulary = Vocabulary([*SPECIAL, *lowered])
    expected = [lowered.index(w) + len(SPECIAL) if w in lowered else UNK for w in map(str.lower, typed(text))]
    assert vocabulary.encode(text, max_words=1000).ids.tolist() == expected


LATIN = st.text(st.characters(max_codepoint=0x24F) | st.sampled_from("“”‘’—…€ Σσς"), max_size=60)


@given(
    st.one_of(LATIN, TEXTS), st.sets(LATIN.filter(lambda word: len(typed(word)) == 1), max_size=30), st.integers(1, 9)
)
@example("a" * 300 + " " + "A" * 300, {"a" * 300}, 2)
@example("\u1e9e" * 3, {"\u00df" * 3}, 2)
@example("\u0130", {"i\u0307"}, 2)
@example("\u039f\u0394\u039f\u03a3 \u0391\u03a3\u0391", {"\u03bf\u03b4\u03bf\u03c2"}, 2)
def test_the_compiled_form_gives_the_same_ids(text: str, known: set[str], most: int) -> None:
    lowered = {typed(word)[0].lower() for word in known} | {word.lower() for word in typed(text)[::2]}
    vocabulary = Vocabulary([*SPECIAL, *sorted(lowered)])
    found, expected = vocabulary.encode(text, most), vocabulary.encode_by_pattern(text, most)
    assert found.ids.tolist() == expected.ids.tolist()
    assert found.truncated == expected.truncated


@given(st.text(st.characters(max_codepoint=0x7F)), st.integers(1, 50))
def test_the_compiled_form_leaves_no_ascii_text_to_the_other(text: str, most: int) -> None:
    vocabulary = Vocabulary([*SPECIAL, "a", "film"])
    ids, truncated = word_ids.encode(vocabulary._table, text, most)
    assert (np.frombuffer(ids, np.int64) == vocabulary.encode_by_pattern(text, most).ids).all()
    assert truncated == (len(typed(text)) > most)


@given(st.one_of(LATIN, TEXTS), st.integers(1, 9))
def test_the_quick_way_to_places_finds_the_same(text: str, most: int) -> None:
    assert places(text, most) == [(word.start, word.end) for word in words(text)][:most]


def test_only_the_first_words_are_read_and_the_cut_is_said() -> None:
    vocabulary = Vocabulary([*SPECIAL, "a", "b"])
    assert vocabulary.encode("a b", 2).truncated is False
    cut = vocabulary.encode("a b a", 2)
    assert cut.truncated is True
    assert cut.ids.tolist() == [2, 3]


def test_a_vocabulary_holds_the_commonest_words_first() -> None:
    vocabulary = Vocabulary.build(["b", "b", "C", "c", "c", "a", "a", "d"], min_count=2, size=2)
    assert vocabulary.words == ("<pad>", "<unk>", "c", "a")
    assert (PAD, UNK) == (0, 1)


@given(st.sets(st.text(min_size=1, max_size=8).filter(lambda word: word not in SPECIAL), max_size=20))
def test_a_vocabulary_survives_its_file(known: set[str]) -> None:
    vocabulary = Vocabulary([*SPECIAL, *sorted(known)])
    assert Vocabulary.loads(vocabulary.dumps()).words == vocabulary.words


def _file(**changes: object) -> str:
    return json.dumps(json.loads(Vocabulary(SPECIAL).dumps()) | changes)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff",
        "[",
        "[]",
        "{}",
        _file(pattern=r"\w+"),
        _file(words="abc"),
        _file(words=[*SPECIAL, 3]),
        _file(words=["a", "b"]),
        _file(words=[*SPECIAL, "a", "a"]),
    ],
)
def test_a_file_that_is_not_a_vocabulary_is_refused(content: str | bytes) -> None:
    with pytest.raises(InvalidWords):
        Vocabulary.loads(content)
