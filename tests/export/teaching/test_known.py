"""Sentences whose sense is known: as many as asked for, half of them praise, the same every time, none tested."""

import csv
import re
from pathlib import Path

from export.data.grammar import SLOT, read_toml
from export.teaching.known import FILE, known_sentences
from export.teaching.lessons import KNOWN_SENTENCES, SEED

STUDIES = Path(__file__).parents[2] / "studies"


def test_half_is_praise_and_each_comes_once() -> None:
    found = known_sentences(2_000, seed=1)
    assert len({text for text, _ in found}) == 2_000
    assert 900 < sum(chance for _, chance in found) < 1_100
    assert not any("{" in text for text, _ in found)


def test_they_are_the_same_every_time() -> None:
    assert known_sentences(200, seed=1) == known_sentences(200, seed=1)
    assert known_sentences(200, seed=1) != known_sentences(200, seed=2)


def test_what_is_written_for_praise_and_mirrored_names_something_that_has_an_opposite() -> None:
    made = read_toml(FILE)
    opposites = {*made["opposites"], *made["opposites"].values()}
    written = made["words"] | made["rules"]
    mirrored = [made["rules"][name] for name in made["opposites"] if made["opposites"][name] not in written]
    both = [kind.get("both", ()) for kind in made["kinds"]]
    unmarked = [text for texts in [*mirrored, *both] for text in texts if not opposites & set(SLOT.findall(text))]
    assert not unmarked


def test_no_sentence_written_by_hand_to_test_reading_is_taught() -> None:
    def words(text: str) -> str:
        return re.sub(r"\W+", " ", text.lower()).strip()

    taught = {words(text) for text, _ in known_sentences(KNOWN_SENTENCES, SEED)}
    for name in ("by_hand.csv", "by_hand_seen.csv", "by_hand_new.csv"):
        with (STUDIES / name).open(newline="") as file:
            assert not taught & {words(row["text"]) for row in csv.DictReader(file)}
