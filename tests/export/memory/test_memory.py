"""What a network remembers: the texts it is asked about, and measures that tell a long memory from a short one."""

import numpy as np
import pytest

from export.data.splits import DataSplit, Splits
from export.memory.experiment import FAR, gradient_by_distance, measure_memory
from export.memory.networks import Network
from export.memory.shown import memory_figure, memory_table
from export.memory.texts import DISTANCES, LENGTHS, TELLING, Material, material
from models.network.equations import Weights, forward
from models.network.onnx_graph import open_step_graph
from tests.bundles import random_weights, vocabulary

NEUTRAL = ["the", "film", "is", "a", "story", "of", "one", "time", "and", "there", "was", "this", "other", "scene"]
VOCABULARY = vocabulary()


def part(texts: list[tuple[str, int]]) -> DataSplit:
    return DataSplit(tuple(text for text, _ in texts), np.array([label for _, label in texts]), ("",) * len(texts))


@pytest.fixture(scope="module")
def splits() -> Splits:
    """Reviews that "bad" or "great" begins, with nothing else in them that tells."""
    draw = np.random.default_rng(1)
    reviews = [
        (" ".join([("bad", "great")[label], *draw.choice(NEUTRAL, draw.integers(3, 9))]), label)
        for label in draw.integers(0, 2, 90).tolist()
    ]
    return Splits(("rotten", "fresh"), part(reviews[:60]), part(reviews[60:65]), part(reviews[65:]), "made")


@pytest.fixture(scope="module")
def given(splits: Splits) -> Material:
    return material(splits)


def keeper(keep: float) -> Weights:
    """A minGRU of one unit that keeps so much of its state at every word, and notes great (+1) and bad (-1) alone.

    Where it remembers neither it says the first label.
    """
    update = np.log(keep / (1 - keep))
    embedding = np.zeros((len(VOCABULARY), 1))
    for word, value in (("great", 1.0), ("bad", -1.0)):
        embedding[VOCABULARY.encode(word, 1).ids[0]] = value
    tensors = {
        "embedding.weight": embedding,
        "rnn.weight_ih_l0": np.array([[0.0], [1 / (1 - keep)]]),
        "rnn.weight_hh_l0": np.zeros((0, 1)),
        "rnn.bias_ih_l0": np.array([update, 0.0]),
        "rnn.bias_hh_l0": np.zeros(0),
        "head.weight": np.array([[-0.5], [0.5]]),
        "head.bias": np.array([0.01, 0.0]),
    }
    return Weights.from_tensors("mingru", "last", {name: each.astype(np.float32) for name, each in tensors.items()})


def test_texts_of_a_length_are_the_ends_of_longer_ones_of_the_same_label(given: Material, splits: Splits) -> None:
    for length in LENGTHS:
        assert {len(words) for words in given.read[length]} == {length}
    for short, long in zip(given.read[LENGTHS[0]], given.read[LENGTHS[-1]], strict=True):
        assert long[-len(short) :] == short
    for words, label in zip(given.read[LENGTHS[-1]], given.read_targets, strict=True):
        assert {("bad", "great")[label]} == {"bad", "great"} & set(words)


def test_shuffled_reviews_have_the_same_words(given: Material, splits: Splits) -> None:
    for texts in given.shuffled:
        assert [sorted(words) for words in texts] == [sorted(words) for words in given.reviews]
    assert given.shuffled[0] != given.reviews


def test_the_planted_word_tells_its_label_and_so_many_follow(given: Material) -> None:
    assert (given.telling[0][0], given.telling[1][0]) == ("bad", "great")
    assert max(map(len, given.telling)) <= TELLING
    for distance in DISTANCES:
        first, last = given.planted[distance]
        assert {len(words) for words in first + last} == {distance + 1}
        assert [words[1:] for words in first[:10]] == [words[1:] for words in last[:10]]


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.999])
def test_what_a_network_keeps_is_what_is_measured(given: Material, keep: float) -> None:
    """One that keeps a share of its state a word has that share of the word's effect and gradient left a word on."""
    weights = keeper(keep)
    found = measure_memory(Network("one", "mingru", "last", VOCABULARY, keeper(0.5), weights), given)
    assert found.planted[0] > 0.1
    assert found.planted == pytest.approx({each: found.planted[0] * keep**each for each in DISTANCES}, abs=1e-4)
    far = keep**FAR * (1 - keep ** (LENGTHS[-1] - FAR)) / (1 - keep ** LENGTHS[-1])
    assert found.far_end == pytest.approx(far, rel=0.02, abs=1e-4)
    assert found.far_start == pytest.approx(0.5**FAR, abs=1e-4)


def test_a_longer_memory_reads_longer_texts_better(given: Material) -> None:
    """A telling word stands at the beginning of each review alone: who forgets at once never sees one at the end."""
    short, long = (
        measure_memory(Network("one", "mingru", "last", VOCABULARY, weights, weights), given)
        for weights in (keeper(0.05), keeper(0.97))
    )
    assert (long.by_length[320], short.by_length[320]) == (1.0, 0.5)
    assert long.planted[80] > 10 * short.planted[80]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_gradients_are_those_of_finite_differences(cell: str) -> None:
    weights, ids = random_weights(cell), np.array([5, 9, 2, 7, 30, 11])  # type: ignore[arg-type]
    exact = weights.astype(np.float64)
    sizes = [np.linalg.norm([_slope(exact, ids, place, unit) for unit in range(12)]) for place in range(len(ids))]
    np.testing.assert_allclose(gradient_by_distance(weights, [ids]), np.array(sizes)[::-1] / sum(sizes), rtol=1e-3)


def _slope(weights: Weights, ids: np.ndarray, place: int, unit: int) -> float:
    """How the target's logit changes with one number of the vector of the word at `place`."""
    found = []
    for step in (-1e-5, 1e-5):
        embedding = np.concatenate([weights.embedding, weights.embedding[ids]])
        moved = len(weights.embedding) + np.arange(len(ids))
        embedding[moved[place], unit] += step
        tensors = {**weights.tensors(), "embedding.weight": embedding}
        logits = forward(Weights.from_tensors(weights.cell, weights.pooling, tensors), moved).logits
        found.append(logits[1] - logits[0])
    return float(found[1] - found[0]) / 2e-5


def test_table_and_figure_have_every_network(given: Material) -> None:
    weights = random_weights("lstm", "last", vocabulary_size=len(VOCABULARY))
    assert open_step_graph(weights)
    found = [
        measure_memory(Network("one", "lstm", "last", VOCABULARY, weights, weights), given).model_copy(
            update={"name": name, "pooling": pooling}
        )
        for name, pooling in (("long", "last"), ("short", "max||mean"))
    ]
    assert [*memory_table(found).columns[0].cells] == ["long", "short"]
    figure = memory_figure(found)
    assert figure.startswith("<svg")
    for said in ("Accuracy by words read", "Effect of the first word", "start of training", "max||mean"):
        assert said in figure
