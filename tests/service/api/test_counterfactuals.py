"""`POST /v1/counterfactuals`: texts that differ by little and are judged otherwise, looked for within bounds."""

from itertools import product

from service.tracing.counterfactual import ROUNDS, SHOWN, WORDS
from service.tracing.opposites import OPPOSITES
from tests.service.conftest import Running

TEXT = "A great plot, but the film is dull; not good 🎬 at all."


def turned(served: Running, text: str, **fields: object) -> dict[str, object]:
    answer = served.client.post("/v1/counterfactuals", json={"text": text, **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def edited(text: str, changes: list[dict[str, object]]) -> str:
    """The text with the changes, whatever becomes of its spaces."""
    for change in sorted(changes, key=lambda one: -int(str(one["start"]))):
        text = text[: int(str(change["start"]))] + str(change["instead"]) + text[int(str(change["end"])) :]
    return "".join(text.split())


def test_every_text_found_has_another_verdict_and_the_changes_that_are_said(served: Running) -> None:
    sizes = []
    for model, text in product(
        ("rnn", "lstm", "gru"), (TEXT, "A great plot", "dull and long, not good", "a good film")
    ):
        found = turned(served, text, model=model)
        assert found["label"] == served.predict(text, model=model).json()["label"]
        texts = found["turned"]
        assert isinstance(texts, list) and len(texts) <= SHOWN
        sizes += [len(one["changes"]) for one in texts[:1]]
        for one in texts:
            again = served.predict(one["text"], model=model).json()
            assert again["label"] == one["label"] != found["label"]
            assert edited(text, one["changes"]) == "".join(one["text"].split())
            assert "  " not in one["text"] and len(one["changes"]) == sizes[-1]
        sure = [one["probabilities"][found["label"]] for one in texts]
        assert sure == sorted(sure)
    assert len(sizes) > 3 and min(sizes) == 1


def test_the_work_is_bounded_and_nothing_found_is_said(served: Running) -> None:
    found = turned(served, "a good film . " * 40)
    assert isinstance(found["tried"], int) and 0 < found["tried"] <= 3 * ROUNDS * WORDS
    alone = turned(served, "zqxv")
    assert alone["turned"] == [] and isinstance(alone["tried"], int) and alone["tried"] <= 3


def test_nothing_of_it_is_production(served: Running) -> None:
    before = served.metric("gatescope_inference_requests_total", outcome="ok", model="lstm")
    turned(served, TEXT)
    assert served.metric("gatescope_inference_requests_total", outcome="ok", model="lstm") == before


def test_what_can_not_be_read_is_refused(served: Running) -> None:
    assert served.client.post("/v1/counterfactuals", json={"text": " "}).status_code == 422
    assert served.client.post("/v1/counterfactuals", json={"text": "a", "model": "nobody"}).status_code == 404
    assert served.client.post("/v1/counterfactuals", json={"words": "a"}).status_code == 400


def test_opposites_are_no_word_itself() -> None:
    assert all(word != opposite and word.islower() and opposite.islower() for word, opposite in OPPOSITES.items())
    assert OPPOSITES["good"] == "bad" and OPPOSITES["bad"] == "good"
