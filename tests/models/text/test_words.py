import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.text.pattern import PATTERN_1, PATTERN_2, fold
from models.text.words import COMPILED, PAD, SPECIAL, UNK, InvalidWords, Vocabulary, spans, typed, words

TRICKY = st.text(
    st.sampled_from("aZé1 _'’<>/br.!-\n\tİßǆﬁ👍🏽🇩❤\ufe0f\u0301\u200d\u200c中กีかーहिन्\U000e0067"), max_size=40
)
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
def test_an_id_is_that_of_the_folded_word(text: str, known: set[str]) -> None:
    folded = sorted({fold(typed(word)[0]) for word in known})
    vocabulary = Vocabulary([*SPECIAL, *folded])
    expected = [folded.index(w) + len(SPECIAL) if w in folded else UNK for w in map(fold, typed(text))]
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
    for pattern in PATTERN_1, PATTERN_2:
        some = {typed(word)[0] for word in known} | set(typed(text, pattern=pattern)[::2])
        vocabulary = Vocabulary([*SPECIAL, *sorted(set(map(pattern.fold, some)))], pattern)
        found, expected = vocabulary.encode(text, most), vocabulary.encode_by_pattern(text, most)
        assert found.ids.tolist() == expected.ids.tolist()
        assert found.truncated == expected.truncated


def test_the_form_that_is_tested_is_the_compiled_one() -> None:
    assert COMPILED


@given(st.one_of(LATIN, TEXTS), st.integers(1, 9))
def test_the_quick_way_to_spans_finds_the_same(text: str, most: int) -> None:
    for pattern in PATTERN_1, PATTERN_2:
        found = [(word.start, word.end) for word in words(text, pattern)]
        assert spans(text, most, pattern) == found[:most]
        assert spans(text, pattern=pattern) == found


def test_a_lone_surrogate_is_a_word_that_nobody_knows() -> None:
    assert typed("ok \ud800 fine\udfff") == ["ok", "\ud800", "fine", "\udfff"]
    assert Vocabulary([*SPECIAL, "ok", "fine"]).encode("ok \ud800 fine\udfff", 9).ids.tolist() == [2, UNK, 3, UNK]


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
    for pattern in PATTERN_1, PATTERN_2:
        vocabulary = Vocabulary([*SPECIAL, *sorted(known)], pattern)
        read = Vocabulary.loads(vocabulary.dumps())
        assert (read.words, read.pattern) == (vocabulary.words, pattern)


def test_a_vocabulary_of_the_first_version_reads_as_it_did() -> None:
    file = (
        r"""{"pattern": "</?[A-Za-z][^<>]*>|([^\\W_]+(?:['’][^\\W_]+)*|[^\\w\\s]|_)", """
        '"words": ["<pad>", "<unk>", "caf\u00e9", "cafe", "很好", "👍", "istanbul", "i\u0307stanbul"]}'
    )
    vocabulary = Vocabulary.loads(file)
    read = vocabulary.encode("CAFÉ cafe\u0301 很好 很好看 👍🏽 Istanbul İstanbul<br>", 20)
    assert read.ids.tolist() == [2, 3, UNK, 4, UNK, 5, UNK, 6, 7]
    assert vocabulary.dumps() == file


def test_a_file_says_which_version_of_the_pattern_it_is_for() -> None:
    assert json.loads(Vocabulary(SPECIAL).dumps())["pattern"] == 2


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
        _file(pattern=3),
        _file(words="abc"),
        _file(words=[*SPECIAL, 3]),
        _file(words=["a", "b"]),
        _file(words=[*SPECIAL, "a", "a"]),
    ],
)
def test_a_file_that_is_not_a_vocabulary_is_refused(content: str | bytes) -> None:
    with pytest.raises(InvalidWords):
        Vocabulary.loads(content)
