from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.data.remarks import alike, remarks
from export.data.reviews import Review, SplitName, gather
from models.reviews.errors import DataError


def _gather(*rows: Review, labels: list[str] | None = None) -> tuple[Review, ...]:
    return gather("own", "own.csv", "none", rows, labels).rows


def test_labels_are_sorted_unless_an_order_is_given() -> None:
    rows = [Review("good", "pos"), Review("bad", "neg"), Review("fine", "pos")]
    assert gather("own", "own.csv", "none", rows).labels == ("neg", "pos")
    ordered = gather("own", "own.csv", "none", rows, ["pos", "neg"])
    assert ordered.labels == ("pos", "neg")
    assert ordered.targets.tolist() == [0, 1, 0]


@pytest.mark.parametrize("labels", [["pos"], ["pos", "neg", "other"], ["pos", "neg", "neg"], ["Pos", "neg"]])
def test_an_order_that_is_not_of_the_labels_there_is_refused(labels: list[str]) -> None:
    with pytest.raises(DataError, match=r"own\.csv.*'neg', 'pos'"):
        _gather(Review("good", "pos"), Review("bad", "neg"), labels=labels)


def test_copies_go_whatever_their_case_spacing_and_markup() -> None:
    rows = [Review("A  film!", "pos"), Review("a film !", "neg"), Review("A <br /> film!", "pos"), Review("bad", "neg")]
    reviews = gather("own", "own.csv", "none", rows)
    assert [row.text for row in reviews.rows] == ["A  film!", "bad"]
    assert (reviews.duplicates, reviews.overlap) == (2, 0)


def test_a_published_test_stays_whole_and_training_gives_way() -> None:
    rows = [
        Review("seen twice", "pos"),
        Review("only here", "neg"),
        Review("Seen twice", "pos", given_split="test"),
        Review("new", "neg", given_split="test"),
    ]
    reviews = gather("own", "own", "none", rows)
    assert [(row.text, row.given_split) for row in reviews.rows] == [
        ("only here", "train"),
        ("Seen twice", "test"),
        ("new", "test"),
    ]
    assert (reviews.duplicates, reviews.overlap) == (0, 1)


@given(st.lists(st.sampled_from(["a", "A", "b", "c!", "C !"]), min_size=2, max_size=12))
def test_every_row_is_kept_or_counted(texts: list[str]) -> None:
    rows = [
        Review(text, str(number % 2), given_split=("train", "test")[number % 3 == 0])
        for number, text in enumerate(texts)
    ]
    rows += [Review("x", "0"), Review("y", "1")]
    reviews = gather("own", "own", "none", rows)
    assert len(reviews.rows) + reviews.duplicates + reviews.overlap == len(rows)


def test_no_reviews_and_one_label_only_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"own\.csv: no reviews"):
        _gather()
    with pytest.raises(DataError, match=r"own\.csv: every review has the label 'pos'"):
        _gather(Review("good", "pos"), Review("fine", "pos"))


def test_copies_with_another_label_are_counted_apart() -> None:
    rows = [Review("a film", "pos"), Review("A film", "neg"), Review("a  film", "pos"), Review("bad", "neg")]
    reviews = gather("own", "own.csv", "none", rows, skipped=["own.csv, row 5, line 6: no text"])
    assert (reviews.duplicates, reviews.contradictions) == (2, 1)
    assert remarks(reviews) == [
        "dropped 2 duplicates",
        "1 of the copies dropped have another label than the one that was kept",
        "skipped 1 rows, 1 as no text; the first: own.csv, row 5, line 6: no text",
    ]


def test_rows_may_come_from_a_generator() -> None:
    def rows() -> Iterator[Review]:
        yield Review("good", "pos")
        yield Review("bad", "neg")

    assert len(gather("own", "own", "none", rows()).rows) == 2


def test_of_copies_in_several_splits_the_last_ones_is_kept_and_each_overlap_counted() -> None:
    rows = [
        Review("a film", "pos"),
        Review("a  film", "pos"),
        Review("both", "neg"),
        Review("own", "neg"),
        Review("A film", "pos", given_split="validation"),
        Review("Both", "pos", given_split="validation"),
        Review("both !", "neg", given_split="validation"),
        Review("BOTH", "neg", given_split="test"),
    ]
    reviews = gather("own", "own", "none", [*rows, Review("new", "pos")])
    kept = [(row.text, row.given_split) for row in reviews.rows]
    assert kept == [
        ("own", "train"),
        ("new", "train"),
        ("A film", "validation"),
        ("both !", "validation"),
        ("BOTH", "test"),
    ]
    expected = {("train", "validation"): 2, ("train", "test"): 1, ("validation", "test"): 1}
    assert (reviews.overlaps, reviews.overlap, reviews.contradictions) == (expected, 4, 1)
    assert "dropped 2 train reviews that stand in validation too" in remarks(reviews)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_labels_that_training_does_not_have_are_refused_by_name(split: SplitName) -> None:
    rows = [Review("good", "1"), Review("bad", "0"), Review("fine", "1.0", given_split=split)]
    with pytest.raises(DataError, match=rf"{split} has labels that no training review has: '1.0' \(1\)"):
        _gather(*rows)


def test_reviews_that_are_all_validation_or_test_are_refused() -> None:
    with pytest.raises(DataError, match="none is left to learn from"):
        _gather(Review("good", "1", given_split="test"), Review("bad", "0", given_split="validation"))


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["1", "1.0", "true", "2"], [("1", "1.0", "true")]),
        (["Good", "good ", "bad"], [("Good", "good ")]),
        (["caf\u00e9", "cafe\u0301"], [("caf\u00e9", "cafe\u0301")]),
        (["1", "2", "10"], []),
        (["nan", "NaN"], [("nan", "NaN")]),
    ],
)
def test_labels_that_look_alike_are_told_apart_and_named(labels: list[str], found: list[tuple[str, ...]]) -> None:
    assert alike(labels) == found
    reviews = gather("own", "own", "none", [Review(f"word{n}", label) for n, label in enumerate(labels)])
    assert reviews.labels == tuple(sorted(labels))
    assert len([line for line in remarks(reviews) if "look alike" in line]) == len(found)


def test_groups_that_were_given_to_two_splits_are_said() -> None:
    rows = [Review("a", "0", "film"), Review("b", "1", "film"), Review("c", "1", "film", "test")]
    assert remarks(gather("own", "own", "none", rows)) == [
        "1 groups stand in train and in test, as they were given: 'film'"
    ]
