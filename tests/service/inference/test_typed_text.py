"""A text that is typed and edited is answered as if it were read anew, whatever states were kept."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bundle.files import read
from service.engine import Engine, EngineSettings, Model
from service.inference.limits import TextLimits
from service.inference.predict import Predictor
from service.inference.prediction import StreamedPrediction
from service.inference.typed_text import TypedText
from service.metrics.recorder import Recorder
from service.tracing.executor import TraceExecutor
from service.tracing.request import TraceRequest
from service.tracing.tracer import Tracer
from tests.bundles import random_weights, write_bundle

MOST, STRONGEST = 12, 4
PIECES = st.lists(st.sampled_from(["not", "bad", "it's", " ", " ", "!", "<br />", "<", "a", "'"]), max_size=16).map(
    "".join
)
EDITS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0, 0, 1, 4, 20]), PIECES), min_size=1, max_size=8)


@pytest.fixture(scope="module", params=[("lstm", "max||mean"), ("gru", "mean")])
def reader(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Predictor, Model]]:
    """A predictor and a model of two layers; few states are kept of a text, so that they are soon thinned."""
    cell, pooling = request.param
    folder = write_bundle(tmp_path_factory.mktemp("typed"), cell, random_weights(cell, pooling, layers=2))
    engine = Engine(EngineSettings())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.inference.typed_text.MOST_STATES", 3)
        patch.setattr("service.inference.typed_text.MOST_FOLLOWED", 3)
        yield Predictor(engine, TextLimits(MOST, 10_000), Recorder()), engine.load(read(folder))


async def check_strongest(
    text: TypedText, found: Sequence[StreamedPrediction], reader: tuple[Predictor, Model], content: str
) -> None:
    """The strongest words are those of the text read at once, and as a trace of it says."""
    tracer = Tracer(reader[0], TraceExecutor())
    for said in [*found[-1:], await text.preview()]:
        if said is None or said.truncated:
            continue
        until = content[: said.end]
        with TypedText(*reader, 30.0, counted=False, strongest=STRONGEST) as fresh:
            read = await fresh.replace(0, 0, until)
            expected = await fresh.preview() or read[-1]
        assert said.strongest is not None and len(said.strongest) == min(said.words, STRONGEST)
        assert [(one.word, one.start) for one in said.strongest] == [
            (one.word, one.start) for one in expected.strongest or ()
        ]
        request = TraceRequest(text=until, include=frozenset(("write", "memory")))
        trace = await tracer.trace(reader[1], request, lambda trace: trace)
        places = [word.start for word in trace.words]
        for one in said.strongest:
            number = places.index(one.start)
            assert until[one.start : one.end] == one.word == trace.words[number].text
            assert one.share == pytest.approx(trace.ledgers.write.words[number], abs=1e-5)
            assert one.left == pytest.approx(trace.memory.retained_at_end[number], abs=1e-4)
    tracer.close()


async def check(text: TypedText, reader: tuple[Predictor, Model], content: str) -> None:
    """What is said of the text as it stands is what is said of it when it is read anew."""
    predictor, model = reader
    shown = await text.preview() or (text.said[-1] if text.said else None)
    if not any(not character.isspace() for character in content) or shown is None:
        return
    expected = await predictor.predict(model, content)
    assert (shown.words, shown.unknown_rate) == (expected.words, expected.unknown_rate)
    assert shown.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    for said in text.said:
        until = await predictor.predict(model, content[: said.end])
        assert said.probabilities == pytest.approx(until.probabilities, abs=1e-5)


@pytest.mark.parametrize("strongest", [0, STRONGEST])
@given(edits=EDITS)
@settings(max_examples=25, deadline=None)
def test_any_edits_are_answered_as_a_fresh_read_is(
    reader: tuple[Predictor, Model], strongest: int, edits: list[tuple[int, int, str]]
) -> None:
    async def type_all() -> None:
        content = ""
        with TypedText(*reader, 30.0, counted=False, strongest=strongest) as text:
            for place, length, piece in edits:
                start = min(place, len(content))
                end = min(start + length, len(content))
                content = content[:start] + piece + content[end:]
                found = await text.replace(start, end, piece)
                await check(text, reader, content)
                if strongest:
                    await check_strongest(text, found, reader, content)

    asyncio.run(type_all())
