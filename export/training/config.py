"""What a training is told, what it says on the way, and what comes out of it."""

from dataclasses import dataclass
from typing import Literal

from models.network.equations import Cell, Pooling, Weights
from models.text.words import Vocabulary


@dataclass(frozen=True, slots=True)
class Settings:
    """How a classifier is trained; the defaults were chosen on the validation films of the built-in reviews.

    `unknown_rate` of the training words are hidden behind the unknown word, so that the classifier knows what that
    is. `consistency` weighs how far two draws of dropout may disagree on a review (R-Drop, Liang et al. 2021), and
    `guidance` how much of a review's target is the opinion of a linear model that has not read its group (distillation,
    Hinton et al. 2015). `average` is the decay of the running average of the weights that is kept, `time_budget` is in
    seconds.
    """

    cell: Cell
    pooling: Pooling = "max||mean"
    hidden: int = 128
    layers: int = 1
    max_words: int = 400
    epochs: int = 6
    patience: int = 3
    batch_size: int = 64
    learning_rate: float = 2e-3
    embedding_rate: float = 1e-3
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    embedding_dropout: float = 0.4
    layer_dropout: float = 0.2
    head_dropout: float = 0.4
    unknown_rate: float = 0.15
    consistency: float = 1.0
    guidance: float = 0.3
    average: float = 0.99
    time_budget: float | None = None
    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the training reviews (cut short where training was stopped), and how validation went after it."""

    number: int
    loss: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Where training stands after a batch: `share` done of 0..1, the loss so far in this epoch, seconds left."""

    cell: Cell
    epoch: int
    epochs: int
    share: float
    loss: float
    validation_accuracy: float | None
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Trained:
    """The best epoch: `weights` with `temperature` folded in, and the record of how they came about.

    `stopped` says that training was told to stop early; `device` is where it ran.
    """

    weights: Weights
    vocabulary: Vocabulary
    temperature: float
    history: tuple[Epoch, ...]
    best: Epoch
    seconds: float
    stopped: bool
    device: str
    settings: Settings
