"""What a training minimises: the cross-entropy of soft targets, and how far two draws of dropout disagree."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.training.config import TrainingSettings
from models.network.equations import Array


def soft_targets(targets: NDArray[np.int64], teacher: Array, settings: TrainingSettings) -> Tensor:
    """Return the probabilities `[N, C]` to learn: the label of each review, smoothed, mixed with its teacher's."""
    classes, weight = teacher.shape[1], settings.distillation_weight
    labels = (1 - settings.label_smoothing) * np.eye(classes)[targets] + settings.label_smoothing / classes
    return torch.from_numpy(((1 - weight) * labels + weight * teacher).astype(np.float32))


def cross_entropy(targets: Tensor, log_probabilities: Tensor) -> Tensor:
    """Return the cross-entropy of `log_probabilities [B, C]` under soft `targets [B, C]`, mean over B."""
    return -(targets * log_probabilities).sum(1).mean()


def disagreement(first: Tensor, second: Tensor) -> Tensor:
    """Return half the symmetric Kullback-Leibler divergence of two sets of log-probabilities `[B, C]`, mean over B."""
    return ((first.exp() - second.exp()) * (first - second)).sum(1).mean() / 2
