"""What became of each version's reviews, as the statistics extension of the Open Inference Protocol writes it."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from prometheus_client import Metric
from pydantic import BaseModel, Field

from service.metrics.definitions import PREFIX, VERSION

PHASES = {
    "success": "request_duration_seconds",
    "queue": "queue_seconds",
    "compute_input": "tokenization_seconds",
    "compute_infer": "compute_seconds",
    "compute_output": "postprocess_seconds",
}
"""The histogram that each duration is of."""


class Duration(BaseModel):
    """How often something was done, and the nanoseconds that all of it took."""

    count: int
    ns: int


NONE = Duration(count=0, ns=0)


class InferenceStatistics(BaseModel):
    """What reviews took: in all, waiting, finding words, in the network, writing the prediction. Nothing is cached."""

    success: Duration
    fail: Annotated[Duration, Field(description="reviews without a prediction; their time is not kept")]
    queue: Duration
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration
    cache_hit: Duration = NONE
    cache_miss: Duration = NONE


class VersionStatistics(BaseModel):
    """What became of the reviews of one version since the service started."""

    name: str
    version: str
    last_inference: Annotated[int, Field(description="milliseconds since 1970, to a quarter of a second; 0 is never")]
    inference_count: Annotated[int, Field(description="reviews predicted")]
    execution_count: Annotated[int, Field(description="runs of the network: a long review takes several")]
    inference_stats: InferenceStatistics
    batch_stats: Annotated[list[Duration], Field(description="empty: rows join and leave a batch as it runs")] = []


def statistics_of(families: Iterable[Metric], last: Mapping[tuple[str, str], float]) -> list[VersionStatistics]:
    """Return the statistics of every version whose last prediction `last` has, in seconds since 1970; 0 is never."""
    values: dict[tuple[str, str], dict[str, float]] = {key: {} for key in last}
    for sample in (sample for family in families for sample in family.samples):
        key = tuple(sample.labels.get(name, "") for name in VERSION)
        if key in last and not sample.name.endswith("_bucket"):
            name = sample.name.removeprefix(PREFIX) + sample.labels.get("outcome", "")
            values[key[0], key[1]][name] = sample.value
    return [_statistics(key, values[key], last[key]) for key in sorted(last)]


def _statistics(key: tuple[str, str], values: Mapping[str, float], last: float) -> VersionStatistics:
    durations = {phase: _duration(values, name) for phase, name in PHASES.items()}
    outcomes = sum(count for name, count in values.items() if name.startswith("inference_requests_total"))
    predicted = int(values["inference_requests_totalok"])
    failed = Duration(count=int(outcomes) - predicted, ns=0)
    return VersionStatistics(
        name=key[0],
        version=key[1],
        last_inference=int(1000 * last),
        inference_count=predicted,
        execution_count=int(values.get("inference_batches_total", 0)),
        inference_stats=InferenceStatistics(fail=failed, **durations),
    )


def _duration(values: Mapping[str, float], name: str) -> Duration:
    return Duration(count=int(values[f"{name}_count"]), ns=round(1e9 * values[f"{name}_sum"]))
