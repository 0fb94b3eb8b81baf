"""With telemetry on, a request is a span of its caller's trace, named in OpenMetrics, and says nothing of the text."""

import builtins
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from service.api.telemetry import with_telemetry
from service.settings import InvalidSettings, Settings
from tests.serving import serving

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(BaseHTTPRequestHandler):
    """Keeps what is exported to it."""

    bodies: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Nothing."""


def test_a_request_is_a_span_of_its_callers_trace(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        monkeypatch.setenv("GATESCOPE_TELEMETRY", "true")
        with serving(repository, "--workers", "1") as root:
            body = json.dumps({"text": "an amazing secret"}).encode()
            headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
            with urllib.request.urlopen(urllib.request.Request(f"{root}/v1/predict", body, headers)) as answer:
                assert answer.status == 200
            scrape = {"Accept": "application/openmetrics-text"}
            with urllib.request.urlopen(urllib.request.Request(f"{root}/metrics", headers=scrape)) as answer:
                lines = answer.read().decode().splitlines()
        collector.shutdown()
    exported = b"".join(Collector.bodies)
    assert bytes.fromhex(TRACE) in exported
    assert b"/v1/predict" in exported and b"/health/ready" not in exported
    assert b"amazing" not in exported
    (exemplar,) = (line for line in lines if f'# {{trace_id="{TRACE}"}}' in line)
    assert exemplar.startswith("http_server_request_duration_seconds_bucket{") and "/v1/predict" in exemplar


def test_without_the_extra_the_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InvalidSettings, match=r"gatescope\[telemetry\]"):
        with_telemetry(None, Settings(telemetry=True))
