"""Texts made from reviews: the same for the same seed, out of the reviews' own words, short enough to judge."""

import re

from export.teaching.made_texts import FRAMES, JOINTS, OPENINGS, made_texts

REVIEWS = [
    "The film is warm and the ending is not sad, but a very quiet one.",
    "A dull and clumsy sequel that was never funny, and it is very loud.",
    "It is so quiet, so warm, and nobody was loud about it.",
    "Nothing here is warm; the acting was loud and so quiet in turns.",
]


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def test_the_same_reviews_and_seed_give_the_same_texts() -> None:
    assert made_texts(REVIEWS, 500, 3) == made_texts(REVIEWS, 500, 3)
    assert made_texts(REVIEWS, 500, 3) != made_texts(REVIEWS, 500, 4)


def test_more_texts_begin_with_the_fewer() -> None:
    fewer, more = made_texts(REVIEWS, 100, 3), made_texts(REVIEWS, 200, 3)
    assert more[: len(fewer)] == fewer


def test_each_text_comes_once_and_holds_only_words_of_reviews_and_frames() -> None:
    made = made_texts(REVIEWS, 500, 0)
    known = words(" ".join([*REVIEWS, *FRAMES, *JOINTS, *OPENINGS])) | {"not"}
    assert len(set(made)) == len(made) > 100
    assert all(words(text) <= known for text in made)


def test_negations_are_put_in_and_taken_out() -> None:
    made = " ".join(made_texts(REVIEWS, 500, 0))
    assert "film is not warm" in made
    assert "ending is sad" in made or "ending is not sad" in made
