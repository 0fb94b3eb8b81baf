from export.data.reviews import Review, gather
from tests.studies.folds import folds


def test_folds_test_every_review_once_and_share_no_film() -> None:
    rows = [Review(f"word{number}", "ab"[number % 2], f"film{number * 7 % 40}") for number in range(300)]
    reviews = gather("own", "own.csv", "none", rows)
    made = folds(reviews, 5, seed=0)
    tested = [text for one in made for text in one.test.texts]
    assert sorted(tested) == sorted(row.text for row in reviews.rows)
    for one in made:
        assert not set(one.train.groups) & set(one.test.groups)
        assert not set(one.validation.groups) & (set(one.test.groups) | set(one.train.groups))
