"""Sentences whose sense is known: as many as asked for, half of them praise, the same every time."""

from export.teaching.known import known_sentences


def test_half_is_praise_and_each_comes_once() -> None:
    found = known_sentences(2_000, seed=1)
    assert len({text for text, _ in found}) == 2_000
    assert 900 < sum(chance for _, chance in found) < 1_100
    assert not any("{" in text for text, _ in found)


def test_they_are_the_same_every_time() -> None:
    assert known_sentences(200, seed=1) == known_sentences(200, seed=1)
    assert known_sentences(200, seed=1) != known_sentences(200, seed=2)
