"""What a word is, in every script; what words that count as the same have in common; and both versions of it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text import unicode_classes
from models.text.pattern import CODE_POINTS, PATTERN_1, PATTERN_2, Pattern, fold, ranges
from models.text.words import spans, typed, words
from tests.models.text.unicode_tables import CLASSES

ASSIGNED = {point for point in map(chr, range(CODE_POINTS)) if unicodedata.category(point) not in {"Cn", "Co", "Cs"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("यह फ़िल्म बहुत अच्छी है।", ["यह", "फ़िल्म", "बहुत", "अच्छी", "है", "।"]),
        ("இந்தப் படம் நன்று", ["இந்தப்", "படம்", "நன்று"]),
        ("الفيلمُ رائعٌ جدًّا، حقًا", ["الفيلمُ", "رائعٌ", "جدًّا", "،", "حقًا"]),
        ("این فیلم را نمی\u200cخواهم", ["این", "فیلم", "را", "نمی\u200cخواهم"]),
        ("הסרט טוֹב מאוד!", ["הסרט", "טוֹב", "מאוד", "!"]),
        ("这部电影很好看。", ["这", "部", "电", "影", "很", "好", "看", "。"]),
        ("とても良いケーキだ", ["と", "て", "も", "良", "い", "ケー", "キ", "だ"]),
        ("ดีมาก", ["ดี", "มา", "ก"]),
        ("영화가 정말 좋아요", ["영화가", "정말", "좋아요"]),
        ("Очень хорошо, ёлка", ["Очень", "хорошо", ",", "ёлка"]),
        ("cafe\u0301 re\u0301sume\u0301s", ["cafe\u0301", "re\u0301sume\u0301s"]),
        ("Çok güzel İstanbul'da", ["Çok", "güzel", "İstanbul'da"]),
        ("iPhone很好用2024年", ["iPhone", "很", "好", "用", "2024", "年"]),
        ("l’été c'est", ["l’été", "c'est"]),
        ("👍🏽👍👩‍👩‍👧❤️🇩🇪🇫🇷☺", ["👍🏽", "👍", "👩‍👩‍👧", "❤️", "🇩🇪", "🇫🇷", "☺"]),
        ("so\u00adlid a\u200bb \ufeffc", ["so\u00adlid", "a", "b", "c"]),
        ("₹500 5€ ½", ["₹", "500", "5", "€", "½"]),
        ("\u0301 \u200d \ufe0f x", ["\u0301", "x"]),
    ],
)
def test_a_word_in_every_script(text: str, expected: list[str]) -> None:
    assert typed(text) == expected


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_on_ascii_both_versions_say_the_same(text: str) -> None:
    assert typed(text, pattern=PATTERN_1) == typed(text, pattern=PATTERN_2)


def test_the_first_version_stays_what_it_was() -> None:
    expected = ["यह", "फ", "़", "ल", "्", "म", "这部电影很好看", "。", "cafe", "\u0301", "👍", "🏽", "İstanbul'da"]
    assert typed("यह फ़ल्म 这部电影很好看。 cafe\u0301 👍🏽 İstanbul'da", pattern=PATTERN_1) == expected


@pytest.mark.parametrize(
    ("word", "folded"),
    [
        ("GREAT", "great"),
        ("Cafe\u0301", "caf\u00e9"),
        ("\u092b\u093c\u093f\u0932\u094d\u092e", "\u092b\u093c\u093f\u0932\u094d\u092e"),
        ("\u095e", "\u092b\u093c"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("ΟΔΟΣ", "οδος"),
        ("👍🏽", "👍"),
        ("❤️", "❤"),
        ("so\u00adlid", "solid"),
        ("ไม\u200d\ufe0f", "ไม"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
    ],
)
def test_what_words_that_count_as_the_same_have_in_common(word: str, folded: str) -> None:
    assert fold(word) == folded


@given(
    st.text(min_size=1) | st.text(st.sampled_from("aÉ\u0301\u00ad\u200d\u200c\ufe0f🏽👍ΣफИ\u093c\u1112\u1161\u11ab"))
)
def test_folding_twice_is_folding_once(text: str) -> None:
    for word in typed(text):
        assert fold(fold(word)) == fold(word) != ""


def test_every_code_point_that_folding_may_change_is_known_as_one() -> None:
    folded = {chr(point) for each in ranges(unicode_classes.FOLDED) for point in each}
    changed = {point for point in ASSIGNED if fold(point) not in {point, ""}}
    composed = {parts[-1] for point in ASSIGNED if len(parts := unicodedata.normalize("NFD", point)) > 1}
    assert len(changed | composed) > 2000
    assert changed | composed <= folded


@pytest.mark.parametrize("name", CLASSES)
def test_the_classes_are_those_of_unicode(name: str) -> None:
    """As far as the Python that runs knows the code points: its Unicode may be older."""
    listed = {chr(point) for each in ranges(getattr(unicode_classes, name)) for point in each}
    assert {point for point in ASSIGNED if CLASSES[name](point)} == listed & ASSIGNED


@pytest.mark.parametrize("pattern", [PATTERN_1, PATTERN_2])
def test_the_compiled_form_knows_every_code_point(pattern: Pattern) -> None:
    others = {point for point in map(chr, range(0, CODE_POINTS, 251)) if unicodedata.category(point) != "Cs"}
    text = " a".join(sorted(ASSIGNED | others))
    assert spans(text, pattern=pattern) == [(word.start, word.end) for word in words(text, pattern)]
