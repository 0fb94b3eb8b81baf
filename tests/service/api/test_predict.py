import csv
import json
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from export.publish.modifiers import PLACES
from models.network.equations import BUILT_IN, forward, softmax
from models.text.words import UNK
from service.settings import Settings
from tests.bundles import COMMON, change_manifest
from tests.service.conftest import Running, running

TEXT = "A good film; the plot is not <br /> bad, really!"
LIMIT = 1000


@pytest.fixture(scope="module")
def narrow(repository: Path) -> Iterator[Running]:
    with running(Settings(repository=repository, max_text_bytes=LIMIT)) as service:
        yield service


def problem(response: httpx.Response, status: int, kind: str) -> str:
    """The detail of a problem of that status and kind."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert (response.status_code, body["status"], body["type"]) == (status, status, f"urn:gatescope:problem:{kind}")
    return body["detail"]


@pytest.mark.parametrize("cell", BUILT_IN)
def test_a_prediction_is_that_of_the_equations(served: Running, cell: str) -> None:
    bundle = served.service.context.catalog.find(cell).bundle
    ids = bundle.vocabulary.encode(TEXT, 99).ids
    expected = softmax(forward(bundle.weights.astype(np.float64), ids).logits)
    answer = served.predict(TEXT, model=cell, version=1).json()
    assert (answer["model"], answer["version"], answer["words"], answer["truncated"]) == (cell, 1, len(ids), False)
    assert answer["unknown_rate"] == np.mean(ids == UNK)
    assert list(answer["probabilities"]) == list(bundle.manifest.labels)
    np.testing.assert_allclose(list(answer["probabilities"].values()), expected, atol=1e-5)
    assert answer["label"] == bundle.manifest.labels[int(expected.argmax())]


def test_an_answer_below_the_confidence_of_the_card_abstains(served: Running) -> None:
    card = served.client.get("/v1/models/rnn/versions/1").json()
    assert card["abstain"] == {"accuracy": 0.9, "below": 0.6, "answered": {"test": {"share": 0.5, "accuracy": 0.9}}}
    assert card["modifiers"] == {"not": dict.fromkeys(PLACES, -0.5)}
    answers = [served.predict(f"{word} film", model="rnn").json() for word in COMMON.split()]
    assert [each["abstain"] for each in answers] == [max(each["probabilities"].values()) < 0.6 for each in answers]
    assert {each["abstain"] for each in answers} == {True, False}


def test_a_model_without_such_a_confidence_never_says_whether_it_abstains(tmp_path: Path, repository: Path) -> None:
    shutil.copytree(repository / "rnn", tmp_path / "rnn")
    change_manifest(tmp_path / "rnn" / "1", abstain=None)
    with running(Settings(repository=tmp_path)) as service:
        assert service.predict(TEXT).json()["abstain"] is None
        table = service.client.post("/v1/batch", content=b"text\ngood\n", headers={"Content-Type": "text/csv"}).text
    assert [row["abstain"] for row in csv.DictReader(table.splitlines())] == [""]


def test_the_default_model_is_lstm(served: Running) -> None:
    assert served.predict(TEXT).json() == served.predict(TEXT, model="lstm").json()


@pytest.mark.parametrize(
    ("text", "rate"), [("a good film", 0), ("a gud film!", 0.25), ("ein guter Film", 2 / 3), ("这部电影很好看", 1)]
)
def test_an_answer_says_how_many_words_the_model_does_not_know(served: Running, text: str, rate: float) -> None:
    assert served.predict(text).json()["unknown_rate"] == pytest.approx(rate)


def test_compare_asks_every_model_by_name(served: Running) -> None:
    answer = served.client.post("/v1/compare", json={"text": TEXT}).json()
    assert answer["predictions"] == [served.predict(TEXT, model=name).json() for name in sorted(BUILT_IN)]


def test_the_first_words_are_read_and_the_answer_says_that_the_rest_is_cut(served: Running) -> None:
    answer = served.predict("good bad " * 200).json()
    assert (answer["words"], answer["truncated"]) == (200, True)
    assert answer["probabilities"] == served.predict("good bad " * 100).json()["probabilities"]


def test_many_at_once_get_each_their_own_answer(served: Running) -> None:
    texts = [f"{['good', 'bad', 'not', 'dull'][n % 4]} film " * (1 + n % 37) for n in range(120)]
    alone = [served.predict(text).json() for text in texts]
    with ThreadPoolExecutor(24) as pool:
        together = [response.json() for response in pool.map(served.predict, texts)]
    for one, other in zip(alone, together, strict=True):
        found, expected = (list(answer["probabilities"].values()) for answer in (other, one))
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert one["words"] == other["words"]


@pytest.mark.parametrize("text", ["", " \n\t ", "<br /><p>", "\u00a0"])
@pytest.mark.parametrize("route", ["predict", "compare"])
def test_a_text_without_words_is_422(served: Running, text: str, route: str) -> None:
    problem(served.client.post(f"/v1/{route}", json={"text": text}), 422, "no-words")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "EOF"),
        (b"{", "EOF"),
        (b"[]", "object"),
        (b"null", "object"),
        (b"{}", "text"),
        (b'{"text": 3}', "text"),
        (b'{"text": null}', "text"),
        (b'{"text": "a", "tone": "b"}', "tone"),
        (b'{"text": "a", "version": "1"}', "version"),
        (b'{"text": "a", "version": 1.5}', "version"),
        (b'{"text": "a", "model": 1}', "model"),
        (b'{"text": "\\ud800"}', "line 1"),
        (b'{"text": "\xed\xa0\x80"}', "line 1"),
        (b'{"text": "\xff"}', "line 1"),
        (b'{"text": ' + b"[" * 100_000, "line 1"),
    ],
)
def test_a_malformed_body_is_400_that_names_the_place(served: Running, body: bytes, told: str) -> None:
    assert told in problem(served.client.post("/v1/predict", content=body), 400, "malformed")


def test_what_is_not_served_is_404_that_says_what_is(served: Running) -> None:
    assert "lstm version 1" in problem(served.predict(TEXT, model="transformer"), 404, "unknown-model")
    assert "lstm version 1" in problem(served.predict(TEXT, version=2), 404, "unknown-model")
    assert "lstm version 1" in problem(served.predict(TEXT, model="../lstm"), 404, "unknown-model")


def test_a_secret_text_is_never_repeated(served: Running) -> None:
    for body in (b'{"text": 3, "mysecret": 1', b'{"text": ["mysecret"]}', b'["mysecret"]', b'{"model": "mysecret"}'):
        assert b"mysecret" not in served.client.post("/v1/predict", content=body).content


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_wrong_timeout_is_400(served: Running, value: str) -> None:
    response = served.client.post("/v1/predict", json={"text": TEXT}, headers={"X-Request-Timeout": value})
    assert "X-Request-Timeout" in problem(response, 400, "malformed")


def test_a_deadline_that_can_not_be_kept_is_504(served: Running) -> None:
    response = served.client.post("/v1/predict", json={"text": TEXT}, headers={"X-Request-Timeout": "1e-9"})
    problem(response, 504, "deadline-passed")


@pytest.mark.parametrize("text", ["a" * (LIMIT + 1), "é" * (LIMIT // 2 + 1), "🎬 " * LIMIT, "a" * 50 * LIMIT])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_text_over_the_limit_is_413_that_names_it(narrow: Running, text: str, chunked: bool) -> None:
    body = json.dumps({"text": text}).encode()
    content = iter([body[:100], body[100:]]) if chunked else body
    assert f"{LIMIT} bytes" in problem(narrow.client.post("/v1/predict", content=content), 413, "too-large")


def test_a_text_at_the_limit_is_read_however_it_is_escaped(narrow: Running) -> None:
    text = "\x01" * (LIMIT - 4) + "good"
    assert narrow.predict(text).status_code == 200


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/batch", "/v1/trace"])
def test_another_method_is_405_and_options_names_those_there_are(served: Running, path: str) -> None:
    response = served.client.get(path)
    problem(response, 405, "method-not-allowed")
    asked = served.client.options(path)
    assert asked.status_code == 204
    for said in (response, asked):
        assert {*said.headers["allow"].split(", ")} == {"OPTIONS", "POST"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_text_is_answered_or_has_no_words(served: Running, text: str) -> None:
    response = served.predict(text)
    words = len(served.service.context.catalog.find().bundle.vocabulary.encode(text, 200).ids)
    assert response.status_code == (200 if words else 422)
    assert not words or response.json()["words"] == words


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_any_bytes_are_refused_as_malformed_or_answered(served: Running, body: bytes) -> None:
    assert served.client.post("/v1/predict", content=body).status_code in (200, 400, 404, 422)


def test_a_client_that_goes_away_before_its_body_ends_harms_nobody(served: Running) -> None:
    for body in (b"", b'{"text"'):
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + body)
    assert served.predict(TEXT).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/predict", {"text": TEXT}),
        ("/v1/compare", {"text": TEXT}),
        ("/v1/trace", {"text": TEXT}),
        ("/v1/batch", [TEXT]),
        ("/v2/models/rnn/infer", {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [TEXT]}]}),
        ("/predict", {"inputs": TEXT}),
        ("/classify", {"input": TEXT}),
        ("/invocations", {"inputs": [TEXT]}),
    ],
)
def test_a_byte_order_mark_before_a_body_is_passed_over(served: Running, path: str, body: object) -> None:
    content = b"\xef\xbb\xbf" + json.dumps(body).encode()
    answer = served.client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
