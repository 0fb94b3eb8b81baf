"""Where the networks run: on the provider asked for, or on the CPU where that is missing and a setting allows it."""

from typing import Literal

import onnxruntime as ort
import structlog

from service.settings import InvalidSettings, Settings

log = structlog.get_logger("gatescope")

CUDA = "CUDAExecutionProvider"


def provider_of(settings: Settings) -> Literal["cpu", "cuda"]:
    """The provider to be used. Raises `InvalidSettings` where CUDA is asked for, missing, and no fallback allowed."""
    if settings.provider == "cpu" or CUDA in ort.get_available_providers():
        return settings.provider
    missing = "provider: this ONNX Runtime has no CUDA; install gatescope[gpu] instead of gatescope[cpu]"
    if not settings.provider_fallback:
        raise InvalidSettings(f"{missing}, or set provider_fallback to use the CPU")
    log.warning("CUDA is missing, the networks run on the CPU", reason=missing)
    return "cpu"
