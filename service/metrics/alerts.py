"""What is wrong now: the alerts of `deploy/prometheus/rules.yml`, read from the last minutes of the service itself.

For whoever looks at the monitor page, with or without a Prometheus. Names and bounds are those of the rules; the
runbook has a section of the same name for each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from service.metrics.drift import FEATURES, Window, stability_index
from service.metrics.grouped import AnswersByName
from service.metrics.history import Row

LONGEST = 360
"""Minutes that the alerts look back."""
LEAST_DRIFT_ROWS = 500
MOST_DRIFT = 0.25
MOST_SECONDS = 0.25
SLOW_MINUTES = 5
SEE = "See below where a review's time goes: waiting means too little processor, network means longer reviews."
READ_THEM = "Read a sample of the new reviews; where they differ from those it learnt from, train on newer ones."

Measure = Callable[[Sequence[Row]], float]
"""A figure of the last minutes, the newest last; the alert holds where it is over its bound."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert: what it measures, its bound, and what is said, with the figure in it, and what to do first.

    `description` says what the figure is of, `figure_format` how it is written.
    """

    name: str
    severity: str
    measure: Measure
    bound: float
    says: str
    remedy: str
    description: str
    figure_format: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that holds now."""

    name: str
    severity: str
    says: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Level:
    """How near an alert is: its figure now and its bound, as numbers and as they are written."""

    name: str
    severity: str
    description: str
    value: float
    bound: float
    value_says: str
    bound_says: str


def always_over(column: str, minutes: int) -> Measure:
    """Return a measure: the least of a figure over the last minutes, where there are so many."""

    def measure(rows: Sequence[Row]) -> float:
        values = [figures[column] for _, figures in rows[-minutes:]]
        return min(values) if len(values) == minutes and not any(map(isnan, values)) else 0.0

    return measure


def share(parts: Sequence[str], whole: Sequence[str], *spans: int) -> Measure:
    """Return a measure: the share of `parts` in `whole`, the least of those over the last so many minutes."""

    def over(rows: Sequence[Row], minutes: int) -> float:
        some, all_of = (
            sum(figures[name] for _, figures in rows[-minutes:] for name in names) for names in (parts, whole)
        )
        return some / all_of if all_of else 0.0

    return lambda rows: min(over(rows, minutes) for minutes in spans)


def failed_loads(rows: Sequence[Row]) -> float:
    """Return how many loads failed in the last quarter of an hour."""
    return sum(figures["failed_loads"] for _, figures in rows[-15:])


def missing_workers(rows: Sequence[Row]) -> float:
    """Return how many worker processes fewer are ready than at the best moment of the last hour."""
    ready = [figures["ready_workers"] for _, figures in rows[-60:] if not isnan(figures["ready_workers"])]
    return max(ready) - ready[-1] if ready else 0.0


def not_ready(rows: Sequence[Row]) -> float:
    """Return 1 where no worker process is ready, and the service is not about to stop."""
    return float(rows[-1][1]["ready_workers"] == 0)


ANSWERS = ("answers_2xx", "answers_4xx", "answers_5xx")

RULES = (
    Rule(
        "GatescopeNotReady",
        "page",
        not_ready,
        0,
        "The service is up and not ready.",
        "GET /health/ready says why: models that are still loading, or none that is valid.",
        "services that are not ready",
        "{:.0f}",
    ),
    Rule(
        "GatescopeErrorBudgetBurnsFast",
        "page",
        share(ANSWERS[2:], ANSWERS, 60, 5),
        14.4 * 0.001,
        "{:.1%} of answers are server errors.",
        "500: the log has a line each, with the request id. 503: not ready. 504: see GatescopeRefuses.",
        "server errors, of the answers of five minutes and of an hour",
        "{:.1%}",
    ),
    Rule(
        "GatescopeRefuses",
        "page",
        share(("rejected", "expired"), ("reviews",), 5),
        0.01,
        "{:.1%} of reviews are refused or run out of time.",
        "429: add replicas. 504: clients ask for less time than the queue takes.",
        "refused or too late, of the reviews of five minutes",
        "{:.1%}",
    ),
    Rule(
        "GatescopeErrorBudgetBurnsSlowly",
        "ticket",
        share(ANSWERS[2:], ANSWERS, LONGEST, 30),
        6 * 0.001,
        "{:.1%} of the answers of six hours are server errors.",
        "As for GatescopeErrorBudgetBurnsFast, by daylight.",
        "server errors, of the answers of half an hour and of six hours",
        "{:.1%}",
    ),
    Rule(
        "GatescopeQueueNearLimit",
        "ticket",
        always_over("queue_filled", 3),
        0.8,
        "Accepted work fills {:.0%} of its bound.",
        "Add replicas, before clients are refused.",
        "accepted work, of its bound, for three minutes",
        "{:.0%}",
    ),
    Rule(
        "GatescopeWorkerMissing",
        "ticket",
        missing_workers,
        0,
        "Fewer worker processes are ready than in the last hour: {:.0f} missing.",
        "A worker that ends is replaced; the log says why it ended, and what a new one failed at.",
        "worker processes fewer than in the last hour",
        "{:.0f}",
    ),
    Rule(
        "GatescopeModelLoadFailed",
        "ticket",
        failed_loads,
        0,
        "{:.0f} loads of a model failed in the last quarter of an hour.",
        "What was served is served on. `gatescope verify` says what is wrong with the new version.",
        "loads that failed in a quarter of an hour",
        "{:.0f}",
    ),
    Rule(
        "GatescopeEventLoopLags",
        "ticket",
        always_over("lag_p99", 5),
        0.05,
        "The event loop wakes up to {:.2f} s late.",
        "Something else uses the cores, or a request holds the loop.",
        "the event loop wakes late, for five minutes",
        "{:.3f} s",
    ),
    Rule(
        "GatescopePaddingWaste",
        "ticket",
        always_over("padding", 30),
        0.5,
        "{:.0%} of what is computed is padding.",
        "Reviews that come one by one make it, and it costs nothing then; under load it is a fault to report.",
        "padding, of what was computed, for half an hour",
        "{:.0%}",
    ),
)


