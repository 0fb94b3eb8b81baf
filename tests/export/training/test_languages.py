"""Reviews in scripts with marks, and without spaces, are learnt from as others are."""

from collections.abc import Iterator

import pytest
import torch

from export.data.reviews import gather
from export.data.splits import split
from export.teaching.lessons import lessons_of
from export.training.baselines import linear
from export.training.batches import predict
from export.training.config import TrainingSettings
from export.training.dataset import prepare
from export.training.soundness import require_words
from export.training.train import train
from export.training.vectors import word_vectors
from tests.studies.languages import LANGUAGES, reviews

SMALL = TrainingSettings(
    "lstm",
    pooling="max",
    hidden_size=16,
    epochs=6,
    batch_size=16,
    learning_rate=1e-2,
    embedding_rate=1e-2,
    embedding_dropout=0,
    head_dropout=0,
    average_decay=0.9,
)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """These networks are so small that a second thread only waits for the first."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_network_and_a_linear_model_read_every_script(language: str) -> None:
    splits = split(gather("own", "own", "none", reviews(LANGUAGES[language], 400)), 0)
    dataset = prepare(splits, lessons_of(splits.train, splits.labels, None), vocabulary_size=500, min_count=2)
    require_words(dataset)
    assert (linear(dataset).test.argmax(1) == dataset.test.targets).mean() > 0.75
    vectors = word_vectors(dataset.lesson_ids, len(dataset.vocabulary), width=16, seed=0)
    answers = predict(train(dataset, vectors, SMALL).weights, dataset.test.ids).argmax(1)
    assert (answers == dataset.test.targets).mean() > 0.75
