"""`/v2/trace/setting`, `/v2/logging`: as Triton answers them. Nothing in them can be set while the service runs."""

from litestar import get
from pydantic import BaseModel

from service.api.dependencies import Context
from service.api.described import open_inference_errors
from service.api.routes.models import Name
from service.api.routes.v2 import OF_MODELS, find


class TraceSettings(BaseModel):
    """Triton's traces of requests: there are none here. `GATESCOPE_TELEMETRY` has the service send OpenTelemetry's."""

    trace_level: list[str] = ["OFF"]
    trace_rate: str = "1000"
    trace_count: str = "-1"
    log_frequency: str = "0"
    trace_file: str = ""
    trace_mode: str = "triton"


class LogSettings(BaseModel):
    """What is logged, in Triton's names: `log_level` of the service's settings."""

    log_file: str = ""
    log_info: bool
    log_warning: bool
    log_error: bool = True
    log_verbose_level: int
    log_format: str = "default"


@get("/v2/trace/setting", responses=open_inference_errors())
async def trace_settings() -> TraceSettings:
    """Return the settings of Triton's traces: off."""
    return TraceSettings()


@get("/v2/models/{name:str}/trace/setting", responses=OF_MODELS)
async def model_trace_settings(name: Name, context: Context) -> TraceSettings:
    """Return the settings of Triton's traces of a model: off."""
    find(context, name, None)
    return TraceSettings()


@get("/v2/logging", responses=open_inference_errors())
async def log_settings(context: Context) -> LogSettings:
    """Return what is logged."""
    level = context.settings.log_level
    return LogSettings(
        log_info=level in ("debug", "info"), log_warning=level != "error", log_verbose_level=int(level == "debug")
    )
