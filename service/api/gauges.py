"""The gauges of one process: how it is at this moment."""

from service.api.context import AppContext
from service.api.routes.health import why_not_ready
from service.metrics.gauges import GaugeValues


def gauges_of(context: AppContext) -> GaugeValues:
    """Return the value of every gauge that `service.metrics.gauges` defines, but those of the process itself."""
    engine, ready = context.engine, not why_not_ready(context)
    models = [(model, engine.queue(model)) for model in context.catalog]
    versions = [(model, (model.name, str(model.version))) for model in context.catalog]
    return {
        "gatescope_batch_rows_limit": {(model.name,): model.cost.rows for model, _ in models},
        "gatescope_queue_rows": {(model.name,): queue.rows for model, queue in models},
        "gatescope_queue_tokens": {(model.name,): queue.tokens for model, queue in models},
        "gatescope_queue_predicted_seconds": {(model.name,): queue.seconds for model, queue in models},
        "gatescope_queue_limit_seconds": {(): engine.settings.queue_seconds},
        "gatescope_workers": {(): engine.concurrency},
        "gatescope_workers_busy": {(): engine.busy},
        "gatescope_batch_streams": {(): context.streams.taken},
        "gatescope_typed_texts": {(): context.open_texts.count},
        "gatescope_model_info": {
            (*version, model.bundle.manifest.cell, model.bundle.sha256, "fp32"): 1 for model, version in versions
        },
        "gatescope_model_alias": {
            (*version, alias): 1
            for model, version in versions
            for alias in context.catalog.aliases_of(model.name, model.version)
        },
        "gatescope_model_ready": {version: 1 for _, version in versions},
        "gatescope_model_load_duration_seconds": {version: model.load_seconds for model, version in versions},
        "gatescope_ready": {(): ready},
        "gatescope_ready_workers": {(): ready},
        "gatescope_draining": {(): context.draining},
    }
