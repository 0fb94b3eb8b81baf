"""The training loop: the epoch with the least log-loss on validation, once calibrated, is the one that is kept."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.training.batches import PaddedBatch, logits, shuffled
from export.training.checkpoint import load, require_same, save
from export.training.config import Epoch, TrainedModel, TrainingError, TrainingProgress, TrainingSettings
from export.training.dataset import Dataset
from export.training.evaluate import fit_temperature
from models.network.equations import Array, Weights
from models.network.torch_network import Classifier, Dropout, Shape
from models.text.words import PAD, UNK

CLIP = 1.0
EXPLODED = 10.0
"""How many times the loss of a guess, log C, the loss of an epoch may be."""


def train(
    dataset: Dataset,
    vectors: NDArray[np.float32],
    settings: TrainingSettings,
    *,
    progress: Callable[[TrainingProgress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    checkpoint: Path | None = None,
    resume: bool = False,
) -> TrainedModel:
    """Train one classifier and fit its temperature on validation.

    It starts from the word `vectors [V, E]`.
    `progress` is called and `stop` asked after every batch; once it says so the best epoch so far is returned, the one
    cut short included. After every epoch the whole state goes to `checkpoint`; with `resume` training goes on from
    there. Raises `DataError` where the checkpoint is of other data or settings, `TrainingError` where there is no
    such device, or the loss explodes.
    """
    training = _Training(dataset, vectors, settings)
    if resume and checkpoint is not None and checkpoint.is_file():
        training.restore(checkpoint)
    while not training.finished:
        training.epoch(progress, stop)
        if checkpoint is not None and not training.state.stopped:
            training.save(checkpoint)
    return training.best_model()


def untrained(dataset: Dataset, vectors: NDArray[np.float32], settings: TrainingSettings) -> Weights:
    """Return the classifier that `train` begins with."""
    return _Training(dataset, vectors, settings).model.weights()


@dataclass
class _State:
    """What changes while training: counts, clock, history and the weights of the best epoch."""

    step: int = 0
    seconds: float = 0.0
    stopped: bool = False
    history: list[Epoch] = field(default_factory=list)
    best: Epoch | None = None
    best_tensors: dict[str, Tensor] = field(default_factory=dict)


class _Training:
    """One training: the reviews, the model, the running average of its weights, and the optimiser."""

    def __init__(self, dataset: Dataset, vectors: NDArray[np.float32], settings: TrainingSettings) -> None:
        self.dataset, self.vectors, self.settings, self.state = dataset, vectors, settings, _State()
        self.train_ids = [ids[: settings.max_words] for ids in dataset.lesson_ids]
        self.validation_ids = [ids[: settings.max_words] for ids in dataset.validation.ids]
        self.targets = torch.from_numpy(_weighted(dataset.lesson_targets, dataset.label_weights))
        self.batches = math.ceil(len(self.train_ids) / settings.batch_size)
        self.device = device_of(settings.device)
        torch.manual_seed(settings.seed)
        self.model = self._classifier().to(self.device)
        self.average = copy.deepcopy(self.model)
        words = [self.model.embedding.weight]
        others = [p for name, p in self.model.named_parameters() if not name.startswith("embedding")]
        self.optimiser = torch.optim.AdamW(
            [{"params": words, "peak": settings.embedding_rate}, {"params": others, "peak": settings.learning_rate}],
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def _classifier(self) -> Classifier:
        settings, (vocabulary, width) = self.settings, self.vectors.shape
        shape = Shape(
            settings.cell,
            settings.pooling,
            vocabulary,
            width,
            settings.hidden_size,
            settings.layers,
            len(self.dataset.labels),
        )
        classifier = Classifier(
            shape, Dropout(settings.embedding_dropout, settings.layer_dropout, settings.head_dropout)
        )
        with torch.no_grad():
            classifier.embedding.weight.copy_(torch.from_numpy(self.vectors))
        return classifier

    @property
    def share(self) -> float:
        """How much of the training is done, by steps or by the clock, whichever is further."""
        by_step = self.state.step / (self.settings.epochs * self.batches)
        by_clock = self.state.seconds / self.settings.time_budget if self.settings.time_budget else 0.0
        return min(1.0, max(by_step, by_clock))

    @property
    def finished(self) -> bool:
        """Whether training was stopped, is complete, or has not got better for `patience` epochs."""
        best = self.state.best.number if self.state.best else 0
        return self.state.stopped or self.share >= 1.0 or len(self.state.history) - best >= self.settings.patience

    def epoch(self, progress: Callable[[TrainingProgress], None], stop: Callable[[], bool]) -> None:
        """Pass once over the training reviews, cut short by `stop` or the clock, then validate."""
        number, before, losses = len(self.state.history) + 1, self.state.seconds, list[float]()
        started = time.monotonic()
        torch.manual_seed(self.settings.seed * 1_000_003 + number)
        random = np.random.default_rng((self.settings.seed, number))
        self.model.train()
        for batch in shuffled(self.train_ids, self.settings.batch_size, random):
            losses.append(self._step(batch))
            loss = float(np.mean(losses))
            self._require_sound(number, loss)
            self.state.seconds = before + time.monotonic() - started
            progress(self._progress(number, loss))
            self.state.stopped = stop()
            if self.state.stopped or self.share >= 1.0:
                break
        self._validate(number, loss)
        self.state.seconds = before + time.monotonic() - started

    def _require_sound(self, epoch: int, loss: float) -> None:
        guess = math.log(len(self.dataset.labels))
        if not loss <= EXPLODED * guess:
            raise TrainingError(
                f"training diverged: the loss of epoch {epoch} is {loss:.3g}, that of a guess {guess:.3g}; "
                f"give a lower --learning-rate than {self.settings.learning_rate:g}"
            )

    def _step(self, batch: PaddedBatch) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * one_cycle(self.share)
        lengths = torch.from_numpy(batch.lengths).to(self.device)
        found = self.model(self._partly_unknown(batch), lengths)
        loss = nn.functional.cross_entropy(found, self.targets[batch.rows].to(self.device))
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        self.optimiser.step()
        self.state.step += 1
        self._average()
        return float(loss.detach())

    def _partly_unknown(self, batch: PaddedBatch) -> Tensor:
        """Return the texts of a batch with some words made unknown, `[T, B]`."""
        token_ids = torch.from_numpy(batch.token_ids)
        hidden = (torch.rand(token_ids.shape) < self.settings.unknown_rate) & (token_ids != PAD)
        return token_ids.masked_fill(hidden, UNK).to(self.device)

    @torch.no_grad()
    def _average(self) -> None:
        """Move the running average towards the weights, faster at first so that it forgets where they began."""
        decay = min(self.settings.average_decay, self.state.step / (self.state.step + 10))
        for kept, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)

    def _validate(self, number: int, loss: float) -> None:
        found, targets = logits(self.average, self.validation_ids), self.dataset.validation.targets
        right = float((found.argmax(1) == targets).mean())
        calibrated = torch.from_numpy(found / self._temperature(found))
        weight = torch.from_numpy(self.dataset.label_weights.astype(np.float32))
        cost = float(nn.functional.cross_entropy(calibrated, torch.from_numpy(targets), weight))
        self._require_sound(number, cost)
        epoch = Epoch(number, loss, cost, right, self.state.seconds)
        self.state.history.append(epoch)
        if self.state.best is None or cost < self.state.best.validation_loss:
            self.state.best = epoch
            self.state.best_tensors = {k: v.detach().cpu().clone() for k, v in self.average.state_dict().items()}

    def _temperature(self, found: Array) -> float:
        """Return the temperature for the logits `found [N, C]` of the validation reviews."""
        targets = self.dataset.validation.targets
        return fit_temperature(found, targets, self.dataset.label_weights[targets])

    def _progress(self, number: int, loss: float) -> TrainingProgress:
        seen, share = self.state.history, self.share
        left = self.state.seconds * (1 - share) / share if share else float("inf")
        accuracy = seen[-1].validation_accuracy if seen else None
        return TrainingProgress(self.settings.cell, number, self.settings.epochs, share, loss, accuracy, left)

    def best_model(self) -> TrainedModel:
        """Return the best epoch, its temperature fitted on validation."""
        assert self.state.best is not None
        best = self._classifier()
        best.load_state_dict(self.state.best_tensors)
        temperature = self._temperature(logits(best, self.validation_ids))
        return TrainedModel(
            weights=best.weights(temperature),
            vocabulary=self.dataset.vocabulary,
            temperature=temperature,
            history=tuple(self.state.history),
            best=self.state.best,
            seconds=self.state.seconds,
            stopped=self.state.stopped,
            device=str(self.device),
            settings=self.settings,
        )

    def save(self, path: Path) -> None:
        """Write everything that the next epoch needs to `path`."""
        moments = self.optimiser.state_dict()["state"]
        tensors = {f"model/{k}": v for k, v in self.model.state_dict().items()}
        tensors |= {f"average/{k}": v for k, v in self.average.state_dict().items()}
        tensors |= {f"best/{k}": v for k, v in self.state.best_tensors.items()}
        tensors |= {f"optimiser/{i}/{k}": v for i, values in moments.items() for k, v in values.items()}
        state = self.state
        save(
            path,
            tensors,
            self._identity()
            | {
                "step": state.step,
                "seconds": state.seconds,
                "history": [asdict(e) for e in state.history],
                "best": asdict(state.best) if state.best else None,
            },
        )

    def restore(self, path: Path) -> None:
        """Go on from what `save` wrote. Raises `DataError` where that was another training."""
        tensors, record = load(path)
        require_same(path, record, self._identity())

        def part(prefix: str) -> dict[str, Tensor]:
            return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

        self.model.load_state_dict(part("model/"))
        self.average.load_state_dict(part("average/"))
        optimiser = self.optimiser.state_dict()
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in part("optimiser/").items():
            number, key = name.split("/")
            moments.setdefault(int(number), {})[key] = tensor
        self.optimiser.load_state_dict(optimiser | {"state": moments})
        history = [Epoch(**epoch) for epoch in record["history"]]
        self.state = _State(record["step"], record["seconds"], False, history, Epoch(**record["best"]), part("best/"))

    def _identity(self) -> dict[str, Any]:
        settings = {
            name: value for name, value in asdict(self.settings).items() if name not in {"time_budget", "device"}
        }
        weights = {"label weights": self.dataset.label_weights.tolist()}
        return {"settings": settings | weights, "data": self.dataset.fingerprint}


def _weighted(targets: Array, weights: Array) -> NDArray[np.float32]:
    """Return `targets [M, C]` times the weight `[C]` of each one's label, which weights its loss by it."""
    weighted: Array = targets * weights[targets.argmax(1)][:, np.newaxis]
    return weighted.astype(np.float32)


def one_cycle(share: float) -> float:
    """Return the learning rate as a part of its peak: a straight rise over the first tenth, then half a cosine to 0."""
    if share < 0.1:
        return 0.1 + 9.0 * share
    return 0.5 + 0.5 * float(np.cos(np.pi * (share - 0.1) / 0.9))


def device_of(wanted: str) -> torch.device:
    """Return the device to train on: `auto` is a GPU where there is one. Raises `TrainingError` where there is none."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise TrainingError("--device cuda: PyTorch finds no GPU here; give cpu or auto")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")
