"""The test of behaviour: its sentences, what counts as right, and that nothing in it is taught."""

import random
import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from export.data.grammar import SLOT, Grammar, read_toml
from export.publish.behaviour import FILE, SENTENCES, Case, behaviour, cases
from export.teaching import known
from export.teaching.lessons import KNOWN_SENTENCES, SEED
from models.network.equations import Array

LABELS = ("rotten", "fresh")


def answers(chance: Callable[[str], float]) -> Callable[[Sequence[str]], Array]:
    """A classifier that gives a text the probability `chance(text)` of being praise."""

    def predict(texts: Sequence[str]) -> Array:
        found = np.array([chance(text) for text in texts])
        return np.stack([1 - found, found], axis=1)

    return predict


def test_every_capability_has_its_sentences_about_films_and_products() -> None:
    tested = cases()
    assert len(tested) >= 12
    for group in tested.values():
        assert len(group) == SENTENCES >= 40
        assert all("{" not in case.text for case in group)
    assert any("film" in case.text for case in tested["plain"])
    assert any("phone" in case.text for case in tested["plain"])


def test_the_sentences_are_the_same_every_time() -> None:
    again = cases.__wrapped__()
    assert again == cases()


def test_who_knows_the_sense_passes_everything_and_who_says_the_reverse_fails() -> None:
    senses = {case.text: case.positive for group in cases().values() for case in group}
    right = behaviour(answers(lambda text: float(senses.get(text, 0.5))), LABELS)
    wrong = behaviour(answers(lambda text: 1.0 - senses.get(text, 0.5)), LABELS)
    for name, group in cases().items():
        if all(case.before is None for case in group):
            assert (right[name].share, wrong[name].share) == (1.0, 0.0)


def test_the_label_that_praises_is_found_in_either_order() -> None:
    praise = answers(lambda text: 1.0)
    forward, backward = behaviour(praise, ("neg", "pos")), behaviour(praise, ("positive", "negative"))
    assert forward["not bad"].share == 1.0
    assert backward["not bad"].share == 0.0


@pytest.mark.parametrize("labels", [("a", "b"), ("1", "2", "3"), ("good", "positive")])
def test_other_labels_are_not_tested(labels: tuple[str, ...]) -> None:
    assert behaviour(answers(lambda text: 0.5), labels) == {}


@pytest.mark.parametrize(
    ("case", "chance", "before", "passes"),
    [
        (Case("a", True), 0.5, 0.5, True),
        (Case("a", False), 0.5, 0.5, False),
        (Case("a", True, before="b"), 0.2, 0.4, True),
        (Case("a", True, before="b"), 0.6, 0.4, False),
        (Case("a", True, before="b", may_move=True), 0.45, 0.5, True),
        (Case("a", True, before="b", may_move=True), 0.3, 0.5, False),
        (Case("a", False, before="b", may_move=True), 0.3, 0.5, True),
        (Case("a", False, before="b", may_move=True), 0.7, 0.5, False),
    ],
)
def test_what_counts_as_right(case: Case, chance: float, before: float, passes: bool) -> None:
    assert case.passes(chance, before) is passes


def test_a_change_changes_what_it_says_and_nothing_else() -> None:
    for case in cases()["typos"]:
        assert case.before is not None and case.text != case.before
        assert sorted(case.text) == sorted(case.before)
    for name in ("neutral additions", "direction"):
        assert all(case.before is not None and case.text.startswith(case.before) for case in cases()[name])


def frame(template: str) -> str:
    """What is left of a template without its words: two templates of one frame say the same of other things."""
    return re.sub(r"\W+", " ", SLOT.sub("SLOT", template)).strip().lower()


def test_no_template_of_the_test_is_taught() -> None:
    grammar, kinds = known.templates()
    grammar = Grammar({**grammar.rules} | {name: ["SLOT"] for name in read_toml(known.FILE)["words"]})
    draw = random.Random(0)
    templates = [template for kind in kinds for sense in ("positive", "negative") for template in kind[sense]]
    frames = {frame(grammar.expand(draw.choice(templates), draw)) for _ in range(100_000)}
    tested = {
        template
        for capability in read_toml(FILE)["capabilities"]
        for sense in ("positive", "negative")
        for template in capability.get(sense, ())
    }
    assert not [template for template in tested if frame(template) in frames]


def test_no_sentence_of_the_test_is_taught() -> None:
    def words(text: str) -> str:
        return re.sub(r"\W+", " ", text.lower()).strip()

    taught = {words(text) for text, _ in known.known_sentences(KNOWN_SENTENCES, SEED)}
    tested = {words(case.text) for group in cases().values() for case in group}
    assert not tested & taught
