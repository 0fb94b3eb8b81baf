"""What computes the networks: the one place where the setting `provider` is read."""

import onnxruntime as ort
import structlog

from models.bundle.open_session import Provider
from models.network.compiled_session import IMPORT_ERROR
from models.network.onnx_session import Cuda
from service.settings import InvalidSettings, Settings

log = structlog.get_logger("gatescope")

CUDA = "CUDAExecutionProvider"


def provider_of(settings: Settings) -> Provider:
    """Return what computes. Raises `InvalidSettings` where what is asked for is missing, and nothing may replace it.

    `auto` is the compiled loops, or ONNX Runtime on the CPU where they were not built.
    """
    match settings.provider:
        case "onnxruntime":
            return "onnxruntime"
        case "cuda" if CUDA in ort.get_available_providers():
            return Cuda(settings.device_id, settings.device_memory)
        case "cuda":
            missing = "provider: this ONNX Runtime has no CUDA; install gatescope[gpu] instead of gatescope[cpu]"
            if not settings.provider_fallback:
                raise InvalidSettings(f"{missing}, or set provider_fallback to use the CPU")
            log.warning("CUDA is missing, the networks run on the CPU", reason=missing)
        case "native" if IMPORT_ERROR:
            raise InvalidSettings(f"provider: the compiled loops were not built ({IMPORT_ERROR}); take auto")
    if IMPORT_ERROR:
        log.warning("the compiled loops are missing, ONNX Runtime computes", reason=IMPORT_ERROR)
        return "onnxruntime"
    return "native"
