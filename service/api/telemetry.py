"""OpenTelemetry, where it is wanted: a span a request, sent by OTLP over HTTP. Needs the extra `telemetry`.

Where spans go is set by the standard variables, `OTEL_EXPORTER_OTLP_ENDPOINT` and the like. Spans hold route, status
and times, never a text.
"""

from typing import cast

from litestar.types import ASGIApp

from service.settings import InvalidSettings, Settings

QUIET = "/health/.*,/metrics"
"""What is asked for all the time by machines gets no span."""


def with_telemetry(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Return `app` with a span around every request where `telemetry` is set.

    Raises `InvalidSettings` without the extra.
    """
    if not settings.telemetry:
        return app
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise InvalidSettings("telemetry: install gatescope[telemetry] to send traces") from error
    provider = TracerProvider(resource=Resource.create({"service.name": "gatescope"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    quiet = {"exclude_spans": ["receive", "send"], "excluded_urls": QUIET}
    return cast(ASGIApp, OpenTelemetryMiddleware(app, tracer_provider=provider, **quiet))  # type: ignore[arg-type]


def current_trace() -> str:
    """Return the id of the trace that is recorded at this moment; an empty string where none is."""
    from opentelemetry.trace import format_trace_id, get_current_span  # noqa: PLC0415 - an extra

    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.trace_flags.sampled else ""
