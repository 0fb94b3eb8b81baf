"""Every route, by what a key must allow for it."""

from collections.abc import Mapping, Sequence

from litestar.handlers.base import BaseRouteHandler

from service.api.auth import Access
from service.api.routes import (
    batch,
    compare,
    corpus,
    counterfactuals,
    health,
    metrics,
    models,
    page,
    predict,
    shapes,
    stream,
    trace,
    v2,
    v2_repository,
)

ROUTES: Mapping[Access, Sequence[BaseRouteHandler]] = {
    Access.OPEN: [
        health.live,
        health.ready,
        v2.live,
        v2.ready,
        metrics.metrics,
        metrics.history,
        page.page,
        page.asset,
    ],
    Access.PREDICT: [
        predict.predict,
        compare.compare,
        batch.batch,
        stream.stream,
        models.models,
        models.model_versions,
        models.model_version,
        shapes.predict,
        shapes.classify,
        shapes.invocations,
        v2.server,
        v2.model_metadata,
        v2.model_ready,
        v2.infer,
        v2_repository.index,
    ],
    Access.TRACE: [
        counterfactuals.counterfactuals,
        trace.trace,
        corpus.units,
        corpus.unit_places,
        corpus.model_slices,
        corpus.similar,
    ],
    Access.ADMIN: [v2_repository.load, v2_repository.unload],
}
"""All but `/schema`, which describes them."""
