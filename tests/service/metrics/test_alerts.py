"""The monitor page's alerts are those of the rules: same names, same bounds, and they hold when they should."""

import re
from collections.abc import Mapping
from math import isclose, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from models.bundle.files import read
from service.metrics.alerts import (
    LEAST_DRIFT_ROWS,
    MOST_DRIFT,
    MOST_SECONDS,
    RULES,
    SLOW_MINUTES,
    alerts,
    drifted,
    levels,
    slow,
)
from service.metrics.drift import Window
from service.metrics.history import History
from service.metrics.predictions import PredictionRecord, ServedVersion
from tests.service.metrics.test_history import RECORD

ROOT = Path(__file__).parents[3]
ELSEWHERE = {
    "GatescopeDown": "a service that does not answer can't tell",
    "GatescopeDrift": "of the windows",
    "GatescopeSlow": "of each model",
}


def held(**figures: float) -> set[str]:
    """The alerts that hold after six hours of a quiet service, the last of which had these figures."""
    quiet = {
        **dict.fromkeys(History().rows({}, 1, "model")[0][0][1], nan),
        "answers_2xx": 1.0,
        "reviews": 1.0,
        "ready_workers": 2.0,
    }
    quiet |= dict.fromkeys(("answers_4xx", "answers_5xx", "rejected", "expired", "failed_loads"), 0.0)
    rows: list[tuple[float, Mapping[str, float]]] = [(60.0 * minute, quiet) for minute in range(300)]
    rows += [(60.0 * minute, quiet | figures) for minute in range(300, 360)]
    return {alert.name for alert in alerts(rows, {}, {})}


def test_nothing_is_wrong_with_a_quiet_service() -> None:
    assert held() == set()


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("GatescopeErrorBudgetBurnsFast", {"answers_5xx": 0.02}),
        ("GatescopeRefuses", {"rejected": 0.02}),
        ("GatescopeRefuses", {"expired": 0.02}),
        ("GatescopeQueueNearLimit", {"queue_filled": 0.9}),
        ("GatescopeNotReady", {"ready_workers": 0}),
        ("GatescopeModelLoadFailed", {"failed_loads": 1}),
        ("GatescopeEventLoopLags", {"lag_p99": 0.1}),
        ("GatescopePaddingWaste", {"padding": 0.6}),
    ],
)
def test_an_alert_holds_over_its_bound(name: str, figures: Mapping[str, float]) -> None:
    assert name in held(**figures)


def test_a_slow_model_is_named_and_the_others_are_not() -> None:
    quick, late = [(0.01, 5.0)] * 10, [(0.01, 5.0)] * 5 + [(0.4, 1.0)] * 4 + [(0.3, 1.0)]
    told = list(slow({"gru": quick, "lstm": late, "rnn": [*late[:-1], (nan, 0.0)], "new": late[-4:]}))
    assert [(alert.name, alert.severity) for alert in told] == [("GatescopeSlow", "page")]
    assert told[0].says == "One in a hundred reviews of lstm takes over 0.30 s."


def test_a_worker_that_went_missing_is_told() -> None:
    rows = [
        (float(minute), {**History().rows({}, 1, "model")[0][0][1], "ready_workers": 2.0 - (minute > 50)})
        for minute in range(60)
    ]
    assert [alert.says for alert in alerts(rows, {}, {})] == [
        "Fewer worker processes are ready than in the last hour: 1 missing."
    ]


def test_names_bounds_and_severities_are_those_of_the_rules_and_the_runbook() -> None:
    groups = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]
    rules: dict[str, Any] = {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}
    runbook = (ROOT / "docs/runbook.md").read_text()
    assert {rule.name for rule in RULES} | set(ELSEWHERE) == set(rules)
    assert rules["GatescopeSlow"]["expr"].endswith(f"> {MOST_SECONDS:g}")
    assert rules["GatescopeSlow"]["for"] == f"{SLOW_MINUTES}m"
    assert f"> {MOST_DRIFT:g} and" in rules["GatescopeDrift"]["expr"]
    assert rules["GatescopeDrift"]["expr"].endswith(f">= {LEAST_DRIFT_ROWS}")
    for rule in RULES:
        assert rule.severity == rules[rule.name]["labels"]["severity"]
        assert f"## {rule.name}\n" in runbook
        found = re.search(r"> ([\d.]+)(?: \* ([\d.]+))?", rules[rule.name]["expr"])
        if found:
            assert isclose(float(found[1]) * float(found[2] or 1), rule.bound), rule.name


def test_every_alert_says_how_near_it_is(repository: Path) -> None:
    quiet = History().rows({}, 1, "model")[0][0][1]
    rows = [(60.0 * minute, {**quiet, "ready_workers": 2.0, "queue_filled": 0.41}) for minute in range(5)]
    told = {level.name: level for level in levels(rows, {"lstm": [(0.2, 5.0)] * 5}, {})}
    assert set(told) == {rule.name for rule in RULES} | set(ELSEWHERE) - {"GatescopeDown"}
    queue, slowest = told["GatescopeQueueNearLimit"], told["GatescopeSlow"]
    assert (queue.value, queue.bound, queue.value_says, queue.bound_says) == (0.41, 0.8, "41%", "80%")
    assert (slowest.value_says, slowest.bound_says) == ("0.200 s", "0.250 s")


def test_drift_is_told_past_the_window_that_the_alert_needs(repository: Path) -> None:
    served = ServedVersion.of(read(repository / "lstm" / "1").manifest)
    window = Window(served)
    columns = dict(zip(PredictionRecord._fields, zip(*[RECORD._replace(words=3000)] * 100, strict=True), strict=True))
    for count in range(1, 6):
        window.add({name: np.array(values) for name, values in columns.items()})
        told = [alert.name for alert in drifted({served.key: window})]
        assert bool(told) == (100 * count >= LEAST_DRIFT_ROWS)
    assert set(told) == {"GatescopeDrift"}
