"""`/v2/models/.../stats`: what became of reviews (the extension `statistics`)."""

from litestar import get
from pydantic import BaseModel

from service.api.context import AppContext
from service.api.dependencies import Context
from service.api.described import open_inference_errors
from service.api.routes.models import Name
from service.api.routes.v2 import OF_MODELS, Version, find, of_model
from service.metrics.service_metrics import ServiceMetrics
from service.metrics.statistics import VersionStatistics


class Statistics(BaseModel):
    """What became of the reviews of each served version."""

    model_stats: list[VersionStatistics]


@get("/v2/models/stats", responses=open_inference_errors())
async def all_statistics(context: Context) -> Statistics:
    """Return what became of the reviews of every served version."""
    return await _statistics(context, {(model.name, str(model.version)) for model in context.catalog})


@get(of_model("/stats"), responses=OF_MODELS)
async def model_statistics(name: Name, context: Context, version: Version = None) -> Statistics:
    """Return what became of the reviews of a model's served versions, or of one of them."""
    found = find(context, name, version)
    served = context.catalog.versions_of(name) if version is None else [found]
    return await _statistics(context, {(name, str(model.version)) for model in served})


async def _statistics(context: AppContext, served: set[tuple[str, str]]) -> Statistics:
    context.sampler.flush()
    found = await context.control.metrics(ServiceMetrics.statistics)
    return Statistics(model_stats=[each for each in found if (each.name, each.version) in served])
