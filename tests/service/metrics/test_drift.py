"""Drift is seen where reviews change, and not where they stay as they were."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge

from models.bundle.files import read
from models.bundle.manifest import Histogram, Manifest
from service.metrics.drift import FEATURES, Window
from service.metrics.exposition import REFERENCE_COUNTS, WINDOW_COUNTS, drift, stability_index
from service.metrics.prediction_record import PredictionRecord


def manifest_of(repository: Path) -> Manifest:
    """A manifest whose reference is 1,000 reviews of 5 to 40 words, mostly known, sure and even."""
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
    return manifest.model_copy(update={"reference": reference})


def stream(rows: int, *, shifted: bool, seed: int = 0) -> list[PredictionRecord]:
    """Reviews like those of the reference, or longer, stranger ones with one answer."""
    draw = np.random.default_rng(seed)
    words = draw.choice([7, 15, 30], rows, p=[0.25, 0.5, 0.25]) if not shifted else draw.integers(40, 79, rows)
    unknown = np.where(draw.random(rows) < (0.9 if not shifted else 0.1), 0, words * 0.15).astype(int)
    confidence = draw.choice([0.6, 0.8, 0.95], rows, p=[0.2, 0.4, 0.4])
    label = draw.integers(0, 2, rows) if not shifted else np.ones(rows, int)
    return [
        PredictionRecord(0, 0, 0, 0, 0, int(w), int(u), False, int(y), float(c))
        for w, u, c, y in zip(words, unknown, confidence, label, strict=True)
    ]


def indices(window: Window) -> dict[str, float]:
    return {name: stability_index(window.counts[name].tolist(), window.bins[name].counts) for name in FEATURES}


def test_a_stream_like_validation_does_not_drift(repository: Path) -> None:
    window = Window(manifest_of(repository))
    window.add(stream(2_000, shifted=False))
    assert all(index < 0.1 for index in indices(window).values())


def test_a_stream_that_shifts_drifts_in_what_has_shifted(repository: Path) -> None:
    window = Window(manifest_of(repository))
    window.add(stream(2_000, shifted=False))
    window.add(stream(2_000, shifted=True))
    found = indices(window)
    assert all(found[name] > 0.25 for name in ("words", "unknown_rate", "labels"))
    assert found["confidence"] < 0.1


@given(st.lists(st.integers(1, 30), max_size=12))
def test_the_window_holds_the_last_rows_and_forgets_the_others(repository: Path, sizes: list[int]) -> None:
    manifest = manifest_of(repository)
    window, everything = Window(manifest, size=50), list[PredictionRecord]()
    for number, size in enumerate(sizes):
        part = stream(size, shifted=bool(number % 2), seed=number)
        everything += part
        window.add(part)
    fresh = Window(manifest, size=50)
    fresh.add(everything[-50:])
    assert window.rows == min(50, len(everything))
    assert all(np.array_equal(window.counts[name], fresh.counts[name]) for name in FEATURES)


def test_the_index_is_symmetric_and_zero_for_like_shares() -> None:
    assert abs(stability_index([10, 20, 70], [100, 200, 700])) < 1e-2
    assert stability_index([1, 2, 3], [3, 2, 1]) == stability_index([3, 2, 1], [1, 2, 3]) > 0


def test_the_scrape_has_the_index_of_all_workers_together() -> None:
    registry = CollectorRegistry()
    labels = ["model", "version", "feature", "bin"]
    window = Gauge(WINDOW_COUNTS, "window", labels, registry=registry)
    reference = Gauge(REFERENCE_COUNTS, "reference", labels, registry=registry)
    for name, (now, before) in {"rotten": (90, 50), "fresh": (10, 50)}.items():
        window.labels("lstm", "1", "labels", name).set(now)
        reference.labels("lstm", "1", "labels", name).set(before)
    counts = [sample for family in registry.collect() for sample in family.samples]
    found = {sample.name: sample.value for family in drift(counts) for sample in family.samples}
    assert found["gatescope_drift_window_rows"] == 100
    assert found["gatescope_drift_psi"] == stability_index([90, 10], [50, 50])
