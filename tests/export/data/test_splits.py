import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.data.reviews import SPLITS, Review, Reviews, SplitName, gather
from export.data.splits import DataSplit, split
from models.reviews.errors import DataError


def _reviews(rows: int = 300, films: int | None = 40, seed: int = 0) -> Reviews:
    draw = random.Random(seed)
    made = [
        Review(f"word{number}", "ab"[number % 2], None if films is None else f"film{draw.randrange(films)}")
        for number in range(rows)
    ]
    return gather("own", "own.csv", "none", made)


@pytest.mark.parametrize("films", [40, None])
def test_eighty_ten_ten_and_every_review_once(films: int | None) -> None:
    reviews = _reviews(films=films)
    splits = split(reviews, seed=3)
    parts = splits.by_name
    assert sorted(text for part in parts.values() for text in part.texts) == sorted(row.text for row in reviews.rows)
    assert len(parts["train"]) == pytest.approx(240, abs=24)
    assert len(parts["test"]) == pytest.approx(30, abs=12)
    assert len(parts["validation"]) == pytest.approx(30, abs=12)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_no_film_stands_in_two_splits(seed: int) -> None:
    splits = split(_reviews(seed=seed), seed)
    groups = [set(part.groups) for part in splits.by_name.values()]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]


def test_the_same_seed_gives_the_same_splits_and_another_gives_others() -> None:
    first, again, other = split(_reviews(), 1), split(_reviews(), 1), split(_reviews(), 2)
    assert first.test.texts == again.test.texts != other.test.texts
    assert first.test.fingerprint == again.test.fingerprint != other.test.fingerprint


def test_labels_stay_with_their_texts() -> None:
    reviews = _reviews()
    known = {row.text: reviews.labels.index(row.label) for row in reviews.rows}
    for part in split(reviews, 0).by_name.values():
        assert part.targets.tolist() == [known[text] for text in part.texts]


def test_a_published_test_is_the_test() -> None:
    rows = tuple(
        replace(row, given_split="test" if number % 3 == 0 else "train") for number, row in enumerate(_reviews().rows)
    )
    splits = split(gather("own", "own", "none", rows), 0)
    assert set(splits.test.texts) == {row.text for row in rows if row.given_split == "test"}
    assert len(splits.validation) == pytest.approx(20, abs=9)
    assert splits.rule.startswith("90/10 and the given test by group")


@given(st.permutations(range(6)))
def test_a_fingerprint_does_not_depend_on_order_but_on_every_row(order: list[int]) -> None:
    texts, targets = tuple("abcdef"), np.arange(6) % 2
    part = DataSplit(texts, targets, texts)
    moved = DataSplit(tuple(texts[at] for at in order), targets[order], texts)
    assert part.fingerprint == moved.fingerprint
    assert part.fingerprint != DataSplit(texts, 1 - targets, texts).fingerprint
    assert part.fingerprint != DataSplit(("z", *texts[1:]), targets, texts).fingerprint


def _own(*labels: str, groups: list[str] | None = None) -> Reviews:
    rows = [Review(f"word{n}", label, groups[n] if groups else None) for n, label in enumerate(labels)]
    return gather("own", "own.csv", "none", rows)


@pytest.mark.parametrize(
    "labels",
    [["a", "b"] * 10, ["a"] * 490 + ["b"] * 10, [f"l{n % 1000}" for n in range(6000)], ["a"] * 3 + ["b"] * 3],
    ids=["20 rows", "490 against 10", "1000 labels of 6 rows", "3 rows a label"],
)
@pytest.mark.parametrize("in_groups", [False, True])
def test_every_split_holds_every_label_in_its_share(labels: list[str], in_groups: bool) -> None:
    groups = [f"group {n}" for n in range(len(labels))] if in_groups else None
    for seed in range(3):
        splits = split(_own(*labels, groups=groups), seed)
        for part in splits.by_name.values():
            assert len(np.unique(part.targets)) == len(set(labels))
        if not in_groups:
            assert "stratified by label" in splits.rule
            counts = np.bincount(splits.test.targets)
            assert counts.tolist() == [max(1, round(labels.count(one) / 10)) for one in splits.labels]


def test_groups_stay_whole_where_a_rare_label_decides() -> None:
    labels = [("rare" if n % 40 == 0 else "common") for n in range(200)]
    for seed in range(10):
        splits = split(_own(*labels, groups=[f"film {n // 4}" for n in range(200)]), seed)
        parts = [set(part.groups) for part in splits.by_name.values()]
        assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
        assert all(len(np.unique(part.targets)) == 2 for part in splits.by_name.values())


def test_groups_that_hold_every_label_are_drawn_at_random() -> None:
    assert split(_reviews(), 3).rule == "80/10/10 by group, seed 3"


@pytest.mark.parametrize(
    ("reviews", "said"),
    [
        (_own(*["a"] * 60, "b", "b"), r"each needs 3 different reviews.*'b' \(2\)"),
        (_own(*["a", "b"] * 30, groups=[f"film {n // 30}" for n in range(60)]), r"3 different groups.*'a' \(2\)"),
    ],
)
def test_labels_that_no_split_can_hold_are_named_with_what_is_needed(reviews: Reviews, said: str) -> None:
    with pytest.raises(DataError, match=r"own\.csv: no split can hold every label.*" + said):
        split(reviews, 0)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"validation"}, "90/10 and the given validation by review, stratified by label, seed 0"),
        ({"test"}, "90/10 and the given test by review, stratified by label, seed 0"),
        ({"validation", "test"}, "as given"),
    ],
)
def test_given_splits_stay_as_they_are_and_the_others_are_drawn_from_training(given: set[str], rule: str) -> None:
    names: list[SplitName] = ["train", "train", "train", *[name for name in SPLITS if name in given]]
    rows = [
        Review(f"word{n}", "ab"[n // len(names) % 2], given_split=names[n % len(names)]) for n in range(60 * len(names))
    ]
    splits = split(gather("own", "own", "none", rows), 0)
    assert splits.rule == rule
    for name in given:
        assert set(splits.by_name[name].texts) == {row.text for row in rows if row.given_split == name}
    assert {len(splits.by_name[name]) for name in {"validation", "test"} - given} <= {18}
    assert sum(map(len, splits.by_name.values())) == len(rows)


def test_a_given_test_without_one_of_the_labels_is_refused_by_name() -> None:
    rows = [Review(f"word{n}", "ab"[n % 2]) for n in range(20)] + [Review("tested", "a", given_split="test")]
    with pytest.raises(DataError, match="no review in the test split has the label 'b'"):
        split(gather("own", "own", "none", rows), 0)