def alerts(rows: Sequence[Row], models: AnswersByName, windows: Mapping[tuple[str, str], Window]) -> list[Alert]:
    """Return the alerts that hold now, the worst first; `models` are the same minutes by model."""
    measured = ((rule, rule.measure(rows)) for rule in RULES)
    held = [Alert(r.name, r.severity, r.says.format(value), r.remedy) for r, value in measured if value > r.bound]
    return sorted([*held, *slow(models), *drifted(windows)], key=lambda alert: alert.severity)


def levels(rows: Sequence[Row], models: AnswersByName, windows: Mapping[tuple[str, str], Window]) -> Sequence[Level]:
    """Return how near each alert is, in the order of the rules; arguments are those of `alerts`."""
    slowest = max(slow_seconds(models).values(), default=0.0)
    furthest = max((index for indices in drift_indices(windows).values() for index in indices.values()), default=0.0)
    return [
        *(_level(r.name, r.severity, r.description, r.measure(rows), r.bound, r.figure_format) for r in RULES),
        _level("GatescopeSlow", "page", "the slowest hundredth, for five minutes", slowest, MOST_SECONDS, "{:.3f} s"),
        _level("GatescopeDrift", "ticket", "stability index of a whole window", furthest, MOST_DRIFT, "{:.2f}"),
    ]


def _level(name: str, severity: str, description: str, value: float, bound: float, figure_format: str) -> Level:
    return Level(name, severity, description, value, bound, figure_format.format(value), figure_format.format(bound))


def slow(models: AnswersByName) -> Iterable[Alert]:
    """Yield an alert for every model that was slow in each of the last minutes."""
    for name, seconds in slow_seconds(models).items():
        if seconds > MOST_SECONDS:
            yield Alert("GatescopeSlow", "page", f"One in a hundred reviews of {name} takes over {seconds:.2f} s.", SEE)


def slow_seconds(models: AnswersByName) -> Mapping[str, float]:
    """Return the least that the slowest hundredth took in the last minutes; a model that rested is left out."""
    latest = {name: [p99 for p99, _ in rows[-SLOW_MINUTES:]] for name, rows in models.items()}
    return {
        name: min(seconds)
        for name, seconds in latest.items()
        if len(seconds) == SLOW_MINUTES and not any(map(isnan, seconds))
    }


def drifted(windows: Mapping[tuple[str, str], Window]) -> Iterable[Alert]:
    """Yield an alert for every version whose window, where it holds enough, is far from its validation reviews."""
    for (name, version), indices in drift_indices(windows).items():
        moved = [f"{feature.replace('_', ' ')} {index:.2f}" for feature, index in indices.items() if index > MOST_DRIFT]
        if moved:
            says = f"What {name} version {version} reads has moved, by the stability index: {', '.join(moved)}."
            yield Alert("GatescopeDrift", "ticket", says, READ_THEM)


def drift_indices(windows: Mapping[tuple[str, str], Window]) -> Mapping[tuple[str, str], Mapping[str, float]]:
    """Return the stability index of each feature, of every version whose window holds enough."""
    return {
        key: {
            feature: stability_index(window.counts[feature].tolist(), window.bins[feature].counts)
            for feature in FEATURES
        }
        for key, window in list(windows.items())
        if window.rows >= LEAST_DRIFT_ROWS
    }
