"""The measures of faithfulness: each against what it stands for, computed in another way."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest

from models.network.equations import CELLS, Cell, Ids, Weights, forward, run_layer
from models.network.onnx_graph import open_step_graph
from models.network.pooling import Pooling
from models.network.torch_network import Classifier
from models.text.words import UNK
from models.trace import running_logits
from tests.bundles import random_weights, vocabulary
from tests.studies.faithfulness.decomposed import murdoch_szlam, reat, relevant
from tests.studies.faithfulness.measures import REMOVALS, SHARES, agreement, curves, erasure, interval
from tests.studies.faithfulness.methods import (
    at_random,
    delete_one,
    gradient_input,
    gradient_size,
    hide_one,
    integrated_gradients,
    methods_of,
    sampled_shapley,
)
from tests.studies.faithfulness.model import StudiedModel, confidence, margins, verdicts
from tests.studies.faithfulness.negation import Negations, names_not, negations
from tests.studies.faithfulness.normalised import bounds, normalised
from tests.studies.faithfulness.planted import DISTANCES, LENGTH, SEEDS, hits, plant
from tests.studies.faithfulness.report import report
from tests.studies.faithfulness.study import study

LABELS = ("rotten", "fresh")
RANDOM = np.random.default_rng(3)


def model_of(cell: Cell, pooling: Pooling = "max||mean", classes: int = 2) -> StudiedModel:
    weights = random_weights(cell, pooling, classes=classes, seed=5)
    return StudiedModel(cell, weights, open_step_graph(weights), Classifier.from_weights(weights))


@pytest.fixture(params=CELLS)
def model(request: pytest.FixtureRequest) -> StudiedModel:
    return model_of(request.param)


@pytest.fixture(scope="module")
def reviews() -> list[np.ndarray]:
    return [RANDOM.integers(1, 60, size=length) for length in (2, 9, 30, 9, 14, 5)]


def from_vectors(weights: Weights, vectors: np.ndarray) -> np.ndarray:
    for layer in weights.layers:
        vectors = run_layer(weights.cell, layer, vectors).hidden
    return running_logits(weights, vectors)[-1]


def test_logits_are_those_of_each_review_alone_whatever_is_asked_twice(
    model: StudiedModel, reviews: list[np.ndarray]
) -> None:
    found = model.logits([*reviews, reviews[2], reviews[0]])
    expected = [forward(model.weights, ids).logits for ids in [*reviews, reviews[2], reviews[0]]]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_gradients_are_those_of_finite_differences(model: StudiedModel, reviews: list[np.ndarray]) -> None:
    exact, ids = model.weights.astype(np.float64), reviews[1]
    directions = verdicts(model.logits([ids]))
    vectors = exact.embedding[ids]
    gradient = np.zeros_like(vectors)
    for place in np.ndindex(vectors.shape):
        moved = [vectors.copy(), vectors.copy()]
        moved[0][place] -= 1e-5
        moved[1][place] += 1e-5
        below, above = (from_vectors(exact, v) @ directions[0] for v in moved)
        gradient[place] = (above - below) / 2e-5
    np.testing.assert_allclose(gradient_size(model, [ids], directions)[0], np.linalg.norm(gradient, axis=1), atol=1e-4)
    np.testing.assert_allclose(gradient_input(model, [ids], directions)[0], (gradient * vectors).sum(1), atol=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_integrated_gradients_add_up_to_what_the_words_changed(cell: Cell, reviews: list[np.ndarray]) -> None:
    model = model_of(cell, "mean")
    directions = verdicts(model.logits(reviews))
    scores = integrated_gradients(model, reviews, directions)
    for ids, direction, score in zip(reviews, directions, scores, strict=True):
        nothing = from_vectors(model.weights, np.zeros((len(ids), model.weights.embedding_size), np.float32))
        assert score.shape == ids.shape
        assert score.sum() == pytest.approx((forward(model.weights, ids).logits - nothing) @ direction, abs=0.02)


def test_occlusion_is_the_logit_lost(model: StudiedModel, reviews: list[np.ndarray]) -> None:
    directions = verdicts(model.logits(reviews))
    deleted, hidden = delete_one(model, reviews, directions), hide_one(model, reviews, directions)
    ids, direction = reviews[4], directions[4]
    before = forward(model.weights, ids).logits @ direction
    for t in range(len(ids)):
        unknown = ids.copy()
        unknown[t] = UNK
        assert deleted[4][t] == pytest.approx(
            before - forward(model.weights, np.delete(ids, t)).logits @ direction, abs=1e-5
        )
        assert hidden[4][t] == pytest.approx(before - forward(model.weights, unknown).logits @ direction, abs=1e-5)


def test_ledgers_add_up_to_the_logit(model: StudiedModel, reviews: list[np.ndarray]) -> None:
    directions = verdicts(model.logits(reviews))
    methods = methods_of(model)
    assert ("write ledger" in methods) == (model.weights.cell != "rnn")
    if "write ledger" in methods:
        scores = methods["write ledger"](model, reviews, directions)
        sums = np.array([score.sum() for score in scores])
        bias = directions @ model.weights.head_bias
        np.testing.assert_allclose(sums + bias, margins(model.logits(reviews), directions), atol=1e-4)
    assert [len(score) for score in methods["deep ledger"](model, reviews, directions)] == [len(r) for r in reviews]


@pytest.mark.parametrize("way", REMOVALS)
def test_erasure_removes_the_words_named_first_and_keeps_the_others_in_order(
    way: str, reviews: list[np.ndarray]
) -> None:
    model, ids = model_of("gru"), reviews[2]
    label = model.logits([ids]).argmax(1)
    score = RANDOM.permutation(len(ids)).astype(float)
    found = erasure(model, [ids], [score], REMOVALS[way])
    before = confidence(model.logits([ids]), label)
    for column, share in enumerate(SHARES):
        named = score >= len(ids) - np.ceil(share * len(ids))
        without, only = (ids[keep] if way == "deletion" else np.where(keep, ids, UNK) for keep in (~named, named))
        assert found.comprehensiveness[0, column] == pytest.approx(
            (before - confidence(model.logits([without]), label))[0]
        )
        assert found.sufficiency[0, column] == pytest.approx((before - confidence(model.logits([only]), label))[0])


def test_curves_start_from_the_reviews_judged_right_and_wrong(reviews: list[np.ndarray]) -> None:
    model = model_of("lstm")
    labels = model.logits(reviews).argmax(1)
    targets = labels.copy()
    targets[2] = 1 - labels[2]
    found = curves(model, reviews, targets, [np.arange(len(ids), 0.0, -1.0) for ids in reviews])
    assert found.right[0] == float(model.logits([reviews[4][1:]]).argmax() == labels[4])
    assert found.wrong[4] == float(model.logits([reviews[2][5:]]).argmax() == targets[2])


def test_agreement_is_one_for_the_same_order_and_minus_one_for_the_opposite() -> None:
    one = np.array([0.1, 5.0, -2.0, 0.3])
    found = agreement([one, one, one], [np.exp(one), -one, np.zeros(4)])
    np.testing.assert_allclose(found, [1.0, -1.0, np.nan])


def test_the_interval_narrows_with_more_reviews() -> None:
    values = RANDOM.normal(size=1000)
    assert interval(values) == pytest.approx(1.96 / 1000**0.5, rel=0.2)


def test_the_planted_word_stands_where_it_should_and_is_found_by_who_knows(reviews: list[np.ndarray]) -> None:
    model = model_of("gru", classes=3)
    planted = plant(model, reviews, np.array([0, 1, 2, 0, 1, 1]))
    single = model.logits([np.array([word]) for word in range(2, len(model.weights.embedding))])
    assert planted.word == 2 + (single[:, 2] - single[:, :2].mean(1)).argmax()
    for distance in DISTANCES:
        assert all(
            np.flatnonzero(ids == planted.word).tolist() == [LENGTH - 1 - distance] for ids in planted.texts[distance]
        )

    def knows(model: StudiedModel, texts: Sequence[Ids], directions: np.ndarray) -> list[np.ndarray]:
        return [(ids == planted.word) * 1.0 for ids in texts]

    assert hits(model, planted, knows).tolist() == [1.0] * len(DISTANCES)
    again, other = (plant(model, reviews, np.array([0, 1, 2, 0, 1, 1]), seed) for seed in (0, 1))
    assert all(np.array_equal(one, two) for one, two in zip(planted.texts[0], again.texts[0], strict=True))
    assert not all(np.array_equal(one, two) for one, two in zip(planted.texts[0], other.texts[0], strict=True))


def test_random_is_the_mean_of_its_draws(reviews: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.studies.faithfulness.planted.TEXTS", 1)
    model, targets = model_of("gru"), np.array([0, 1, 0, 1, 1, 0])
    directions = verdicts(model.logits(reviews))
    drawn = [at_random(model, reviews, directions, seed) for seed in SEEDS]
    expected = np.mean([erasure(model, reviews, scores, np.delete).sufficiency for scores in drawn], axis=0)
    found = study(model, reviews, targets, negations(model, vocabulary(), LABELS)).results["random"]
    np.testing.assert_allclose(found.erasure["deletion"].sufficiency, expected)
    assert found.hits.shape == (len(SEEDS) ** 2, len(DISTANCES))


def last_state_of(cell: Cell) -> StudiedModel:
    return model_of(cell, "last")


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_what_is_decomposed_adds_up_to_the_last_state_for_every_word(cell: Cell, reviews: list[np.ndarray]) -> None:
    weights = last_state_of(cell).weights.astype(np.float64)
    own, other = relevant(weights, reviews[1])
    last = forward(weights, reviews[1]).runs[0].hidden[-1]
    np.testing.assert_allclose(own + other, np.tile(last, (len(reviews[1]), 1)), atol=1e-12)
    alone, nothing = relevant(weights, reviews[1][:1])
    np.testing.assert_allclose(alone[0], forward(weights, reviews[1][:1]).runs[0].hidden[-1])
    np.testing.assert_allclose(nothing, 0, atol=1e-12)


def test_murdoch_szlam_and_reat_are_their_sums_written_out(reviews: list[np.ndarray]) -> None:
    model, ids = last_state_of("lstm"), reviews[5]
    direction = verdicts(model.logits([ids]))
    run = forward(model.weights.astype(np.float64), ids).runs[0].values
    forget, output, cell = run["forget"], run["output"], run["cell"]
    head = direction[0] @ model.weights.head_weight
    by_tanh, anew = np.zeros(len(ids)), np.zeros(len(ids))
    within = np.zeros_like(cell[0])
    for t in range(len(ids)):
        kept = np.prod(forget[t + 1 :], axis=0)
        before, within = np.tanh(within), within + kept * run["input"][t] * run["candidate"][t]
        by_tanh[t] = (output[-1] * (np.tanh(within) - before)) @ head
        keeps = [forget[k] * output[k] / output[k - 1] for k in range(t + 1, len(ids))]
        new = run["hidden"][t] - (forget[t] * output[t] / output[t - 1] * run["hidden"][t - 1] if t else 0)
        anew[t] = (np.prod([np.ones_like(head), *keeps], axis=0) * new) @ head
    assert cell[-1] == pytest.approx(within)
    np.testing.assert_allclose(murdoch_szlam(model, [ids], direction)[0], by_tanh, atol=1e-5)
    np.testing.assert_allclose(reat(model, [ids], direction)[0], anew, atol=1e-5)


def test_shapley_adds_up_and_shares_what_two_words_make_together(reviews: list[np.ndarray]) -> None:
    model, ids = model_of("gru"), reviews[0]
    direction = verdicts(model.logits([ids]))
    score = sampled_shapley(model, [ids], direction)[0]
    empty, first, second, both = (
        model.logits([np.where(known, ids, UNK)])[0] @ direction[0]
        for known in ([False, False], [True, False], [False, True], [True, True])
    )
    assert score.sum() == pytest.approx(both - empty, abs=1e-5)
    ends = sorted([first - empty, both - second])
    assert ends[0] < score[0] < ends[1]


def test_an_order_is_normalised_between_the_best_and_the_worst(reviews: list[np.ndarray]) -> None:
    model, short = model_of("lstm"), [reviews[0], reviews[5]]
    found = bounds(model, short)
    label = model.logits(short).argmax(1)
    before = confidence(model.logits(short), label)

    def area(order: tuple[int, ...]) -> float:
        hidden = [np.where(np.isin(np.arange(5), order[: count + 1]), UNK, short[1]) for count in range(5)]
        return float(np.mean(before[1] - confidence(model.logits(hidden), label[[1]].repeat(5))))

    areas = {order: area(order) for order in permutations(range(5))}
    best, worst = max(areas, key=areas.__getitem__), min(areas, key=areas.__getitem__)
    assert (found.low[1], found.high[1]) == pytest.approx((areas[worst], areas[best]), abs=1e-6)
    for order, wanted in ((best, 1.0), (worst, 0.0)):
        score = -np.argsort(order).astype(float)
        assert normalised(model, short, [np.zeros(2), score], found)[1] == pytest.approx(wanted, abs=1e-5)
    assert np.isnan(bounds(model, [np.ones(31, np.int64)]).high[0])


def test_the_not_that_is_named_is_counted() -> None:
    model = model_of("gru")
    sentences = [np.array([4, 5, 6, 7, 8])] * 2
    given = Negations(sentences, np.array([1.0, -1.0]), [2, 2])

    def knows(model: StudiedModel, texts: Sequence[Ids], directions: np.ndarray) -> list[np.ndarray]:
        return [np.array([0.0, 0.0, 2.0, 1.0, 0.0]), np.array([0.0, 0.0, 2.0, 3.0, 0.0])]

    assert names_not(model, given, knows) == (1.0, 0.5)
    found = negations(model, vocabulary(), LABELS)
    assert len(found.reviews) > 0
    for ids, place in zip(found.reviews, found.places, strict=True):
        assert vocabulary().encode("not", 1).ids[0] == ids[place]
        assert model.logits([ids])[0] @ found.direction > 0


def test_the_page_shows_every_method_of_every_model(reviews: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.studies.faithfulness.planted.TEXTS", 1)
    model = model_of("lstm", "last")
    negated = negations(model, vocabulary(), LABELS)
    found = study(model, reviews, np.array([0, 1, 0, 1, 1, 0]), negated)
    page = report([found], "Made by hand.")
    assert "## lstm" in page
    assert "Made by hand." in page
    for method in methods_of(model):
        assert page.count(f"\n| {method} |") == 9
    assert "nan" not in page
