"""`GET /metrics` for Prometheus, `GET /metrics/history` for the monitor page."""

import asyncio
from functools import partial
from typing import Annotated

from litestar import Response, get
from litestar.params import FromQuery, HeaderParameter, QueryParameter
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPEN_METRICS

from service.api.compression import ENCODINGS, packed
from service.api.dependencies import Context, Encoding
from service.api.described import answer
from service.metrics.history import KEPT, By
from service.metrics.service_metrics import ServiceMetrics

Accept = Annotated[str, HeaderParameter(name="Accept", include_in_schema=False)]
MEDIA_TYPE = CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")


@get("/metrics", responses={200: answer(str, "text/plain", "Text for Prometheus.")})
async def metrics(context: Context, encoding: Encoding, accept: Accept = "") -> Response[bytes]:
    """Return all metrics as text, in OpenMetrics where that is asked for, those of all worker processes added up."""
    context.sampler.flush()
    open_metrics = "application/openmetrics-text" in accept
    media_type = OPEN_METRICS if open_metrics else MEDIA_TYPE
    content = await context.control.metrics(partial(ServiceMetrics.text, open_metrics=open_metrics))
    return await _sent(content, media_type, encoding)


@get("/metrics/history", include_in_schema=False)
async def history(
    context: Context,
    encoding: Encoding,
    minutes: Annotated[int, QueryParameter(ge=1, le=KEPT)] = KEPT,
    by: FromQuery[By] = "model",
) -> Response[bytes]:
    """Return the last minutes of all worker processes together, a row each, grouped `by`, and the alerts."""
    context.sampler.flush()
    content = await context.control.metrics(partial(ServiceMetrics.history, minutes=minutes, by=by))
    return await _sent(content, "application/json", encoding)


async def _sent(content: bytes, media_type: str, encoding: str) -> Response[bytes]:
    return packed(await asyncio.to_thread(ENCODINGS[encoding], content), media_type, encoding)
