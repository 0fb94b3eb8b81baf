"""Sentences drawn from a small grammar: rules that name other rules, down to lists of words."""

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SLOT = re.compile(r"\{(\w+)\}")
BEGINNING = re.compile(r"(?:^|[.!?] )[a-z]")
ARTICLE = re.compile(r"\b([Aa]) (?=[aeiou](?!ne\b|se|ni))")


class Grammar:
    """Rules by name, each a list of alternatives; `{name}` in an alternative stands for one of that rule's own."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self.rules = rules

    def sentence(self, template: str, draw: random.Random) -> str:
        """Return `template` with every `{name}` drawn, with capital letters and "an" where they belong."""
        text = ARTICLE.sub(r"\1n ", self.expand(template, draw))
        return BEGINNING.sub(lambda beginning: beginning[0].upper(), text)

    def expand(self, template: str, draw: random.Random) -> str:
        """Return `template` with every `{name}` drawn. Raises `KeyError` for a name that has no rule."""
        return SLOT.sub(lambda slot: self.expand(draw.choice(self.rules[slot[1]]), draw), template)


def read_toml(file: Path) -> dict[str, Any]:
    """Return the tables of a TOML file of the package."""
    return tomllib.loads(file.read_text("utf-8"))
