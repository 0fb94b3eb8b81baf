"""`/health`: whether the process works, and whether requests should be sent to it."""

import asyncio
from typing import Any

from litestar import Request, Response, get

from service.api.context import Parts, context_of
from service.api.http import json_response
from service.api.schemas import Liveness, Readiness


@get("/health/live")
async def live() -> Response[bytes]:
    """200 as long as the process answers at all, also while it drains."""
    return json_response(Liveness(live=True))


@get("/health/ready")
async def ready(request: Request[Any, Any, Any]) -> Response[bytes]:
    """200 where every model is loaded, replayed and warm; else 503 with the reason."""
    parts = context_of(request.scope)
    reason = why_not_ready(parts)
    states = await asyncio.to_thread(parts.catalog.states)
    return json_response(Readiness(ready=not reason, reason=reason, models=states), 503 if reason else 200)


def why_not_ready(parts: Parts) -> str:
    """Why no request should be sent here; empty where nothing speaks against it."""
    catalog = parts.catalog
    if parts.draining:
        return "draining"
    if not catalog.started:
        return "models are being loaded"
    if not catalog.newest():
        return "no model is served"
    if parts.settings.strict_readiness and (missing := catalog.missing()):
        return f"no valid version of {', '.join(missing)}"
    return parts.others
