"""The settings of a training, its progress, and the trained model that it returns."""

from dataclasses import dataclass
from typing import Literal

from models.exits import Exit, Failed
from models.network.equations import Cell, Weights
from models.network.pooling import Pooling
from models.text.words import Vocabulary

EPOCHS = 6
FEWER_EPOCHS = ((70_000, 3), (52_000, 4))
"""From so many texts on so many epochs, the most texts first."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a classifier is trained; the defaults were chosen on the validation films of the built-in reviews.

    `unknown_rate` of the training words are hidden behind the unknown word, so that the classifier knows what that
    is. `average_decay` is that of the running average of the weights that is kept, `time_budget` is in seconds.
    """

    cell: Cell
    pooling: Pooling = "last"
    hidden_size: int = 128
    layers: int = 1
    max_words: int = 400
    epochs: int = EPOCHS
    patience: int = 3
    batch_size: int = 64
    learning_rate: float = 2e-3
    embedding_rate: float = 1e-3
    weight_decay: float = 0.01
    embedding_dropout: float = 0.2
    layer_dropout: float = 0.2
    head_dropout: float = 0.4
    unknown_rate: float = 0.05
    average_decay: float = 0.99
    time_budget: float | None = None
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"


def epochs_for(texts: int) -> int:
    """Return how often to pass over so many texts where nothing was asked for: many, as with a teacher, need fewer."""
    return next((epochs for least, epochs in FEWER_EPOCHS if texts >= least), EPOCHS)


class TrainingError(Failed, ValueError):
    """A training that can't be done as it was set: no such device, or a loss that explodes."""

    exit_code = Exit.USAGE


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training reviews (cut short where training was stopped), and how validation went after it."""

    number: int
    loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Where training stands after a batch: `share` done of 0..1, the loss so far in this epoch, seconds left."""

    cell: Cell
    epoch: int
    epochs: int
    share: float
    loss: float
    validation_accuracy: float | None
    seconds_left: float


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The best epoch: `weights` with `temperature` folded in, and the record of how they came about.

    `stopped` says that training was asked to stop early; `device` is where it ran.
    """

    weights: Weights
    vocabulary: Vocabulary
    temperature: float
    history: tuple[Epoch, ...]
    best: Epoch
    seconds: float
    stopped: bool
    device: str
    settings: TrainingSettings
