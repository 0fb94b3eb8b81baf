from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.data.reviews import Review, gather
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
        Review("Seen twice", "pos", published_split="test"),
        Review("new", "neg", published_split="test"),
    ]
    reviews = gather("own", "own", "none", rows)
    assert [(row.text, row.published_split) for row in reviews.rows] == [
        ("only here", "train"),
        ("Seen twice", "test"),
        ("new", "test"),
    ]
    assert (reviews.duplicates, reviews.overlap) == (0, 1)


@given(st.lists(st.sampled_from(["a", "A", "b", "c!", "C !"]), min_size=2, max_size=12))
def test_every_row_is_kept_or_counted(texts: list[str]) -> None:
    rows = [
        Review(text, str(number % 2), published_split=("train", "test")[number % 3 == 0])
        for number, text in enumerate(texts)
    ]
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
    assert "2 duplicates (1 of them with another label)" in reviews.dropped
    assert "skipped 1 rows: own.csv, row 5, line 6: no text" in reviews.dropped


def test_rows_may_come_from_a_generator() -> None:
    def rows() -> Iterator[Review]:
        yield Review("good", "pos")
        yield Review("bad", "neg")

    assert len(gather("own", "own", "none", rows()).rows) == 2
