"""What a classifier of praise and blame can read: the share of test sentences it judges right, by capability.

After CheckList (Ribeiro et al., ACL 2020). The sentences come from the templates in `behaviour.toml`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from export.data.grammar import Grammar, read_toml
from export.data.reviews import positive_label
from models.bundle.manifest import Capability
from models.network.equations import Array

FILE = Path(__file__).with_name("behaviour.toml")
SENTENCES = 48
TOLERANCE = 0.1
VERDICTS = {"positive": "I love it.", "negative": "I hate it."}


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence of known sense; where it was made by changing another, that one is `before`."""

    text: str
    positive: bool
    before: str | None = None
    may_move: bool = False

    def passes(self, chance: float, chance_before: float) -> bool:
        """Return whether `chance`, the probability that the text praises, is right.

        A change that says nothing must leave the answer as it was; one that adds a verdict must not move the
        probability against that verdict by more than `TOLERANCE`.
        """
        if self.before is None:
            return (chance >= 0.5) == self.positive
        if self.may_move:
            gain = chance - chance_before
            return (gain if self.positive else -gain) >= -TOLERANCE
        return (chance >= 0.5) == (chance_before >= 0.5)


def behaviour(predict: Callable[[Sequence[str]], Array], labels: Sequence[str]) -> dict[str, Capability]:
    """Return how many sentences of each capability `predict` judges right; nothing where `labels` are not sentiment.

    `predict` gives the probabilities `[N, C]` of texts.
    """
    positive = positive_label(labels)
    if positive is None:
        return {}
    tested = cases()
    texts = sorted({text for case in _all(tested) for text in (case.text, case.before) if text is not None})
    chances = dict(zip(texts, np.asarray(predict(texts))[:, positive].tolist(), strict=True))
    return {
        name: Capability(
            sentences=len(group),
            right=sum(case.passes(chances[case.text], chances[case.before or case.text]) for case in group),
        )
        for name, group in tested.items()
    }


Tested = Mapping[str, Mapping[str, Capability]]
"""What models can read: by the model's name, then by capability."""


def capability_table(tested: Tested) -> Table:
    """Return the share of sentences judged right for a terminal: a row a capability, a column a model."""
    drawn = Table(title=f"behaviour: % right of {SENTENCES} sentences", title_justify="left")
    for name in ("capability", *tested):
        drawn.add_column(name, justify="left" if name == "capability" else "right")
    for row in capability_rows(tested):
        drawn.add_row(*row)
    return drawn


def capability_rows(tested: Tested) -> list[list[str]]:
    """Return the cells of that table; the last row has the means."""
    names = next(iter(tested.values())).keys()
    rows = [[name, *(f"{100 * found[name].share:.0f}" for found in tested.values())] for name in names]
    means = (100 * float(np.mean([one.share for one in found.values()])) for found in tested.values())
    return [*rows, ["mean", *(f"{mean:.1f}" for mean in means)]]


@cache
def cases() -> Mapping[str, tuple[Case, ...]]:
    """Return the cases of every capability, `SENTENCES` of each, half of them about films and half about products."""
    made = read_toml(FILE)
    return {
        capability["name"]: tuple(
            case
            for domain, words in made["domains"].items()
            for case in _drawn(capability, domain, made["words"] | words)
        )
        for capability in made["capabilities"]
    }


def _drawn(capability: Mapping[str, Any], domain: str, words: Mapping[str, Sequence[str]]) -> list[Case]:
    """Return the cases of one capability in one domain: its senses and templates in turn, each sentence once."""
    draw = random.Random(f"{capability['name']} {domain}")
    grammar = Grammar(words)
    senses = [sense for sense in VERDICTS if sense in capability]
    found: dict[str, Case] = {}
    number = 0
    while len(found) < SENTENCES // 2:
        sense = senses[number % len(senses)]
        templates = capability[sense]
        case = _case(templates[number // len(senses) % len(templates)], sense, capability.get("change"), grammar, draw)
        found.setdefault(case.text, case)
        number += 1
    return list(found.values())


def _case(template: str, sense: str, change: str | None, grammar: Grammar, draw: random.Random) -> Case:
    positive = sense == "positive"
    if change == "name":
        names = draw.sample(grammar.rules["name"], 2)
        text, other = (_renamed(grammar, template, name, random.Random(template + names[0])) for name in names)
        return Case(text, positive, before=other)
    text = grammar.sentence(template, draw)
    if change == "typo":
        return Case(_with_typo(text, draw), positive, before=text)
    if change == "addition":
        return Case(f"{text} {grammar.sentence('{addition}', draw)}", positive, before=text)
    if change == "verdict":
        return Case(f"{text} {VERDICTS[sense]}", positive, before=text, may_move=True)
    return Case(text, positive)


def _renamed(grammar: Grammar, template: str, name: str, draw: random.Random) -> str:
    return Grammar({**grammar.rules, "name": [name]}).sentence(template, draw)


def _with_typo(text: str, draw: random.Random) -> str:
    """Return `text` with two letters inside one of its longer words exchanged."""
    words = text.split()
    number = draw.choice([number for number, word in enumerate(words) if len(word.strip(".,!")) >= 4])
    word = words[number]
    at = draw.choice([at for at in range(1, len(word.strip(".,!")) - 1) if word[at] != word[at + 1]])
    words[number] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)


def _all(tested: Mapping[str, Sequence[Case]]) -> list[Case]:
    return [case for group in tested.values() for case in group]
