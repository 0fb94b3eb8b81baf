"""What `submit` promises: everybody gets their own answer, once, whoever else is there."""

import asyncio
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.bundle.files import Bundle
from models.network.bulk import run_many
from models.network.equations import CELLS, forward, softmax
from service.engine import (
    Answer,
    Engine,
    EngineSettings,
    QueueState,
    Unobserved,
)
from service.errors import DeadlinePassed, Draining, Overloaded
from tests.service.engine.conftest import Counted, oracle, review

NewEngine = Callable[..., Engine]
LONG = 40_000
IDLE = QueueState(0, 0, 0.0)


@pytest.mark.parametrize("cell", CELLS)
def test_a_crowd_of_all_lengths_gets_the_answers_of_the_equations(
    new_engine: NewEngine, bundles: dict[str, Bundle], cell: str
) -> None:
    engine = new_engine(rows=7)
    bundle = bundles[cell]
    model = engine.load(bundle)
    reviews = [review(bundle, length, length) for length in (1, 2, 3, 20, 33, 100, 250, 1, 64, 500) * 3]

    async def crowd() -> list[np.ndarray]:
        return [answer.logits for answer in await asyncio.gather(*(engine.submit(model, ids) for ids in reviews))]

    for logits, ids in zip(asyncio.run(crowd()), reviews, strict=True):
        np.testing.assert_allclose(logits, oracle(bundle, ids), atol=1e-5)


arrivals = st.lists(
    st.tuples(
        st.sampled_from(CELLS),
        st.integers(1, 90),
        st.integers(0, 3),  # loop turns to wait before it is sent
        st.one_of(st.none(), st.integers(0, 4)),  # loop turns until its sender goes away, if they do
        st.booleans(),  # traced
        st.booleans(),  # background
    ),
    min_size=1,
    max_size=24,
)


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_any_arrivals_and_departures_give_everyone_their_own_answer_once(
    bundles: dict[str, Bundle], threads: int
) -> None:
    engine = Engine(EngineSettings(threads=threads, rows=4, seconds_a_chunk=0.0003, queue_seconds=1e9))
    models = {cell: engine.load(bundle) for cell, bundle in bundles.items()}

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(arrivals)
    def check(plan: list[tuple[str, int, int, int | None, bool, bool]]) -> None:
        asyncio.run(play(plan))
        assert [engine.queue(model) for model in models.values()] == [IDLE] * len(models)

    async def play(plan: list[tuple[str, int, int, int | None, bool, bool]]) -> None:
        tasks = []
        for number, (cell, length, wait, patience, traced, background) in enumerate(plan):
            for _ in range(wait):
                await asyncio.sleep(0)
            ids = review(bundles[cell], length, number)
            task = asyncio.create_task(engine.submit(models[cell], ids, traced=traced, background=background))
            tasks.append((task, cell, ids, patience, traced))
            if patience is not None:
                asyncio.get_running_loop().call_later(patience / 4000, task.cancel)
        for task, cell, ids, patience, traced in tasks:
            try:
                answer = await asyncio.wait_for(task, 10)
            except asyncio.CancelledError:
                assert patience is not None
                continue
            expected = forward(bundles[cell].weights.astype(np.float64), ids)
            np.testing.assert_allclose(answer.logits, expected.logits, atol=1e-5)
            np.testing.assert_allclose(answer.probabilities, softmax(expected.logits), atol=1e-5)
            assert (answer.hidden is not None) == traced
            for layer, run in zip(answer.hidden or (), expected.runs, strict=False):
                np.testing.assert_allclose(layer, run.hidden, atol=1e-5)

    try:
        check()
    finally:
        engine.close()


@pytest.mark.parametrize("cell", CELLS)
def test_a_stream_cut_anywhere_ends_like_the_whole_review(
    new_engine: NewEngine, bundles: dict[str, Bundle], cell: str
) -> None:
    engine, bundle = new_engine(), bundles[cell]
    model, ids = engine.load(bundle), review(bundles[cell], 60, 1)

    async def stream() -> None:
        state = None
        for start, stop in ((0, 1), (1, 2), (2, 33), (33, 59), (59, 60)):
            answer = await engine.submit(model, ids[start:stop], state=state, keep=True)
            state = answer.state
            np.testing.assert_allclose(answer.logits, oracle(bundle, ids[:stop]), atol=1e-5)

    asyncio.run(stream())


