"""One step graph in ONNX Runtime, for as many threads as call it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.bundle import Bundle
from models.cells import Array
from models.states import over_time
from service.engine.interface import EngineSettings, Memory


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one run gives: `logits`, `probabilities` `[B, C]`, state tensors `[B, ...]`, hidden states `[T, B, H]`."""

    logits: Array
    probabilities: Array
    memory: Memory
    hidden: Sequence[Array]


class Session:
    """The step graph of one bundle. It runs on the thread that calls it: ONNX Runtime gets no threads of its own."""

    def __init__(self, bundle: Bundle, settings: EngineSettings) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.enable_mem_pattern = False  # one plan a shape is kept for ever, and every chunk has its own shape
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(bundle.step_graph), options, providers=_providers(settings))
        states = bundle.manifest.states
        self._names = [state.name for state in states]
        self._outputs = ["logits", "probabilities", *(state.output for state in states)]
        self._traced = [*self._outputs, *map(over_time, range(bundle.manifest.layers))]
        self.nothing: Memory = tuple(np.zeros((0, *state.shape), state.dtype) for state in states)
        """The memory before the first run: no rows."""

    def run(
        self,
        token_ids: NDArray[np.int64],
        lengths: NDArray[np.int32],
        carry: NDArray[np.int64],
        memory: Memory,
        *,
        traced: bool,
    ) -> Chunk:
        """One chunk, `token_ids [T, B]` with T and B >= 1; hidden states over time only where `traced`."""
        feed = {"token_ids": token_ids, "lengths": lengths, "carry": carry}
        feed.update(zip(self._names, memory, strict=True))
        values = self._session.run(self._traced if traced else self._outputs, feed)
        end = len(self._outputs)
        return Chunk(values[0], values[1], tuple(values[2:end]), values[end:])


def _providers(settings: EngineSettings) -> list[str | tuple[str, dict[str, int]]]:
    if settings.provider == "cpu":
        return ["CPUExecutionProvider"]
    limit = {"gpu_mem_limit": settings.memory_limit} if settings.memory_limit else {}
    return [("CUDAExecutionProvider", {"device_id": settings.device_id, **limit}), "CPUExecutionProvider"]
