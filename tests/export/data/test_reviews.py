from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.data.reviews import DataError, Row, decoded, gather


def _gather(*rows: Row, labels: list[str] | None = None) -> tuple[Row, ...]:
    return gather("own", "own.csv", "none", rows, labels).rows


def test_labels_are_sorted_unless_an_order_is_given() -> None:
    rows = [Row("good", "pos"), Row("bad", "neg"), Row("fine", "pos")]
    assert gather("own", "own.csv", "none", rows).labels == ("neg", "pos")
    ordered = gather("own", "own.csv", "none", rows, ["pos", "neg"])
    assert ordered.labels == ("pos", "neg")
    assert ordered.targets.tolist() == [0, 1, 0]


@pytest.mark.parametrize("labels", [["pos"], ["pos", "neg", "other"], ["pos", "neg", "neg"], ["Pos", "neg"]])
def test_an_order_that_is_not_of_the_labels_there_is_refused(labels: list[str]) -> None:
    with pytest.raises(DataError, match=r"own\.csv.*'neg', 'pos'"):
        _gather(Row("good", "pos"), Row("bad", "neg"), labels=labels)


def test_copies_go_whatever_their_case_spacing_and_markup() -> None:
    rows = [Row("A  film!", "pos"), Row("a film !", "neg"), Row("A <br /> film!", "pos"), Row("bad", "neg")]
    reviews = gather("own", "own.csv", "none", rows)
    assert [row.text for row in reviews.rows] == ["A  film!", "bad"]
    assert (reviews.duplicates, reviews.overlap) == (2, 0)


def test_a_published_test_stays_whole_and_training_gives_way() -> None:
    rows = [
        Row("seen twice", "pos"),
        Row("only here", "neg"),
        Row("Seen twice", "pos", half="test"),
        Row("new", "neg", half="test"),
    ]
    reviews = gather("own", "own", "none", rows)
    assert [(row.text, row.half) for row in reviews.rows] == [
        ("only here", "train"),
        ("Seen twice", "test"),
        ("new", "test"),
    ]
    assert (reviews.duplicates, reviews.overlap) == (0, 1)


@given(st.lists(st.sampled_from(["a", "A", "b", "c!", "C !"]), min_size=2, max_size=12))
def test_every_row_is_kept_or_counted(texts: list[str]) -> None:
    rows = [Row(text, str(number % 2), half=("train", "test")[number % 3 == 0]) for number, text in enumerate(texts)]
    reviews = gather("own", "own", "none", rows)
    assert len(reviews.rows) + reviews.duplicates + reviews.overlap == len(rows)


def test_no_reviews_and_one_label_only_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"own\.csv: no reviews"):
        _gather()
    with pytest.raises(DataError, match=r"own\.csv: every review has the label 'pos'"):
        _gather(Row("good", "pos"), Row("fine", "pos"))


def test_bytes_that_are_not_utf8_are_placed() -> None:
    assert decoded(b"\xef\xbb\xbfok", "own.csv") == "ok"
    with pytest.raises(DataError, match=r"own\.csv, line 3: not UTF-8"):
        decoded(b"a\nb\nc \xff\n", "own.csv")


def test_rows_may_come_from_a_generator() -> None:
    def rows() -> Iterator[Row]:
        yield Row("good", "pos")
        yield Row("bad", "neg")

    assert len(gather("own", "own", "none", rows()).rows) == 2
