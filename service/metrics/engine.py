"""The metrics of the engine's runs of a network."""

from models.network.equations import Array
from service.metrics.definitions import MODEL, VERSION, Registry, powers_of_two


class EngineMetrics:
    """How much is computed, and how much of it is padding. A cell is one row x one step."""

    def __init__(self, registry: Registry) -> None:
        self._rows = registry.counter("inference_rows", "Rows of all runs of the network", VERSION)
        self._batches = registry.counter("inference_batches", "Runs of the network", VERSION)
        self._seconds = registry.counter("inference_batch_seconds", "Time of all runs", VERSION)
        self._real_tokens = registry.counter("real_tokens", "Rows x steps computed that hold a word", MODEL)
        self._padded_tokens = registry.counter("padded_tokens", "Rows x steps computed in all, padding included", MODEL)
        self._batch_rows = registry.histogram("batch_rows", "Rows of a run of the network", MODEL, powers_of_two(1024))
        self._batch_padded_tokens = registry.histogram(
            "batch_padded_tokens", "Rows x steps of a run of the network", MODEL, powers_of_two(1 << 16)
        )

    def add(self, name: str, version: str, runs: Array) -> None:
        """Count runs `[N, 4]`: rows, rows x steps that hold a word, rows x steps in all, seconds."""
        rows, real, padded, seconds = runs.T
        self._rows.labels(name, version).inc(float(rows.sum()))
        self._batches.labels(name, version).inc(len(runs))
        self._seconds.labels(name, version).inc(float(seconds.sum()))
        self._real_tokens.labels(name).inc(float(real.sum()))
        self._padded_tokens.labels(name).inc(float(padded.sum()))
        self._batch_rows.labels(name).observe_many(rows)
        self._batch_padded_tokens.labels(name).observe_many(padded)
