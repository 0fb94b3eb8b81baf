"""What computes the networks: what is asked for, or the next best where that is missing."""

from typing import Literal

import onnxruntime as ort
import structlog

from models.network.compiled_session import IMPORT_ERROR
from service.settings import InvalidSettings, Settings

log = structlog.get_logger("gatescope")

CUDA = "CUDAExecutionProvider"


def provider_of(settings: Settings) -> Literal["cpu", "onnxruntime", "cuda"]:
    """The provider to be used. Raises `InvalidSettings` where CUDA is asked for, missing, and no fallback allowed."""
    if settings.provider == "cuda" and CUDA in ort.get_available_providers():
        return "cuda"
    if settings.provider == "cuda":
        missing = "provider: this ONNX Runtime has no CUDA; install gatescope[gpu] instead of gatescope[cpu]"
        if not settings.provider_fallback:
            raise InvalidSettings(f"{missing}, or set provider_fallback to use the CPU")
        log.warning("CUDA is missing, the networks run on the CPU", reason=missing)
    if settings.provider == "onnxruntime":
        return "onnxruntime"
    if IMPORT_ERROR:
        log.warning("the compiled loops are missing, ONNX Runtime computes", reason=IMPORT_ERROR)
        return "onnxruntime"
    return "cpu"
