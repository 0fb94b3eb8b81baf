"""Sentences whose sense is known because of how they are made: they teach what a teacher itself can't read."""

import random
from collections.abc import Iterator
from pathlib import Path

from export.data.grammar import Grammar, read_toml

FILE = Path(__file__).with_name("known.toml")
POSITIVE, NEGATIVE = 1.0, 0.0


def known_sentences(count: int, seed: int) -> list[tuple[str, float]]:
    """Return `count` different sentences, each with the probability that it praises: 1 or 0."""
    return list(dict(_drawn(count, seed)).items())[:count]


def _drawn(count: int, seed: int) -> Iterator[tuple[str, float]]:
    """Twice as many as are asked for, since some come twice."""
    made = read_toml(FILE)
    grammar = Grammar(made["words"] | made["rules"])
    draw = random.Random(seed)
    kinds = made["kinds"]
    for kind in draw.choices(kinds, [kind["weight"] for kind in kinds], k=2 * count):
        for name, sense in (("positive", POSITIVE), ("negative", NEGATIVE)):
            yield grammar.sentence(draw.choice(kind[name]), draw), sense
