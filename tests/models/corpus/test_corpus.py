"""A corpus holds what the network did, and is searched as the plain definitions say."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load, save

from export.publish import build_corpus
from export.publish.build_corpus import corpus_of
from models.corpus.corpus_file import LEVELS, Corpus, InvalidCorpus
from models.corpus.places import Place, extremes, similar, units_on
from models.corpus.slices import slices
from models.corpus.unit_statistics import groups, unit_statistics, weight_of_units
from models.network.equations import Cell, forward
from models.text.pattern import PATTERN_2, fold
from models.text.words import typed
from models.trace.cells import CELL_TRACES
from models.trace.ledger import TOLERANCE
from models.trace.recover import recover
from tests.bundles import REVIEWS, corpus, random_weights, vocabulary

WEIGHTS = random_weights("lstm", seed=1)


@pytest.fixture(scope="module")
def small() -> Corpus:
    return corpus(WEIGHTS)


def states(found: Corpus) -> np.ndarray:
    return found.hidden * (found.scale / LEVELS)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "mingru"])
def test_it_holds_what_the_network_did(cell: Cell) -> None:
    weights = random_weights(cell, layers=2, classes=3)
    found, logs = corpus(weights), []
    for review, text in enumerate(found.texts or ()):
        place, ids = found.words_of(review), vocabulary().encode(text, 99).ids
        run = forward(weights.astype(np.float64), ids)
        assert np.abs(states(found)[place] - run.runs[-1].hidden).max() <= found.scale.max() / LEVELS
        assert found.answers[review] == run.logits.argmax()
        if (memory := CELL_TRACES[cell].memory) is not None:
            hidden = tuple(layer.hidden.astype(np.float32) for layer in run.runs)
            logs.append(np.log(memory.kept(recover(weights, ids, hidden).top.values)))
    assert len(found.texts or ()) == REVIEWS and found.starts[-1] == len(found.hidden)
    expected = np.concatenate(logs).mean(axis=0) if logs else np.zeros(0)
    assert found.log_kept == pytest.approx(expected, abs=1e-4)


def test_shares_add_up_to_the_answer_less_the_biases() -> None:
    weights = random_weights("lstm", "mean")
    silent = replace(
        weights,
        head_bias=np.zeros_like(weights.head_bias),
        layers=tuple(
            replace(one, bias_ih=np.zeros_like(one.bias_ih), bias_hh=np.zeros_like(one.bias_hh))
            for one in weights.layers
        ),
    )
    found = corpus(silent)
    for review in range(REVIEWS):
        logits = np.log(found.probabilities[review])
        total = found.shares[found.words_of(review)].sum()
        assert total == pytest.approx(logits.max() - logits.min(), abs=10 * TOLERANCE)


def test_a_ledger_that_runs_away_leaves_no_shares() -> None:
    """That of an RNN multiplies by its weights at every word, and long texts overflow."""
    weights = random_weights("rnn", "last")
    wild = replace(weights, layers=tuple(replace(one, weight_hh=40 * one.weight_hh) for one in weights.layers))
    texts = ["a good film", " ".join(["a good film"] * 100)]
    ids = [vocabulary().encode(text, 999).ids for text in texts]
    found = corpus_of(wild, ids, texts, np.array([0, 1]), keep_texts=False)
    assert found.shares[:3].any() and not found.shares[3:].any()
    assert Corpus.loads(found.dumps(), 10, 2).shares.shape == (303,)


def test_more_words_than_there_is_room_for_are_drawn_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_corpus, "MOST_WORDS", 50)
    texts = [f"a good film {number}" for number in range(30)]
    ids = [vocabulary().encode(text, 9).ids for text in texts]
    found = corpus_of(WEIGHTS, ids, texts, np.arange(30) % 2, keep_texts=True)
    assert found.starts.tolist() == list(range(0, 52, 4))[: len(found.starts)] and len(found.hidden) == 48
    assert all(texts.index(text) % 2 == target for text, target in zip(found.texts or (), found.targets, strict=True))


def test_the_file_is_read_back(small: Corpus) -> None:
    for found in (small, replace(small, texts=None)):
        again = Corpus.loads(found.dumps(), 10, 2)
        assert again.texts == found.texts
        assert (again.hidden == found.hidden).all() and (again.fingerprints == found.fingerprints).all()


Change = Callable[[dict[str, np.ndarray]], object]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda of: of.pop("shares"), "lacks shares"),
        (lambda of: of.update(hidden=of["hidden"].astype(np.int64)), "hidden is no int8"),
        (lambda of: of.update(scale=np.full_like(of["scale"], np.nan)), "scale holds NaN"),
        (lambda of: of.update(hidden=of["hidden"][:-1]), "sizes"),
        (lambda of: of.update(probabilities=of["probabilities"][:, :1]), "sizes"),
        (lambda of: of.update(starts=of["starts"][::-1].copy()), "follow"),
        (lambda of: of.update(targets=of["targets"] + 2), "label"),
        (lambda of: of.update(text_ends=of["text_ends"][:-1]), "sizes"),
        (lambda of: of.update(texts=of["texts"] | 0x80), "texts"),
    ],
)
def test_what_does_not_hold_together_is_refused(small: Corpus, change: Change, reason: str) -> None:
    tensors = load(small.dumps())
    change(tensors)
    with pytest.raises(InvalidCorpus, match=reason):
        Corpus.loads(save(tensors), 10, 2)


def test_what_is_no_such_file_is_refused() -> None:
    with pytest.raises(InvalidCorpus):
        Corpus.loads(b"nothing", 10, 2)


def test_the_extremes_of_a_unit_are_one_a_review(small: Corpus) -> None:
    values = states(small)[:, 3]
    highest, lowest = extremes(small, 3, 5)
    best = sorted((values[small.words_of(review)].max() for review in range(REVIEWS)), reverse=True)
    worst = sorted(values[small.words_of(review)].min() for review in range(REVIEWS))
    assert [place.value for place in highest] == pytest.approx(best[:5])
    assert [place.value for place in lowest] == pytest.approx(worst[:5])
    for place in highest + lowest:
        assert values[small.starts[place.review] + place.word] == pytest.approx(place.value)


def test_a_phrase_of_the_corpus_is_found_in_it(small: Corpus) -> None:
    known = unit_statistics(small)
    review = int(np.diff(small.starts).argmax())
    phrase = states(small)[small.words_of(review)][2:5]
    on = units_on(phrase, known.mean, known.spread)
    places = similar(small, on, known.mean, known.spread, 3, 6)
    assert replace(places[0], value=1.0) == Place(review, 2, 3, 1.0)
    assert places[0].value == pytest.approx(1, abs=1e-4)
    assert [place.value for place in places] == sorted((place.value for place in places), reverse=True)
    for place in places:
        assert place.word + 3 <= np.diff(small.starts)[place.review]
        there = states(small)[small.words_of(place.review)][place.word : place.word + 3].mean(axis=0)
        shared = [
            min((there[one.unit] - known.mean[one.unit]) / known.spread[one.unit] * np.sign(one.above), abs(one.above))
            for one in on
        ]
        assert place.value == pytest.approx(sum(shared) / sum(abs(one.above) for one in on), abs=1e-4)


def test_the_units_that_are_on_stand_furthest_from_their_mean(small: Corpus) -> None:
    known = unit_statistics(small)
    phrase = np.tile(known.mean, (2, 1))
    phrase[:, 7] += 3 * known.spread[7]
    phrase[:, 2] -= 4 * known.spread[2]
    on = units_on(phrase, known.mean, known.spread)
    assert [(one.unit, round(one.above)) for one in on[:2]] == [(2, -4), (7, 3)]
    assert [one.unit for one in units_on(phrase, known.mean, known.spread, [5])] == [5]


def test_a_phrase_longer_than_any_review_is_nowhere(small: Corpus) -> None:
    known = unit_statistics(small)
    on = units_on(states(small)[:20], known.mean, known.spread)
    assert similar(small, on, known.mean, known.spread, 20, 5) == []


def test_statistics_are_those_of_the_states(small: Corpus) -> None:
    known, values = unit_statistics(small), states(small)
    assert known.mean == pytest.approx(values.mean(axis=0), abs=1e-5)
    assert known.spread == pytest.approx(values.std(axis=0), rel=1e-4)
    assert known.correlation == pytest.approx(np.corrcoef(values.T), abs=1e-4)
    assert (known.histogram.sum(axis=1) == len(values)).all()
    middle = (np.arange(32) - 15.5) / 16
    assert known.histogram @ middle / len(values) * small.scale == pytest.approx(known.mean, abs=0.05)
    assert known.half_life == pytest.approx(np.log(0.5) / small.log_kept, rel=1e-4)
    other, correlation = known.nearest(4)[0]
    assert abs(correlation) == pytest.approx(np.sort(np.abs(np.corrcoef(values.T)[4]))[-2], abs=1e-4) and other != 4


def test_a_cell_without_a_gate_has_no_half_life() -> None:
    assert np.isnan(unit_statistics(corpus(random_weights("rnn"))).half_life).all()


def test_a_unit_moves_the_verdict_as_the_head_says() -> None:
    weights = random_weights("gru", "last")
    moves, toward = weight_of_units(weights, np.full(10, 2.0, np.float32))
    difference = 2 * (weights.head_weight[1] - weights.head_weight[0])
    assert moves == pytest.approx(np.abs(difference), rel=1e-5) and (toward == (difference > 0)).all()


def test_slices_are_all_reviews_and_name_the_words_behind_them(small: Corpus) -> None:
    found = slices(small, PATTERN_2, 6)
    assert sum(one.count for one in found) == REVIEWS and len(found) == 4
    assert [one.label == one.answer for one in found] == [True, True, False, False]
    for one in found:
        sure = small.probabilities[one.reviews, one.answer]
        assert (np.diff(sure) <= 0).all()
        assert (small.targets[one.reviews] == one.label).all() and (small.answers[one.reviews] == one.answer).all()
        for blamed in one.words or ():
            everywhere = [
                share
                for review in np.flatnonzero((small.targets == one.label) & (small.answers == one.answer)).tolist()
                for word, share in zip(
                    typed((small.texts or ())[review]), small.shares[small.words_of(review)], strict=True
                )
                if fold(word) == blamed.word
            ]
            assert blamed.share == pytest.approx(sum(everywhere)) and blamed.count == len(everywhere)
    assert any(one.words for one in found)
    assert [one.words for one in slices(replace(small, texts=None), PATTERN_2, 6)] == [None] * 4


def test_units_that_are_on_or_off_together_are_one_group() -> None:
    states = np.random.default_rng(0).normal(size=(500, 3))
    follow = [0, 0, 0, 1, 1, 2]
    signs = np.array([1, -1, 1, 1, 1, 1])
    noise = np.random.default_rng(1).normal(size=(500, 6))
    correlation = np.corrcoef((states[:, follow] * signs + 0.3 * noise).T)
    order = [5, 0, 3, 1, 4, 2]
    found = groups(correlation[np.ix_(order, order)])
    assert found.tolist() == [follow[unit] for unit in order]
