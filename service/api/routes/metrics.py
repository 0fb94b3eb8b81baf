"""`GET /metrics` for Prometheus."""

import asyncio

from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST

from service.api.compression import compressed, in_gzip
from service.api.dependencies import Context, Gzip
from service.api.described import answer

MEDIA_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")


@get("/metrics", responses={200: answer(str, "text/plain", "Text for Prometheus.")})
async def metrics(context: Context, gzip: Gzip) -> Response[bytes]:
    """Return all metrics as text, those of all worker processes added up."""
    context.sampler.flush()
    text = await context.control.metrics()
    if not gzip:
        return Response(text, media_type=MEDIA_TYPE)
    return in_gzip(await asyncio.to_thread(compressed, text), MEDIA_TYPE)
