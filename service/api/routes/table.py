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
    v2_infer,
    v2_repository,
    v2_settings,
    v2_statistics,
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
        shapes.predict_instances,
        v2.server,
        v2.model_metadata,
        v2.model_ready,
        v2.model_config,
        v2_infer.infer,
        v2_statistics.all_statistics,
        v2_statistics.model_statistics,
        v2_settings.trace_settings,
        v2_settings.model_trace_settings,
        v2_settings.log_settings,
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
