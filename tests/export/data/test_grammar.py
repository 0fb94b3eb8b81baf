"""Sentences from a grammar: every name drawn, capital letters and articles where they belong."""

import random

import pytest

from export.data.grammar import Grammar

WORDS = Grammar({"thing": ["{sort} film"], "sort": ["odd"], "one": ["one"], "use": ["useless"]})


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("a {thing}. what a {thing}!", "An odd film. What an odd film!"),
        ("such a {one}, a {use} {one}", "Such a one, a useless one"),
        ("a {sort} one? a unit", "An odd one? A unit"),
    ],
)
def test_a_sentence_is_written_as_one_would_write_it(template: str, sentence: str) -> None:
    assert WORDS.sentence(template, random.Random(0)) == sentence


def test_a_name_without_a_rule_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        WORDS.sentence("{nothing}", random.Random(0))
