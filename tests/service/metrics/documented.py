"""`docs/metrics.md`, made from the code: `python -m tests.service.metrics.documented` writes it anew."""

from pathlib import Path
from typing import Any

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from models.bundle.manifest import Histogram, Manifest, Reference
from service.metrics.gauges import GAUGES
from service.metrics.predictions import PredictionRecord
from service.metrics.recorder import Recorder
from service.metrics.service_metrics import ServiceMetrics

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
HEAD = """# Metrics

What does `GET /metrics` tell? Every metric, with its labels. The page is made from the code
(`python -m tests.service.metrics.documented`), and a test holds it to that.

A count starts at zero with the service and only grows: read it with `rate()` or `increase()`. A histogram has the
series `_bucket`, `_sum` and `_count`. A gauge tells how things are at this moment; what is gone has no gauge. Counts of
the last four versions that are served no longer stay, then they go, too.

How the workers' figures are added up is in [design.md](design.md#metrics-of-several-processes), what to watch in
[operations.md](operations.md#watching), what to do at an alert in [runbook.md](runbook.md).

| metric | type | labels | what |
|---|---|---|---|
"""


def page() -> str:
    """Return the whole page."""
    families = text_string_to_metric_families(_every_metric().text().decode())
    return HEAD + "\n".join(sorted(map(_row, families))) + "\n"


def _row(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
    return f"| `{name}` | {family.type} | {', '.join(f'`{label}`' for label in labels)} | {family.documentation} |"


def _every_metric() -> ServiceMetrics:
    """Return metrics each of which has a series."""
    bins = Histogram(edges=(0, 1), counts=(1,))
    reference = Reference(words=bins, unknown_rate=bins, confidence=bins, labels={"fresh": 1, "rotten": 1})
    fields: dict[str, Any] = {"name": "lstm", "version": 1, "labels": ("fresh", "rotten"), "reference": reference}
    served = Manifest.model_construct(**fields)
    recorder = Recorder()
    recorder.answered(served, PredictionRecord(1, 1, 1, 1, 1, 1, 1, False, 1, 1))
    recorder.batch("lstm", 1, 1, 1, 1, 1)
    recorder.loaded("lstm", 1, "ok")
    recorder.request("POST", "/v1/predict", 200, 1)
    metrics = ServiceMetrics(100)
    metrics.add(1, recorder.report([served], {gauge.name: {gauge.labels: 1} for gauge in GAUGES}))
    return metrics


if __name__ == "__main__":
    PAGE.write_text(page())
