"""Sentences whose sense is known because of how they are made: they teach what a teacher itself can't read."""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from export.data.grammar import SLOT, Grammar, read_toml

FILE = Path(__file__).with_name("known.toml")


def known_sentences(count: int, seed: int) -> list[tuple[str, bool]]:
    """Return `count` different sentences, each with whether it praises; the same for the same seed."""
    found: dict[str, bool] = {}
    for text, praises in _drawn(random.Random(seed)):
        found.setdefault(text, praises)
        if len(found) == count:
            break
    return list(found.items())


def templates() -> tuple[Grammar, list[dict[str, Any]]]:
    """Return the grammar, blame mirrored from praise, and the kinds of sentences: `weight`, `positive`, `negative`."""
    made = read_toml(FILE)
    opposites = made["opposites"] | {blame: praise for praise, blame in made["opposites"].items()}
    rules = made["words"] | made["rules"]
    mirrored = {
        opposites[name]: _mirrored(alternatives, opposites)
        for name, alternatives in rules.items()
        if name in opposites and opposites[name] not in rules
    }
    kinds = [
        {
            "weight": kind["weight"],
            "positive": [*kind.get("both", ()), *kind.get("positive", ())],
            "negative": [*_mirrored(kind.get("both", ()), opposites), *kind.get("negative", ())],
        }
        for kind in made["kinds"]
    ]
    return Grammar(rules | mirrored), kinds


def _drawn(draw: random.Random) -> Iterator[tuple[str, bool]]:
    grammar, kinds = templates()
    weights = [kind["weight"] for kind in kinds]
    while True:
        (kind,) = draw.choices(kinds, weights)
        for name in ("positive", "negative"):
            yield grammar.sentence(draw.choice(kind[name]), draw), name == "positive"


def _mirrored(alternatives: Sequence[str], opposites: Mapping[str, str]) -> list[str]:
    """Return the templates with each name exchanged for its opposite."""
    return [SLOT.sub(lambda slot: f"{{{opposites.get(slot[1], slot[1])}}}", template) for template in alternatives]
