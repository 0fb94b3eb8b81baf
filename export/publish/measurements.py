"""How a trained model does, as its bundle publishes it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from export.publish.abstain import abstain_band
from export.publish.behaviour import behaviour
from export.publish.modifiers import Gains, modifier_gains
from export.training.config import TrainedModel
from export.training.dataset import Dataset, encode
from export.training.evaluate import measure
from models.bundle.manifest import Abstain, Capability, Metrics
from models.network.bulk import run_many
from models.network.equations import Array, softmax
from models.network.onnx_graph import open_step_graph
from models.network.session import run_whole

TIMED_TEXTS = 300


@dataclass(frozen=True, slots=True)
class Measurements:
    """How a trained model does on validation and test, asked through its step graph in ONNX Runtime.

    `probabilities [N, C]` and `metrics` stand by split, `behaviour` by capability, `modifiers` by word and
    place; `abstain` is the band of unsure answers, `microseconds` the median time of one review alone.
    """

    probabilities: dict[str, Array]
    metrics: dict[str, Metrics]
    behaviour: dict[str, Capability]
    modifiers: Gains
    abstain: Abstain | None
    microseconds: float


def measure_model(model: TrainedModel, dataset: Dataset, abstain_accuracy: float) -> Measurements:
    """Measure `model` on the validation and test reviews of `dataset`, on the test of behaviour, and its modifiers.

    It should abstain where its answers are right less often than `abstain_accuracy`.
    """
    session = open_step_graph(model.weights)
    splits = {"validation": dataset.validation, "test": dataset.test}
    probabilities = {name: softmax(run_many(session, examples.ids)) for name, examples in splits.items()}
    metrics = {name: measure(probabilities[name], examples.targets) for name, examples in splits.items()}

    def predict(texts: Sequence[str]) -> Array:
        return softmax(run_many(session, encode(texts, model.vocabulary)))

    return Measurements(
        probabilities,
        metrics,
        behaviour(predict, dataset.labels),
        modifier_gains(predict, dataset.labels),
        abstain_band(probabilities, splits, abstain_accuracy),
        median_microseconds(lambda text: run_whole(session, encode([text], model.vocabulary)), dataset.test.texts),
    )


def median_microseconds(predict: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return the median time of a prediction, over the first texts, one at a time."""
    seconds = []
    for text in texts[:TIMED_TEXTS]:
        before = time.perf_counter()
        predict(text)
        seconds.append(time.perf_counter() - before)
    return 1e6 * float(np.median(seconds))