def test_a_row_that_fails_does_not_fail_its_mates(new_engine: NewEngine, bundles: dict[str, Bundle]) -> None:
    engine, bundle = new_engine(), bundles["lstm"]
    model = engine.load(bundle)
    good = [review(bundle, length, length) for length in (3, 80, 200)]
    bad = np.full(50, bundle.manifest.vocabulary_size, np.int64)

    async def together() -> list[object]:
        sent = [engine.submit(model, ids) for ids in (good[0], bad, *good[1:])]
        return list(await asyncio.gather(*sent, return_exceptions=True))

    first, failed, *others = asyncio.run(together())
    assert isinstance(failed, Exception)
    for answer, ids in zip((first, *others), good, strict=True):
        np.testing.assert_allclose(answer.logits, oracle(bundle, ids), atol=1e-5)  # type: ignore[attr-defined]
    assert engine.queue(model).rows == 0


def test_work_beyond_the_bound_is_refused_before_and_after_its_words_are_known(
    new_engine: NewEngine, bundles: dict[str, Bundle], observer: Counted
) -> None:
    engine = new_engine(queue_seconds=1e-4)
    model, ids = engine.load(bundles["lstm"]), review(bundles["lstm"], LONG, 0)

    async def crowd() -> None:
        first = asyncio.create_task(engine.submit(model, ids))  # nothing else waits: accepted whatever its size
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refusal:
            engine.admit(model, 5 * LONG)
        assert refusal.value.retry_after >= 1
        with pytest.raises(Overloaded):
            await engine.submit(model, ids)
        await engine.submit(model, ids[:5], background=True)  # is no part of the bound
        await first

    asyncio.run(crowd())
    assert observer.told == ["rejected", "rejected"]


def test_what_has_expired_is_not_computed(new_engine: NewEngine, bundles: dict[str, Bundle], observer: Counted) -> None:
    engine = new_engine(queue_seconds=1e9)
    model, ids = engine.load(bundles["lstm"]), review(bundles["lstm"], 300 * LONG, 0)

    async def late() -> None:
        with pytest.raises(DeadlinePassed):
            await engine.submit(model, ids, deadline=time.monotonic() - 1)
        with pytest.raises(DeadlinePassed):
            await engine.submit(model, ids, deadline=time.monotonic() + 0.02)
        assert engine.queue(model) == IDLE
        assert len((await engine.submit(model, ids[:5])).logits) == 2

    asyncio.run(late())
    assert observer.told == ["expired", "expired"]
    assert sum(real for real, _ in observer.tokens) < len(ids)


def test_a_sender_who_leaves_frees_the_row(
    new_engine: NewEngine, bundles: dict[str, Bundle], observer: Counted
) -> None:
    engine = new_engine(queue_seconds=1e9)
    model, ids = engine.load(bundles["gru"]), review(bundles["gru"], 300 * LONG, 0)

    async def leave() -> None:
        task = asyncio.create_task(engine.submit(model, ids))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.queue(model) == IDLE
        await engine.submit(model, ids[:5])

    asyncio.run(leave())
    assert observer.told == ["cancelled"]
    assert sum(real for real, _ in observer.tokens) < len(ids)


def test_draining_finishes_what_was_accepted_and_takes_nothing_more(
    new_engine: NewEngine, bundles: dict[str, Bundle]
) -> None:
    engine = new_engine()
    model, ids = engine.load(bundles["rnn"]), review(bundles["rnn"], LONG, 0)

    async def drain() -> None:
        accepted = asyncio.create_task(engine.submit(model, ids))
        await asyncio.sleep(0)
        await engine.drain()
        with pytest.raises(Draining):
            await engine.submit(model, ids)
        assert len((await accepted).logits) == 2

    asyncio.run(drain())


def test_unloading_waits_for_the_rows_of_that_model(new_engine: NewEngine, bundles: dict[str, Bundle]) -> None:
    engine = new_engine()
    old, new = engine.load(bundles["lstm"]), engine.load(bundles["gru"])

    async def swap() -> None:
        ids = review(bundles["lstm"], LONG, 0)
        accepted = asyncio.create_task(engine.submit(old, ids))
        await asyncio.sleep(0)
        await asyncio.to_thread(engine.unload, old)
        assert engine.queue(old).rows == 0
        await accepted
        await engine.submit(new, ids[:9])

    asyncio.run(swap())


