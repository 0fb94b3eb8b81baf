"""`POST /v1/trace` of a running service: what it says agrees with predictions and with the oracle."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from export.publish.package import package
from models.bundle.files import Bundle, read
from models.network.equations import BUILT_IN, Cell, forward
from models.text.pattern import PATTERN_1
from models.text.words import UNK, Vocabulary, words
from models.trace.cells import CELL_TRACES
from models.trace.target import Target, head_gradient, target_head
from service.settings import Settings
from service.tracing.encoders import from_json
from service.tracing.trace import Trace
from tests.bundles import about, random_weights, vocabulary, write_bundle
from tests.service.conftest import Running, running

TEXT = "Not bad at all: a GREAT film 🎬, but it's long and dull… I would watch it again!"
EVERYTHING = ["write", "units", "memory", "gradient", "occlusion", "interaction", "gates", "tensors"]


def ask(served: Running, text: str = TEXT, **fields: object) -> httpx.Response:
    return served.client.post("/v1/trace", json={"text": text, **fields})


def traced(served: Running, text: str = TEXT, **fields: object) -> Trace:
    answer = ask(served, text, **fields)
    assert answer.status_code == 200, answer.text
    return from_json(answer.content)


def bundle_of(served: Running, name: str) -> Bundle:
    return read(served.service.context.settings.repository / name / "1")


@pytest.fixture(params=BUILT_IN)
def cell(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_default_trace_explains_the_prediction(served: Running, cell: str) -> None:
    trace, prediction = traced(served, model=cell), served.predict(TEXT, model=cell).json()
    assert (trace.model.name, trace.model.version, trace.truncated) == (cell, 1, False)
    assert trace.prediction.label == prediction["label"]
    assert trace.prediction.probabilities == pytest.approx(prediction["probabilities"], abs=1e-5)
    assert [TEXT[word.start : word.end] for word in trace.words] == [word.text for word in trace.words]
    assert [word.text for word in trace.words] == [word.text for word in words(TEXT)]
    assert {word.text for word in trace.words if word.oov} >= {"🎬", "…"}
    first = trace.prediction.target.first
    assert trace.running.p[-1] == pytest.approx(prediction["probabilities"][first], abs=1e-5)
    assert trace.running.logit[-1] == pytest.approx(trace.prediction.logit, abs=1e-5)


def test_the_ledger_and_the_bias_add_up_to_the_logit(served: Running, cell: str) -> None:
    assert traced(served, model=cell).ledgers.write is None
    assert traced(served, model=cell, include=["deep"]).ledgers.write is None
    trace = traced(served, model=cell, include=["write"])
    ledgers = {"deep": trace.ledgers.deep, "write": trace.ledgers.write}
    assert (ledgers["write"] is None) == (cell == "rnn")
    for name, ledger in ledgers.items():
        if ledger is None:
            continue
        size = np.abs(ledger.words).sum() + abs(ledger.bias)
        assert len(ledger.words) == len(trace.words)
        assert trace.prediction.bias + ledger.bias + sum(ledger.words) == pytest.approx(
            trace.prediction.logit, abs=1e-4 * size
        )
        assert trace.checks.ledgers[name] < 1e-4
    assert trace.checks.reconstruction < 1e-5
    assert trace.checks.running < 1e-5


def test_the_units_that_are_left_out_are_accounted_for(served: Running, cell: str) -> None:
    few, every = (traced(served, model=cell, units=count) for count in (3, 1000))
    assert (len(few.units.selected), few.units.omitted) == (3, 7)
    assert (len(every.units.selected), every.units.omitted, every.units.omitted_share) == (10, 0, 0)
    assert few.units.selected == every.units.selected[:3]
    bundle = bundle_of(served, cell)
    hidden = forward(bundle.weights, np.array([word.id for word in every.words])).runs[0].hidden
    read = head_gradient(target_head(bundle.weights, Target(1, 0)), hidden) * hidden
    assert read.sum() == pytest.approx(every.prediction.logit - every.prediction.bias, abs=1e-4)
    sizes = np.abs(read).sum(0)
    assert sizes[every.units.selected] == pytest.approx(sorted(sizes, reverse=True))
    assert few.units.omitted_share == pytest.approx(sizes[few.units.selected].sum() / -sizes.sum() + 1, abs=1e-4)


def test_the_shares_of_units_add_up_to_those_of_words(served: Running, cell: str) -> None:
    """In the deep ledger by which units a word came in, in the write ledger what they wrote."""
    assert traced(served, model=cell).ledgers.deep.units is None
    every, few = (traced(served, model=cell, include=["write", "units"], units=count) for count in (1000, 3))
    for name in ("deep",) if cell == "rnn" else ("deep", "write"):
        ledger, part = getattr(every.ledgers, name), getattr(few.ledgers, name)
        assert ledger.units.shape == (len(every.words), 10)
        np.testing.assert_allclose(ledger.units.sum(1), ledger.words, atol=1e-4)
        np.testing.assert_allclose(part.units, ledger.units[:, :3], rtol=1e-5, atol=1e-6)


def test_the_running_prediction_is_that_of_the_text_cut_there(served: Running, cell: str) -> None:
    trace = traced(served, model=cell)
    for t, word in enumerate(trace.words):
        cut = served.predict(TEXT[: word.end], model=cell).json()["probabilities"]
        assert trace.running.p[t] == pytest.approx(cut[trace.prediction.target.first], abs=1e-5)


def test_on_fifty_real_reviews_every_prefix_is_predicted_alike(served: Running) -> None:
    from export.data.sources import load
    from models.reviews.errors import DataError

    try:
        reviews = [row.text for row in load("critics").rows[:50]]
    except DataError as error:
        pytest.skip(str(error))
    for number, text in enumerate(reviews):
        cell = BUILT_IN[number % len(BUILT_IN)]
        trace = traced(served, text, model=cell)
        rows = [{"text": text[: word.end], "model": cell} for word in trace.words]
        answers = served.client.post("/v1/batch", json=rows).json()
        found = [row["probabilities"][trace.prediction.target.first] for row in answers]
        np.testing.assert_allclose(trace.running.p, found, atol=1e-5)


def test_hidden_states_and_gates_are_those_of_the_equations(served: Running, cell: Cell) -> None:
    trace = traced(served, model=cell, include=["tensors"], tensors={"units": "all"})
    exact = forward(bundle_of(served, cell).weights.astype(np.float64), np.array([word.id for word in trace.words]))
    assert trace.tensors.omitted_share == 0
    assert tuple(trace.tensors.values) == CELL_TRACES[cell].tensors
    for name, values in trace.tensors.values.items():
        np.testing.assert_allclose(values[0], exact.runs[0].values[name], atol=2e-5)


def test_a_selection_of_tensors_says_what_it_leaves_out(served: Running) -> None:
    names = ["forget", "cell"]
    asked = {"names": names, "units": [7, 2], "from": 1, "to": 9, "stride": 3}
    part = traced(served, model="lstm", include=["tensors"], tensors=asked).tensors
    every = traced(served, model="lstm", include=["tensors"], tensors={"units": "all"}).tensors
    assert (part.units, part.steps, part.layers) == ([7, 2], [1, 4, 7], [0])
    for name in names:
        np.testing.assert_array_equal(part.values[name], np.array(every.values[name])[:, [1, 4, 7]][:, :, [7, 2]])
    sent, whole = 2 * 3 * 2, 6 * len(every.steps) * 10
    assert part.omitted_share == pytest.approx(1 - sent / whole)


def test_occlusion_is_the_logit_lost_and_interaction_what_the_ledger_lacks(served: Running, cell: str) -> None:
    trace = traced(served, model=cell, include=["occlusion", "interaction"])
    weights, ids = bundle_of(served, cell).weights, np.array([word.id for word in trace.words])
    for t, lost in enumerate(trace.occlusion.words):
        hidden = ids.copy()
        hidden[t] = UNK
        change = forward(weights, ids).logits - forward(weights, hidden).logits
        assert lost == pytest.approx(change[1] - change[0], abs=1e-4)
    np.testing.assert_allclose(trace.ledger.words + trace.interaction.words, trace.occlusion.words, atol=1e-4)


def test_memory_columns_add_up_to_the_running_logit(served: Running) -> None:
    for cell in ("lstm", "gru"):
        trace = traced(served, model=cell, include=["write", "memory"])
        matrix = np.array(trace.memory.matrix)
        np.testing.assert_array_equal(matrix, np.triu(matrix))
        np.testing.assert_allclose(matrix.sum(0), np.array(trace.running.logit) - trace.prediction.bias, atol=1e-4)
        np.testing.assert_allclose(matrix[:, -1], trace.ledgers.write.words, atol=1e-4)
        assert trace.memory.block == 1
        retention = np.array(trace.memory.retention)
        assert retention.shape == matrix.shape
        np.testing.assert_array_equal(retention, np.triu(retention))
        np.testing.assert_allclose(np.diag(retention), 1)
        np.testing.assert_allclose(retention[:, -1], trace.memory.retained_at_end, atol=1e-4)
        assert trace.memory.retained_at_end[-1] == pytest.approx(1)
        assert trace.checks.memory < 1e-4
    assert traced(served, model="rnn", include=["memory"]).memory is None


def test_the_gradient_has_a_norm_for_every_word(served: Running, cell: str) -> None:
    norm = np.array(traced(served, model=cell, include=["gradient"]).gradient.norm)
    assert norm.shape == (1, len(list(words(TEXT))))
    assert np.all(norm > 0)


def test_a_pair_of_labels_is_explained_on_request(served: Running) -> None:
    one, other = (traced(served, target=pair) for pair in (["fresh", "rotten"], ["rotten", "fresh"]))
    assert (other.prediction.target.first, other.prediction.target.second) == ("rotten", "fresh")
    np.testing.assert_allclose(one.ledger.words, -other.ledger.words, atol=1e-5)
    np.testing.assert_allclose(np.array(one.running.p) + other.running.p, 1, atol=1e-5)
    alone = traced(served, target="fresh").prediction
    assert alone.target.second in (None, "rotten")
    assert alone.logit == pytest.approx(one.prediction.logit, abs=1e-5)


def test_three_labels_and_two_layers_are_explained(tmp_path: Path) -> None:
    write_bundle(tmp_path, "stars", random_weights("lstm", layers=2, classes=3), ("bad", "fair", "good"))
    with running(Settings(repository=tmp_path)) as stars:
        trace = traced(stars, include=EVERYTHING, tensors={"units": "all"})
        order = sorted(trace.prediction.probabilities, key=trace.prediction.probabilities.get)
        assert (trace.prediction.target.first, trace.prediction.target.second) == (order[2], order[1])
        assert np.array(trace.gradient.norm).shape == (2, len(trace.words))
        assert np.array(trace.tensors.values["cell"]).shape == (2, len(trace.words), 10)
        assert max(trace.checks.ledgers.values()) < 1e-4
        assert trace.ledgers.deep.units is None
        alone = traced(stars, target="fair").prediction
        assert alone.target.second is None
        ids = np.array([word.id for word in trace.words])
        logits = forward(bundle_of(stars, "stars").weights, ids).logits
        assert alone.logit == pytest.approx(logits[1] - (logits[0] + logits[2]) / 2, abs=1e-5)


def test_msgpack_and_npz_say_the_same_as_json(served: Running) -> None:
    body = {"text": TEXT, "include": EVERYTHING}
    plain, packed, archive = (
        served.client.post("/v1/trace", json=body, headers={"Accept": kind})
        for kind in ("application/json", "application/x-msgpack", "application/x-npz")
    )
    assert [answer.headers["content-type"] for answer in (plain, packed, archive)] == [
        "application/json",
        "application/x-msgpack",
        "application/x-npz",
    ]
    trace = plain.json()
    unpacked, arrays = msgspec.msgpack.decode(packed.content), np.load(io.BytesIO(archive.content))
    summary = json.loads(arrays["summary"].tobytes())
    assert summary["words"] == unpacked["words"] == trace["words"]
    for path in (
        ("running", "logit"),
        ("ledgers", "write", "units"),
        ("memory", "matrix"),
        ("memory", "retention"),
        ("tensors", "values", "cell"),
    ):
        listed, buffer, name = trace, unpacked, summary
        for key in path:
            listed, buffer, name = listed[key], buffer[key], name[key]
        array = np.frombuffer(buffer["data"], buffer["dtype"]).reshape(buffer["shape"])
        np.testing.assert_allclose(array, listed, rtol=1e-5, atol=1e-12)
        np.testing.assert_array_equal(array, arrays[name])


def test_a_large_trace_comes_packed_and_a_short_one_does_not(served: Running) -> None:
    large = ask(served, "bad " * 200, include=EVERYTHING, tensors={"units": "all"})
    short = ask(served)
    assert large.headers["content-encoding"] in ("gzip", "zstd")
    assert "content-encoding" not in short.headers
    assert from_json(large.content).words[199].text == "bad"


def test_pictures_may_come_in_half_precision(served: Running) -> None:
    body = {"text": "bad film " * 60, "include": EVERYTHING}
    headers = {"Accept": "application/x-msgpack"}
    one, two = (
        msgspec.msgpack.decode(served.client.post("/v1/trace", json=body | {"half": half}, headers=headers).content)
        for half in (False, True)
    )
    assert one["ledgers"]["deep"]["words"] == two["ledgers"]["deep"]["words"]
    matrix = [np.frombuffer(each["memory"]["matrix"]["data"], each["memory"]["matrix"]["dtype"]) for each in (one, two)]
    assert [array.dtype.itemsize for array in matrix] == [4, 2]
    np.testing.assert_allclose(matrix[1], matrix[0], rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "status", "named"),
    [
        ({"text": " <br /> \n"}, 422, "empty"),
        ({"include": ["everything"]}, 400, "memory"),
        ({"target": ["fresh", "sweet"]}, 422, "rotten, fresh"),
        ({"target": "sweet"}, 422, "rotten, fresh"),
        ({"target": ["fresh", "fresh"]}, 422, "fresh"),
        ({"model": "elman"}, 404, "lstm"),
        ({"include": ["tensors"], "tensors": {"layers": [1]}}, 422, "0 to 0"),
        ({"include": ["tensors"], "tensors": {"units": [10]}}, 422, "0 to 9"),
        ({"include": ["tensors"], "tensors": {"names": ["update"]}}, 422, "forget, input, candidate, output"),
        ({"include": ["tensors"], "tensors": {"names": ["gate"]}}, 400, "'forget'"),
        ({"units": 0}, 400, "units"),
        ({"tensors": {"stride": -1}}, 400, "tensors.stride"),
        ({"text": 1}, 400, "text"),
    ],
)
def test_bad_requests_are_told_what_there_is(served: Running, fields: dict[str, Any], status: int, named: str) -> None:
    answer = served.client.post("/v1/trace", json={"text": TEXT, **fields})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.json()["detail"]


def test_an_answer_of_a_kind_that_nobody_writes_is_refused(served: Running) -> None:
    answer = served.client.post("/v1/trace", json={"text": TEXT}, headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert "application/x-npz" in answer.json()["detail"]


@pytest.mark.parametrize("text", ["a", "🎬", "zzz qqq xxx", "bad " * 200, "bad " * 500])
def test_short_unknown_and_endless_texts_are_traced(served: Running, text: str, cell: str) -> None:
    trace = traced(served, text, model=cell, include=EVERYTHING)
    count = min(len(text.split()), 200)
    assert len(trace.words) == len(trace.running.p) == count
    assert trace.truncated == (len(text.split()) > 200)
    assert trace.prediction.probabilities == pytest.approx(
        served.predict(text, model=cell).json()["probabilities"], abs=1e-5
    )


def test_a_model_of_the_first_word_pattern_is_traced_by_it(tmp_path: Path) -> None:
    """On the wire its words are those that it was trained on."""
    known = Vocabulary(vocabulary().words, PATTERN_1)
    package(tmp_path, "lstm", random_weights("lstm"), known, about(known))
    text = "good cafe\u0301 很好看 👍🏽"
    with running(Settings(repository=tmp_path)) as service:
        traced = service.client.post("/v1/trace", json={"text": text}).json()
        assert service.predict(text).json()["words"] == 6
    assert [word["text"] for word in traced["words"]] == ["good", "cafe", "\u0301", "很好看", "👍", "🏽"]
    assert all(text[word["start"] : word["end"]] == word["text"] for word in traced["words"])
