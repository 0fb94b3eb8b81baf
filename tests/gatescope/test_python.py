"""`import gatescope`: what the service answers, in this process, without a server."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gatescope
from gatescope.loaded import LoadedModel
from models.bundle.files import InvalidBundle
from service.errors import NotInModel, NoWords
from service.inference.continuation import StateGone
from service.settings import Settings
from tests.service.conftest import Running, running

TEXT = "An amazing plot, <br />but it's too long..."


@pytest.fixture(scope="module")
def lstm(repository: Path) -> LoadedModel:
    return gatescope.load("lstm", repository=repository)


def test_importing_it_loads_next_to_nothing() -> None:
    code = "import sys; before = set(sys.modules); import gatescope; print(*set(sys.modules) - before)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {name.split(".")[0] for name in found} - {"gatescope"} - set(sys.stdlib_module_names)


def test_predicting_and_tracing_load_neither_torch_nor_the_server(repository: Path) -> None:
    code = (
        "import sys, gatescope; model = gatescope.load('lstm', repository=sys.argv[1]);"
        "model.predict('a plot'); model.trace('a plot'); print({'torch', 'litestar', 'uvicorn'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(repository)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"


def test_it_says_what_the_service_says(repository: Path) -> None:
    with running(Settings(repository=repository)) as served:
        for name in ("rnn", "lstm", "gru"):
            _compare(served, gatescope.load(name, repository=repository), name)


def _compare(served: Running, model: LoadedModel, name: str) -> None:
    assert model.predict(TEXT).model_dump() == served.predict(TEXT, model=name).json()
    traced = served.client.post("/v1/trace", json={"text": TEXT, "model": name}).json()
    trace = model.trace(TEXT, include=())
    assert [word.text for word in trace.words] == [word["text"] for word in traced["words"]]
    assert trace.running.p.tolist() == pytest.approx(traced["running"]["p"], abs=1e-5)
    assert trace.ledger.words.tolist() == pytest.approx(traced["ledgers"]["deep"]["words"], abs=1e-5)


def test_many_texts_are_answered_in_their_order(lstm: LoadedModel) -> None:
    texts = ["a dull film", TEXT, "great!"] * 50
    assert lstm.predict(texts) == [lstm.predict(text) for text in texts]
    assert lstm.predict(iter(texts[:2])) == lstm.predict(texts[:2])
    assert lstm.predict([]) == []


def test_it_works_where_an_event_loop_runs_as_in_a_notebook(lstm: LoadedModel) -> None:
    async def cell() -> str:
        return lstm.predict(TEXT).label

    assert asyncio.run(cell()) == lstm.predict(TEXT).label


@pytest.mark.parametrize("given", ["lstm", "lstm/1", None])
def test_a_model_is_named_by_its_path_or_by_the_one_rule(repository: Path, given: str | None) -> None:
    model = gatescope.load(repository=repository) if given is None else gatescope.load(repository / given)
    assert (model.card.name, model.card.version) == ("lstm", 1)
    assert repr(model) == "<lstm version 1: lstm, labels rotten, fresh>"


def test_a_model_that_is_not_there_is_answered_with_what_is(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no lstn; the repository has gru 1, lstm 1, rnn 1"):
        gatescope.load("lstn", repository=repository)
    with pytest.raises(LookupError, match="no lstm version 2"):
        gatescope.load("lstm", version=2, repository=repository)
    shutil.copytree(repository / "lstm", tmp_path / "lstm")
    (tmp_path / "lstm" / "1" / "words.json").write_text("[]")
    with pytest.raises(InvalidBundle, match=r"words\.json"):
        gatescope.load("lstm", repository=tmp_path)


def test_an_older_version_in_place_of_a_broken_one_is_said(repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "lstm", tmp_path / "lstm")
    (tmp_path / "lstm" / "2").mkdir()
    with pytest.warns(UserWarning, match="an older version is used in its place"):
        assert gatescope.load("lstm", repository=tmp_path).card.version == 1


def test_a_text_that_can_not_be_read_is_named(lstm: LoadedModel) -> None:
    with pytest.raises(NoWords, match=r"^the text is empty"):
        lstm.predict("  ")
    with pytest.raises(NoWords, match=r"^texts\[1\]: the text is empty"):
        lstm.predict(["fine", "<br />", ""])
    with pytest.raises(TypeError, match=r"^texts\[1\] is of type float: a str is expected"):
        lstm.predict(["fine", float("nan")])  # type: ignore[list-item]
    with pytest.raises(NotInModel, match="rotten, fresh"):
        lstm.trace(TEXT, target="rotn")


def test_a_text_is_read_along(lstm: LoadedModel) -> None:
    with lstm.stream() as stream:
        read = stream.add(TEXT[:13]) + stream.add(TEXT[13:])
        last = stream.end()
    assert [one.word for one in read] == ["An", "amazing", "plot", ",", "but", "it's", "too", "long", *"..."]
    for one in read:
        assert one.probabilities == pytest.approx(lstm.predict(TEXT[: one.end]).probabilities, abs=1e-5)
    assert last.final and last.probabilities == pytest.approx(lstm.predict(TEXT).probabilities, abs=1e-5)


def test_a_text_that_is_read_along_says_what_is_left_of_its_strongest_words(lstm: LoadedModel) -> None:
    with lstm.stream(strongest=2) as stream:
        *before, last = stream.add("not a bad plot ")
    ledger = lstm.trace("not a bad plot", include=["write"]).ledgers.write
    assert not any(one.strongest for one in before) and last.strongest and ledger
    words = ["not", "a", "bad", "plot"]
    assert [word.share for word in last.strongest] == pytest.approx(
        [ledger.words[words.index(word.word)] for word in last.strongest], abs=1e-5
    )
    with pytest.raises(ValueError, match="0 to 32"):
        lstm.stream(strongest=33)


def test_a_text_that_is_changed_is_read_on_from_before_the_change(lstm: LoadedModel) -> None:
    with lstm.stream() as stream:
        stream.add("This film is not ba")
        assert stream.preview() == stream.preview().model_copy(update={"word": "ba", "preview": True, "words": 5})
        changed = stream.replace(13, 19, "amazing but too long ")
        assert [one.word for one in changed] == ["amazing", "but", "too", "long"]
        assert stream.preview() is None
        expected = lstm.predict("This film is amazing but too long")
        assert changed[-1].probabilities == pytest.approx(expected.probabilities, abs=1e-5)


def test_parts_of_a_text_are_read_as_the_whole(lstm: LoadedModel, repository: Path) -> None:
    said, state = lstm.read_on(TEXT[:7])
    said, state = lstm.read_on(TEXT[7:], state)
    whole = lstm.predict(TEXT)
    assert said.words == whole.words and said.probabilities == pytest.approx(whole.probabilities, abs=1e-5)
    with pytest.raises(StateGone):
        gatescope.load("gru", repository=repository).read_on("more", state)


def test_answers_show_themselves_in_a_notebook(lstm: LoadedModel) -> None:
    shown: Any = lstm.predict("<b>great</b>")
    assert shown.label in shown._repr_html_()
    shown = lstm.predict([TEXT] * 25)
    assert shown._repr_html_().count("<tr>") == 21 and "and 5 more" in shown._repr_html_()
    html = lstm.trace("a <dull & great> film; 1 < 2")._repr_html_()
    assert "&lt;" in html and "<script" not in html and html.count("<svg") == 7


def test_a_long_text_is_drawn_with_no_more_points_than_pixels(lstm: LoadedModel) -> None:
    html = lstm.trace("a dull film " * 600)._repr_html_()
    assert max(line.count(",") for line in html.split("<polyline ")[1:]) < 600


def test_verify_returns_every_check(repository: Path) -> None:
    checks = gatescope.verify(repository / "gru" / "1")
    assert checks and all(check.passed for check in checks)
    assert {"PyTorch", "golden vectors"} <= {check.name for check in checks}
