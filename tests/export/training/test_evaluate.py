import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.training.evaluate import (
    calibration_by_chance,
    calibration_error,
    confusion,
    fit_temperature,
    measure,
    wilson,
)
from models.network.equations import softmax


def test_the_figures_of_a_small_table_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
    targets = np.array([0, 1, 0, 1])
    metrics = measure(probabilities, targets)
    assert metrics.rows == 4
    assert metrics.accuracy == 0.5
    assert metrics.f1 == pytest.approx(0.5)
    assert metrics.auc == pytest.approx(0.75)
    assert metrics.log_loss == pytest.approx(-np.log([0.9, 0.4, 0.3, 0.8]).mean())
    assert confusion(probabilities, targets).tolist() == [[1, 1], [1, 1]]


def test_three_labels_are_measured_too_and_one_that_is_never_answered_counts() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.1, 0.2, 0.7]])
    metrics = measure(probabilities, np.array([0, 1, 2, 2]))
    assert metrics.accuracy == 0.75
    assert metrics.f1 == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert metrics.auc == pytest.approx(1.0)
    assert confusion(probabilities, np.array([0, 1, 2, 2])).tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 2]]


def test_wilsons_interval_of_a_known_case() -> None:
    interval = wilson(8, 10)
    assert (interval.low, interval.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@given(st.integers(1, 10_000).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_an_interval_holds_its_share_and_stays_within_0_and_1(counted: tuple[int, int]) -> None:
    right, rows = counted
    interval = wilson(right, rows)
    assert 0.0 <= interval.low <= right / rows + 1e-12
    assert right / rows - 1e-12 <= interval.high <= 1.0


def test_calibration_error_is_the_gap_of_confidence_and_accuracy() -> None:
    sure = np.tile([0.9, 0.1], (30, 1))
    assert calibration_error(sure, np.repeat([0, 1], 15)) == pytest.approx(0.9 - 0.5, abs=0.11)
    assert calibration_error(np.tile([1.0, 0.0], (30, 1)), np.zeros(30, np.int64)) == 0.0


@pytest.mark.parametrize("rows", [300, 1_275])
def test_true_confidences_show_on_average_the_calibration_error_of_chance(rows: int) -> None:
    random = np.random.default_rng(0)
    true = softmax(random.normal(scale=1.5, size=(rows, 2)))
    drawn = [(random.random(rows) < true[:, 1]).astype(np.int64) for _ in range(200)]
    found = float(np.mean([calibration_error(true, targets) for targets in drawn]))
    assert calibration_by_chance(true) == pytest.approx(found, rel=0.1)


def test_certainty_leaves_nothing_to_chance() -> None:
    assert calibration_by_chance(np.tile([1.0, 0.0], (30, 1))) == 0.0


def _sampled(temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and labels drawn from the probabilities that they have at `temperature`."""
    random = np.random.default_rng(0)
    logits = random.normal(scale=3.0, size=(20_000, 3))
    draws = random.random((len(logits), 1))
    return logits, (np.cumsum(softmax(logits / temperature), axis=1) < draws).sum(1).clip(max=2)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_fitted_temperature_is_the_one_that_made_the_labels(temperature: float) -> None:
    assert fit_temperature(*_sampled(temperature)) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("rows", [10, 100])
def test_answers_without_a_mistake_give_no_more_certainty_than_their_number(rows: int) -> None:
    targets = np.arange(rows) % 2
    logits = np.where(np.eye(2)[targets] == 1.0, 3.0, 0.0)
    sure = softmax(logits / fit_temperature(logits, targets)).max(1)
    assert sure == pytest.approx(np.full(rows, (rows + 1) / (rows + 2)), abs=1e-4)


def test_a_fitted_temperature_lessens_log_loss_and_changes_no_answer() -> None:
    logits, targets = _sampled(2.5)
    before, after = softmax(logits), softmax(logits / fit_temperature(logits, targets))
    assert measure(after, targets).log_loss < measure(before, targets).log_loss
    assert measure(after, targets).calibration_error < measure(before, targets).calibration_error
    assert (after.argmax(1) == before.argmax(1)).all()