def test_an_idle_engine_uses_no_processor(new_engine: NewEngine, bundles: dict[str, Bundle]) -> None:
    engine = new_engine()
    model = engine.load(bundles["lstm"])
    asyncio.run(engine.submit(model, review(bundles["lstm"], 30, 0)))
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1


def test_a_fault_of_the_engine_fails_its_rows_and_nothing_else(
    new_engine: NewEngine, observer: Counted, bundles: dict[str, Bundle], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = new_engine()
    model = engine.load(bundles["lstm"])

    async def both() -> list[Answer | BaseException]:
        return await asyncio.gather(
            *(engine.submit(model, review(bundles["lstm"], 30, seed)) for seed in range(2)), return_exceptions=True
        )

    with monkeypatch.context() as broken:
        broken.setattr(model.cost, "choose", lambda _: ("many", 0.0))
        assert [type(found) for found in asyncio.run(both())] == [TypeError] * 2
    assert observer.told == ["error"] * 2
    assert engine.queue(model).rows == 0
    assert [type(found) for found in asyncio.run(both())] == [Answer] * 2


def test_an_event_loop_that_computes_lets_in_what_came_during_a_chunk(bundles: dict[str, Bundle]) -> None:
    batches: list[int] = []
    late: list[asyncio.Task[Answer]] = []

    class Late(Unobserved):
        """Sends a second review while the first chunk is computed."""

        def batch(self, model: str, version: int, rows: int, real: int, padded: int, seconds: float) -> None:
            batches.append(rows)
            if not late:
                late.append(asyncio.create_task(engine.submit(served, ids[:50])))

    engine = Engine(EngineSettings(threads=0, rows=2, seconds_a_chunk=1e-4), Late())
    served, ids = engine.load(bundles["lstm"]), review(bundles["lstm"], LONG, 0)

    async def both() -> None:
        await engine.submit(served, ids)
        assert late[0].done()

    asyncio.run(both())
    assert batches[:2] == [1, 2]


def test_an_event_loop_that_computes_answers_others_between_two_chunks(bundles: dict[str, Bundle]) -> None:
    counted = Counted()
    engine = Engine(EngineSettings(threads=0, seconds_a_chunk=1e-4), counted)
    model = engine.load(bundles["lstm"])

    async def turns() -> int:
        computing, count = asyncio.create_task(engine.submit(model, review(bundles["lstm"], LONG, 0))), 0
        while not computing.done():
            await asyncio.sleep(0)
            count += 1
        return count

    assert asyncio.run(turns()) > len(counted.rows_of_batches) > 1


def test_work_that_an_ended_loop_left_behind_stops_nobody(bundles: dict[str, Bundle]) -> None:
    engine = Engine(EngineSettings(threads=0, queue_seconds=1e9))
    model, ids = engine.load(bundles["lstm"]), review(bundles["lstm"], LONG, 0)

    async def leave() -> None:
        left = asyncio.create_task(engine.submit(model, ids))
        await asyncio.sleep(0)
        assert not left.done()

    asyncio.run(leave())
    answer = asyncio.run(engine.submit(model, ids[:40]))
    np.testing.assert_allclose(answer.logits, oracle(bundles["lstm"], ids[:40]), atol=1e-5)
    assert engine.queue(model) == IDLE


def test_an_empty_review_never_reaches_the_graph(new_engine: NewEngine, bundles: dict[str, Bundle]) -> None:
    engine = new_engine()
    model = engine.load(bundles["lstm"])
    with pytest.raises(ValueError, match="word"):
        asyncio.run(engine.submit(model, np.array([], np.int64)))
    with pytest.raises(ValueError, match="word"):
        run_many(model.session, [np.array([1]), np.array([], np.int64)])


def test_closing_ends_the_threads(bundles: dict[str, Bundle]) -> None:
    before = threading.active_count()
    engine = Engine(EngineSettings(threads=3))
    engine.load(bundles["rnn"])
    engine.close()
    assert threading.active_count() == before
