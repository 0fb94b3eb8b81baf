import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from export.data.reviews import Review, gather
from export.data.splits import split
from export.settings import ExportSettings
from export.teaching.lessons import lessons_of
from export.training.batches import ordered, predict, shuffled
from export.training.config import TrainedModel, TrainingError, TrainingProgress, TrainingSettings
from export.training.dataset import Dataset, encode, prepare
from export.training.evaluate import fit_temperature
from export.training.train import device_of, one_cycle, train
from export.training.vectors import word_vectors
from models.network.equations import CELLS, Cell, forward
from models.reviews.errors import DataError
from models.text.words import PAD, UNK, Vocabulary

SMALL = TrainingSettings(
    "lstm", pooling="max||mean", hidden_size=8, epochs=3, batch_size=16, learning_rate=2e-2, average_decay=0.9
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """These networks are so small that a second thread only waits for the first."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Short reviews whose label is what the last opinion in them says: order matters."""
    draw = random.Random(0)
    rows: list[Review] = []
    for _ in range(400):
        opinions = [draw.choice(["great", "dull"]) for _ in range(2)]
        words = [draw.choice(["a", "film", "plot", "scene"]) for _ in range(draw.randint(1, 6))]
        rows.append(Review(" ".join([opinions[0], *words, opinions[1], str(len(rows))]), opinions[1]))
    splits = split(gather("own", "own", "none", rows), 0)
    return prepare(splits, lessons_of(splits.train, splits.labels, None), vocabulary_size=50, min_count=2)


Learn = Callable[..., TrainedModel]


@pytest.fixture(scope="module")
def learn(dataset: Dataset) -> Learn:
    """`train` on the reviews, from their own word vectors."""
    vectors = word_vectors(dataset.lesson_ids, len(dataset.vocabulary), width=8, seed=0)
    return partial(train, dataset, vectors)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_learns_what_depends_on_order(cell: Cell, dataset: Dataset, learn: Learn) -> None:
    trained = learn(replace(SMALL, cell=cell, pooling="last", epochs=8))
    answers = predict(trained.weights, dataset.test.ids).argmax(1)
    assert (answers == dataset.test.targets).mean() > 0.9
    assert trained.weights.cell == cell
    assert trained.best in trained.history
    assert trained.best.validation_loss == min(epoch.validation_loss for epoch in trained.history)


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(learn: Learn) -> None:
    first, again = learn(SMALL), learn(SMALL)
    other = learn(replace(SMALL, seed=1))
    assert np.array_equal(first.weights.embedding, again.weights.embedding)
    assert np.array_equal(first.weights.head_weight, again.weights.head_weight)
    assert not np.array_equal(first.weights.head_weight, other.weights.head_weight)


def test_a_training_cut_off_goes_on_as_if_nothing_had_happened(dataset: Dataset, learn: Learn, tmp_path: Path) -> None:
    whole, place = learn(SMALL), tmp_path / "lstm.safetensors"
    batches = -(-len(dataset.train) // SMALL.batch_size)
    asked = iter(range(10_000))
    cut = learn(SMALL, stop=lambda: next(asked) > batches + 3, checkpoint=place)
    resumed = learn(replace(SMALL, time_budget=1e6), checkpoint=place, resume=True)
    assert cut.stopped and not resumed.stopped
    assert len(resumed.history) == len(whole.history)
    assert resumed.temperature == whole.temperature
    assert np.array_equal(resumed.weights.embedding, whole.weights.embedding)


def test_a_checkpoint_of_another_training_or_none_at_all_is_refused(learn: Learn, tmp_path: Path) -> None:
    place = tmp_path / "lstm.safetensors"
    learn(replace(SMALL, epochs=1), checkpoint=place)
    with pytest.raises(DataError, match=r"lstm\.safetensors: made with epochs 1, not 3: leave out"):
        learn(SMALL, checkpoint=place, resume=True)
    place.write_bytes(b"\x80\x04pickle")
    with pytest.raises(DataError, match="not a checkpoint"):
        learn(SMALL, checkpoint=place, resume=True)


def test_stopping_keeps_the_best_so_far(learn: Learn) -> None:
    asked = iter(range(10_000))
    trained = learn(SMALL, stop=lambda: next(asked) >= 5)
    assert trained.stopped
    assert len(trained.history) == 1
    assert trained.weights.classes == 2


def test_a_time_budget_ends_training_early(learn: Learn) -> None:
    trained = learn(replace(SMALL, epochs=10_000, patience=10_000, time_budget=0.2))
    assert not trained.stopped
    assert 0 < len(trained.history) < 10_000


def test_no_better_epoch_for_patience_epochs_ends_training(learn: Learn) -> None:
    trained = learn(replace(SMALL, learning_rate=0.0, embedding_rate=0.0, epochs=9, patience=2))
    assert len(trained.history) == 3
    assert trained.best.number == 1


def test_progress_is_told_after_every_batch_and_only_goes_up(dataset: Dataset, learn: Learn) -> None:
    told: list[TrainingProgress] = []
    learn(replace(SMALL, epochs=2), progress=told.append)
    assert len(told) == 2 * -(-len(dataset.train) // SMALL.batch_size)
    assert [one.share for one in told] == sorted(one.share for one in told)
    assert told[-1].share == 1.0
    assert told[0].validation_accuracy is None and told[-1].validation_accuracy is not None


def test_the_temperature_is_folded_into_the_weights(dataset: Dataset, learn: Learn) -> None:
    trained = learn(SMALL)
    logits = predict(trained.weights, dataset.validation.ids)
    assert fit_temperature(logits, dataset.validation.targets) == pytest.approx(1.0, abs=0.01)
    assert fit_temperature(2 * logits, dataset.validation.targets) == pytest.approx(2.0, abs=0.02)


def test_the_learning_rate_rises_then_falls_to_nothing() -> None:
    rates = [one_cycle(share) for share in np.linspace(0, 1, 101)]
    peak = int(np.argmax(rates))
    assert rates[peak] == pytest.approx(1.0)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(0.0, abs=1e-9)


def test_batches_hold_every_review_once_padded_to_the_longest() -> None:
    encoded = [np.full(1 + number * 7 % 30, number + 2) for number in range(100)]
    batches = shuffled(encoded, 8, np.random.default_rng(0))
    assert sorted(np.concatenate([batch.rows for batch in batches]).tolist()) == list(range(100))
    for batch in [*batches, *ordered(encoded, 8)]:
        assert batch.token_ids.shape == (batch.lengths.max(), len(batch.rows))
        for column, row in enumerate(batch.rows):
            assert batch.token_ids[: batch.lengths[column], column].tolist() == encoded[row].tolist()
            assert (batch.token_ids[batch.lengths[column] :, column] == PAD).all()


def test_a_text_without_a_word_is_one_unknown_word() -> None:
    assert encode(["", "a b"], Vocabulary(["<pad>", "<unk>", "a"]))[0].tolist() == [UNK]


def test_predictions_are_those_of_the_equations(dataset: Dataset, learn: Learn) -> None:
    trained = learn(replace(SMALL, cell="gru", epochs=1))
    reviews = dataset.test.ids[:20]
    for ids, logits in zip(reviews, predict(trained.weights, reviews), strict=True):
        expected = forward(trained.weights.astype(np.float64), ids).logits
        np.testing.assert_allclose(logits, expected, atol=1e-5)


@pytest.mark.parametrize("rate", [1e30, 1e3, float("nan")])
def test_a_training_whose_loss_explodes_ends_and_says_what_to_change(learn: Learn, rate: float) -> None:
    with pytest.raises(TrainingError, match=r"the loss of epoch 1 is .*--learning-rate"):
        learn(replace(SMALL, learning_rate=rate, embedding_rate=rate))


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_device_that_is_not_there_is_named() -> None:
    assert device_of("auto").type == "cpu"
    with pytest.raises(TrainingError, match="--device cuda"):
        device_of("cuda")


def test_many_texts_need_fewer_epochs_and_what_was_asked_for_stands() -> None:
    def epochs(texts: int, **given: int) -> int:
        return ExportSettings(**given).trainings("gru", None, texts)[0].epochs  # type: ignore[arg-type]

    assert (epochs(50_000), epochs(55_000), epochs(55_000, epochs=9)) == (6, 4, 9)
