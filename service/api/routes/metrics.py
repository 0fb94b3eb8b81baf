"""`GET /metrics` for Prometheus."""

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST

from service.api.dependencies import Context
from service.api.described import answer

MEDIA_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")


@get("/metrics", responses={200: answer(str, "text/plain", "Text for Prometheus.")})
async def metrics(context: Context) -> Response[bytes]:
    """Return all metrics as text, those of all worker processes added up."""
    context.sampler.flush()
    return Response(await context.control.metrics(), media_type=MEDIA_TYPE)
