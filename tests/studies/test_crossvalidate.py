import numpy as np

from tests.studies.crossvalidate import film_bootstrap


def test_the_interval_holds_the_mean_and_is_wider_where_a_films_reviews_are_alike() -> None:
    random = np.random.default_rng(0)
    films = np.repeat([f"film{number}" for number in range(50)], 20)
    alone = random.normal(0.5, 1.0, 1_000)
    alike = np.repeat(random.normal(0.5, 1.0, 50), 20)
    narrow, wide = film_bootstrap(alone, films, seed=0), film_bootstrap(alike, films, seed=0)
    assert narrow[0] < alone.mean() < narrow[1]
    assert wide[0] < alike.mean() < wide[1]
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_a_gain_that_is_the_same_everywhere_is_certain() -> None:
    assert film_bootstrap(np.full(10, 2.0), np.array(list("aabbccddee")), seed=0) == (2.0, 2.0)
