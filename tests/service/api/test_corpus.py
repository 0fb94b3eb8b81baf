"""The corpus of a model over HTTP: its units, where they are on, places like a phrase, what the model gets wrong."""

import numpy as np
import pytest

from models.bundle.files import read
from models.corpus.corpus_file import LEVELS
from models.text.words import typed
from tests.bundles import REVIEWS
from tests.service.conftest import Running

TEXT = "😀 Not a great film, but they did it well."
PHRASE = {"text": TEXT, "from": 1, "to": 4}


def test_every_unit_is_described(served: Running) -> None:
    found = served.client.get("/v1/models/lstm/units").json()
    card = served.client.get("/v1/models/lstm/versions/1").json()
    assert card["corpus"] == {name: found[name] for name in ("source", "reviews", "words", "texts")}
    assert (found["reviews"], found["texts"]) == (REVIEWS, True)
    assert sorted(unit["unit"] for unit in found["units"]) == list(range(10))
    moves = [unit["moves"] for unit in found["units"]]
    assert moves == sorted(moves, reverse=True)
    for unit in found["units"]:
        assert sum(unit["histogram"]) == found["words"]
        assert unit["half_life"] == pytest.approx(np.log(0.5) / np.log(unit["kept"]), rel=1e-3)
        assert len(unit["nearest"]) == 3 and unit["group"] >= 0 and unit["toward"] in card["labels"]


def test_the_places_of_a_unit_lead_into_their_texts(served: Running) -> None:
    found = served.client.get("/v1/models/lstm/units/3").json()
    for place in found["highest"] + found["lowest"]:
        word = place["text"][place["start"] : place["end"]]
        assert typed(place["text"])[place["word"]] == word
        tensors = {"names": ["hidden"], "units": [3]}
        asked = {"text": place["text"], "model": "lstm", "include": ["tensors"], "tensors": tensors}
        trace = served.client.post("/v1/trace", json=asked).json()
        assert trace["tensors"]["values"]["hidden"][0][place["word"]][0] == pytest.approx(place["value"], abs=0.01)
        assert trace["prediction"]["label"] == place["answer"]


def test_places_like_a_phrase_are_found(served: Running) -> None:
    answer = served.client.post("/v1/models/lstm/similar", json=PHRASE)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    tensors = {"names": ["hidden"], "units": "all"}
    traced = {"text": TEXT, "model": "lstm", "include": ["tensors"], "tensors": tensors}
    hidden = np.array(served.client.post("/v1/trace", json=traced).json()["tensors"]["values"]["hidden"][0])[1:4]
    for unit in found["units"]:
        assert unit["hidden"] == pytest.approx(hidden[:, unit["unit"]].mean(), abs=1e-5)
    values = [place["value"] for place in found["places"]]
    assert values == sorted(values, reverse=True) and len({place["review"] for place in found["places"]}) == 12
    for place in found["places"]:
        words = typed(place["text"])[place["word"] : place["word"] + 3]
        assert typed(place["text"][place["start"] : place["end"]]) == words and len(words) == 3


def test_a_person_says_which_units_count(served: Running) -> None:
    found = served.client.post("/v1/models/lstm/similar", json={**PHRASE, "units": [4, 2], "most": 3}).json()
    assert [unit["unit"] for unit in found["units"]] == [4, 2] and len(found["places"]) == 3


def test_a_review_of_the_corpus_is_found_by_its_own_words(served: Running) -> None:
    corpus = read(served.service.context.settings.repository / "lstm" / "1").corpus
    assert corpus is not None and corpus.texts is not None
    review = int(np.diff(corpus.starts).argmax())
    asked = {"text": corpus.texts[review], "from": 3, "to": 6}
    first = served.client.post("/v1/models/lstm/similar", json=asked).json()["places"][0]
    assert (first["review"], first["word"]) == (review, 3) and first["value"] == pytest.approx(1, abs=2 / LEVELS)


def test_slices_count_every_review(served: Running) -> None:
    found = served.client.get("/v1/models/lstm/slices").json()["slices"]
    assert sum(one["count"] for one in found) == REVIEWS
    for one in found:
        assert {(place["label"], place["answer"]) for place in one["reviews"]} <= {(one["label"], one["answer"])}
        assert one["words"] is not None


def test_without_texts_places_have_numbers_and_fingerprints(served: Running) -> None:
    found = served.client.get("/v1/models/gru/units/0").json()["highest"]
    corpus = read(served.service.context.settings.repository / "gru" / "1").corpus
    assert corpus is not None and corpus.texts is None
    for place in found:
        assert (place["text"], place["start"], place["end"]) == (None, None, None)
        assert place["fingerprint"] == corpus.fingerprints[place["review"]].tobytes().hex()
    slices = served.client.get("/v1/models/gru/slices").json()["slices"]
    assert {one["words"] for one in slices} == {None}


@pytest.mark.parametrize("path", ["units", "units/0", "slices"])
def test_a_version_without_a_corpus_says_how_to_get_one(served: Running, path: str) -> None:
    answer = served.client.get(f"/v1/models/rnn/{path}")
    assert answer.status_code == 422 and "gatescope index" in answer.json()["detail"]


def test_what_there_is_not_is_named(served: Running) -> None:
    ask = served.client
    assert ask.get("/v1/models/nobody/units").status_code == 404
    assert "0 to 9" in ask.get("/v1/models/lstm/units/10").json()["detail"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"to": 1}, 422),
        ({"from": 5, "to": 5}, 422),
        ({"to": 40}, 422),
        ({"units": [11]}, 422),
        ({"text": " "}, 422),
        ({"to": 0}, 400),
        ({"from": -1}, 400),
        ({"units": []}, 400),
        ({"most": 51}, 400),
    ],
)
def test_a_phrase_that_is_none_is_refused(served: Running, wrong: dict[str, object], status: int) -> None:
    assert served.client.post("/v1/models/lstm/similar", json=PHRASE | wrong).status_code == status
