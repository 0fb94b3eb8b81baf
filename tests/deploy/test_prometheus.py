"""The real Prometheus scrapes the real service: every query of the dashboard and every recording rule has data."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.serving import serving

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "gatescope.json").read_text())
QUERIES = [
    (panel["title"], target["expr"].replace("$__rate_interval", "15s").replace("$job", "gatescope"))
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", [])
]


def tool(name: str) -> str:
    """The path of a program of Debian's `prometheus`; where it is missing the test is skipped, and in CI it fails."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not installed (Debian: apt-get install prometheus)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return found


def test_the_rules_are_valid_and_do_what_their_tests_say() -> None:
    promtool, rules = tool("promtool"), DEPLOY / "prometheus"
    subprocess.run([promtool, "check", "rules", str(rules / "rules.yml")], check=True)
    subprocess.run([promtool, "check", "config", str(rules / "prometheus.yml")], check=True)
    subprocess.run([promtool, "test", "rules", str(rules / "rules_test.yml")], check=True)


def test_every_query_asks_for_series_of_this_service_alone() -> None:
    """Other services have metrics of the same names: those of HTTP are a convention."""
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
    queries = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    queries += [query for _, query in QUERIES]
    selectors = re.findall(r"(?<![\w:])((?:gatescope|http_server)_\w+)(\{job=~?\"gatescope\")?", " ".join(queries))
    assert len(selectors) > 50
    assert [name for name, of_job in selectors if not of_job] == []


def test_the_dashboard_imports_into_any_grafana() -> None:
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert {"datasource", "job"} <= names
    assert set(re.findall(r'"uid": "([^"]*)"', json.dumps(DASHBOARD["panels"]))) == {"${datasource}"}


def test_every_alert_has_a_section_in_the_runbook() -> None:
    alerts = re.findall(r"- alert: (\w+)", (DEPLOY / "prometheus" / "rules.yml").read_text())
    sections = re.findall(r"^## (\w+)", (DEPLOY.parent / "docs" / "runbook.md").read_text(), re.M)
    assert alerts and alerts == sections


@pytest.fixture(scope="module")
def prometheus(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that has watched a busy service for a while."""
    folder, program = tmp_path_factory.mktemp("prometheus"), tool("prometheus")
    with serving(repository) as root:
        address = f"127.0.0.1:{_free_port()}"
        (folder / "prometheus.yml").write_text(_config(root))
        arguments = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        with subprocess.Popen([program, *arguments, f"--web.listen-address={address}", "--log.level=error"]) as process:
            try:
                _keep_busy(root, seconds=16)
                yield f"http://{address}"
            finally:
                process.terminate()


def _config(root: str) -> str:
    return f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{DEPLOY}/prometheus/rules.yml]
scrape_configs: [{{job_name: gatescope, static_configs: [{{targets: ["{root.removeprefix("http://")}"]}}]}}]
"""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _keep_busy(root: str, seconds: float) -> None:
    """Good requests, bad ones, and pages that are not there, a bounded number of them."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for model in ("rnn", "lstm", "gru"):
            _post(f"{root}/v1/predict", {"text": "an amazing plot, but too long", "model": model})
        _post(f"{root}/v1/predict", {"text": "good " * 3000, "model": "lstm"})
        _post(f"{root}/v1/predict", {"text": "   "})
        _post(f"{root}/nowhere", {})
        time.sleep(0.05)


def _post(url: str, body: dict[str, str]) -> None:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode())):
            pass
    except urllib.error.HTTPError as error:
        assert error.code in (404, 422)


def ask(prometheus: str, path: str, **parameters: str) -> Any:
    with urllib.request.urlopen(f"{prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
        return json.load(answer)["data"]


def test_every_panel_of_the_dashboard_has_data(prometheus: str) -> None:
    assert len(QUERIES) > 30
    empty = [title for title, expr in QUERIES if not ask(prometheus, "query", query=expr)["result"]]
    assert not empty


def test_every_rule_is_evaluated_and_every_recorded_series_has_data(prometheus: str) -> None:
    groups = ask(prometheus, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    recorded = [rule["name"] for rule in rules if rule["type"] == "recording"]
    assert recorded
    assert [name for name in recorded if not ask(prometheus, "query", query=name)["result"]] == []


def test_every_metric_that_an_alert_reads_exists(prometheus: str) -> None:
    known = set(ask(prometheus, "label/__name__/values"))
    groups = ask(prometheus, "rules")["groups"]
    queries = [rule["query"] for group in groups for rule in group["rules"] if rule["type"] == "alerting"]
    read = {name for query in queries for name in re.findall(r"\b(?:gatescope[\w:]*|http_server_\w+)\b", query)}
    read.discard("gatescope")
    assert read and not read - known


def test_a_healthy_service_fires_nothing(prometheus: str) -> None:
    assert [alert for alert in ask(prometheus, "alerts")["alerts"] if alert["state"] == "firing"] == []


def test_a_page_that_is_not_there_is_one_series(prometheus: str) -> None:
    routes = ask(prometheus, "label/http_route/values")
    assert "unmatched" in routes
    assert not any("nowhere" in route for route in routes)
