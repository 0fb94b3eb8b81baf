"""`GET /metrics` for Prometheus."""

from typing import Any

from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST

from service.api.context import context_of

MEDIA_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")


@get("/metrics")
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """All metrics as text, those of all worker processes added up."""
    parts = context_of(request.scope)
    parts.sampler.flush()
    return Response(await parts.control.metrics(), media_type=MEDIA_TYPE)
