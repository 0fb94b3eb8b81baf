"""The parts that `submit` is made of, each for itself: order, batches, cost, bulk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle.files import Bundle
from models.bundle.open_session import Provider, open_session
from models.network.bulk import run_many
from models.network.equations import CELLS
from models.network.session import Session
from service.engine.batch import Batch, Row
from service.engine.cost import Cost, CostModel, fit
from service.engine.scheduler import Scheduler
from tests.service.engine.conftest import oracle, review


@pytest.fixture(scope="module", params=["native", "onnxruntime"])
def provider(request: pytest.FixtureRequest) -> Provider:
    found: Provider = request.param
    return found


@pytest.fixture(scope="module")
def session(bundles: dict[str, Bundle], provider: Provider) -> Session:
    return open_session(bundles["lstm"], provider)


def rows_of(lengths: list[int], *, background: bool = False) -> list[Row]:
    return [Row(np.ones(length, np.int64), background=background) for length in lengths]


def play(waiting: Scheduler, batch: Batch, steps: int) -> list[Row]:
    waiting.fill(batch, 1)
    ended, computed = batch.advance(steps)
    waiting.computed(computed)
    for row in ended:
        waiting.remove(row)
    return ended


def test_a_fresh_short_review_passes_long_ones_that_fill_the_batch(session: Session) -> None:
    waiting, batch = Scheduler(capacity=4), Batch(session)
    for row in rows_of([1000] * 9):
        waiting.add(row)
    play(waiting, batch, 10)
    (short,) = rows_of([10])
    waiting.add(short)
    assert play(waiting, batch, 10) == [short]


def test_a_long_review_ends_however_many_short_ones_keep_coming(session: Session) -> None:
    waiting, batch = Scheduler(capacity=2), Batch(session)
    (long,) = rows_of([200])
    waiting.add(long)
    for _ in range(300):
        for row in rows_of([10, 10]):
            waiting.add(row)
        if long in play(waiting, batch, 10):
            return
    pytest.fail("it starved")


def test_background_work_yields_but_does_not_starve(session: Session) -> None:
    waiting, batch = Scheduler(capacity=8), Batch(session)
    for row in rows_of([1000] * 8, background=True):
        waiting.add(row)
    play(waiting, batch, 10)
    assert len(batch.rows) == 8
    for row in rows_of([1000] * 6):
        waiting.add(row)
    play(waiting, batch, 10)
    assert sorted(row.background for row in batch.rows) == [False] * 6 + [True] * 2


def test_threads_share_the_rows_that_wait(session: Session) -> None:
    waiting, first, second = Scheduler(capacity=32), Batch(session), Batch(session)
    for row in rows_of([50] * 10):
        waiting.add(row)
    assert waiting.fill(first, 2)
    assert not waiting.fill(second, 2)
    assert (len(first.rows), len(second.rows)) == (5, 5)


@pytest.mark.parametrize("cell", CELLS)
def test_a_parked_row_goes_on_in_another_batch_as_if_it_had_stayed(
    bundles: dict[str, Bundle], provider: Provider, cell: str
) -> None:
    bundle = bundles[cell]
    session = open_session(bundle, provider)
    reviews = [review(bundle, length, length) for length in (40, 50, 60)]
    rows = [Row(ids) for ids in reviews]
    here, there = Batch(session), Batch(session)
    here.join(rows)
    here.advance(7)
    here.park(rows[1:])
    there.join([Row(review(bundle, 90, 0)), rows[2]])
    there.advance(3)
    there.park([rows[2]])
    here.join(rows[1:])
    while here.rows:
        here.advance(9)
    for row, ids in zip(rows, reviews, strict=True):
        np.testing.assert_allclose(row.logits, oracle(bundle, ids), atol=1e-5)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=40), st.floats(1e-6, 1e-3), st.floats(1e-7, 1e-5))
def test_the_steps_chosen_compute_the_most_words_a_second(lengths: list[int], call: float, cell: float) -> None:
    cost = Cost(call, 0.0, cell, cell)
    model, rows = CostModel(cost, typical=50, longest=0.01, pads=True), len(lengths)
    rates = [
        sum(min(length, steps) for length in lengths) / cost.seconds(rows, steps)
        for steps in range(1, model.max_steps(rows) + 1)
    ]
    chosen, seconds = model.choose(lengths)
    assert seconds == pytest.approx(cost.seconds(rows, chosen))
    assert rates[chosen - 1] == pytest.approx(max(rates))
    assert chosen <= max(lengths)


@given(st.lists(st.floats(1e-9, 1e-3), min_size=4, max_size=4))
def test_the_fit_finds_the_cost_that_made_the_measurements(parts: list[float]) -> None:
    cost = Cost(*parts)
    found = fit({(b, t): cost.seconds(b, t) for b in (1, 2, 8, 32) for t in (1, 4, 16, 64)})
    for rows in (1, 5, 20):
        for steps in (2, 30):
            assert found.seconds(rows, steps) == pytest.approx(cost.seconds(rows, steps), rel=1e-3)


def test_no_chunk_is_planned_longer_than_allowed_but_one_step_always_is() -> None:
    cost = Cost(1e-4, 0, 1e-6, 1e-6)
    assert cost.seconds(32, CostModel(cost, typical=100, longest=0.002, pads=True).max_steps(32)) <= 0.002
    for pads in (True, False):
        huge = CostModel(Cost(1.0, 0, 1.0, 1.0), typical=100, longest=0.002, pads=pads)
        assert huge.choose([10, 20])[0] == 1


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40), st.floats(1e-6, 1e-3), st.floats(1e-7, 1e-5))
def test_without_padding_a_chunk_is_as_long_as_is_allowed(lengths: list[int], call: float, cell: float) -> None:
    def seconds(steps: int) -> float:
        return call + cell * steps + cell * sum(min(length, steps) for length in lengths)

    chosen, predicted = CostModel(Cost(call, 0.0, cell, cell), 50, longest := 0.002, pads=False).choose(lengths)
    assert predicted == pytest.approx(seconds(chosen))
    assert chosen == 1 or predicted <= longest * 1.0001
    assert chosen == max(lengths) or seconds(chosen + 1) > longest * 0.9999


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("threads", [1, 2])
def test_bulk_answers_stand_in_order_and_are_the_same_bits_every_time(
    bundles: dict[str, Bundle], provider: Provider, cell: str, threads: int
) -> None:
    bundle = bundles[cell]
    session = open_session(bundle, provider)
    reviews = [review(bundle, length, length) for length in [*range(1, 60), 300, 1, 7]]
    first = run_many(session, reviews, threads)
    for logits, ids in zip(first, reviews, strict=True):
        np.testing.assert_allclose(logits, oracle(bundle, ids), atol=1e-5)
    np.testing.assert_array_equal(first, run_many(session, reviews, 1))


def test_bulk_of_nothing_is_nothing(session: Session) -> None:
    assert len(run_many(session, [], 2)) == 0
