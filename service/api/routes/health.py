"""`/health`: whether the process works, and whether requests should be sent to it."""

import asyncio

from litestar import Response, get

from service.api.context import AppContext
from service.api.dependencies import Context
from service.api.described import answer
from service.api.schemas import Liveness, Readiness


@get("/health/live")
async def live() -> Liveness:
    """Answer 200 as long as the process answers at all, also while it drains."""
    return Liveness(live=True)


@get("/health/ready", responses={503: answer(Readiness, description="Not ready; `reason` says why.")})
async def ready(context: Context) -> Response[Readiness]:
    """Answer 200 where every model is loaded, replayed and warm; else 503 with the reason."""
    reason = why_not_ready(context)
    states = await asyncio.to_thread(context.catalog.states)
    body = Readiness(ready=not reason, reason=reason, models=states)
    return Response(body, status_code=503 if reason else 200)


def why_not_ready(context: AppContext) -> str:
    """Return why no request should be sent here; empty where nothing speaks against it."""
    catalog = context.catalog
    if context.draining:
        return "draining"
    if not catalog.started:
        return "models are being loaded"
    if not catalog.newest():
        return "no model is served"
    if context.settings.strict_readiness and (missing := catalog.missing()):
        return f"no valid version of {', '.join(missing)}"
    return context.others
