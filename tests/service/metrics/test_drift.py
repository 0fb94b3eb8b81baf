"""Drift is seen where reviews change, and not where they stay as they were."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.bundle.files import read
from models.bundle.manifest import Histogram
from models.network.equations import Array
from service.metrics.drift import FEATURES, Window, stability_index
from service.metrics.predictions import ServedVersion


def validated(repository: Path) -> ServedVersion:
    """A version whose reference is 1,000 reviews of 5 to 40 words, mostly known, sure and even."""
    manifest = read(repository / "lstm" / "1").manifest
    words = Histogram(edges=(0, 5, 10, 20, 40, 80), counts=(0, 250, 500, 250, 0))
    unknown = Histogram(edges=(0, 0.1, 0.2, 1), counts=(900, 100, 0))
    confidence = Histogram(edges=(0, 0.5, 0.7, 0.9, 1), counts=(0, 200, 400, 400))
    reference = manifest.reference.model_copy(
        update={
            "words": words,
            "unknown_rate": unknown,
            "confidence": confidence,
            "labels": dict.fromkeys(manifest.labels, 500),
        }
    )
    return ServedVersion.of(manifest.model_copy(update={"reference": reference}))


def stream(rows: int, *, shifted: bool, seed: int = 0) -> dict[str, Array]:
    """Reviews like those of the reference, or longer, stranger ones with one answer."""
    draw = np.random.default_rng(seed)
    words = draw.choice([7, 15, 30], rows, p=[0.25, 0.5, 0.25]) if not shifted else draw.integers(40, 79, rows)
    unknown = np.where(draw.random(rows) < (0.9 if not shifted else 0.1), 0, words * 0.15).astype(int)
    confidence = draw.choice([0.6, 0.8, 0.95], rows, p=[0.2, 0.4, 0.4])
    label = draw.integers(0, 2, rows) if not shifted else np.ones(rows, int)
    return {"words": words, "unknown": unknown, "label": label, "confidence": confidence}


def indices(window: Window) -> dict[str, float]:
    return {name: stability_index(window.counts[name].tolist(), window.bins[name].counts) for name in FEATURES}


def test_a_stream_like_validation_does_not_drift(repository: Path) -> None:
    window = Window(validated(repository))
    window.add(stream(2_000, shifted=False))
    assert all(index < 0.1 for index in indices(window).values())


def test_a_stream_that_shifts_drifts_in_what_has_shifted(repository: Path) -> None:
    window = Window(validated(repository))
    window.add(stream(2_000, shifted=False))
    window.add(stream(2_000, shifted=True))
    found = indices(window)
    assert all(found[name] > 0.25 for name in ("words", "unknown_rate", "labels"))
    assert found["confidence"] < 0.1


@given(st.lists(st.integers(1, 30), max_size=12))
def test_the_window_holds_the_last_rows_and_forgets_the_others(repository: Path, sizes: list[int]) -> None:
    served = validated(repository)
    window, parts = Window(served, size=50), []
    for number, size in enumerate(sizes):
        parts.append(stream(size, shifted=bool(number % 2), seed=number))
        window.add(parts[-1])
    fresh = Window(served, size=50)
    if parts:
        fresh.add({name: np.concatenate([part[name] for part in parts])[-50:] for name in parts[0]})
    assert window.rows == min(50, sum(sizes))
    assert all(np.array_equal(window.counts[name], fresh.counts[name]) for name in FEATURES)


def test_the_index_is_symmetric_and_zero_for_like_shares() -> None:
    assert abs(stability_index([10, 20, 70], [100, 200, 700])) < 1e-2
    assert stability_index([1, 2, 3], [3, 2, 1]) == stability_index([3, 2, 1], [1, 2, 3]) > 0
