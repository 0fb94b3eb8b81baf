"""One step graph in ONNX Runtime, for as many threads as call it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.bundle import Bundle
from models.cells import Array
from models.states import over_time
from service.engine.interface import EngineSettings, Memory

Held = tuple[Array | ort.OrtValue, ...]
"""State tensors `[S, ...]` where the next run wants them: arrays, or values that never leave the device."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one run gives: `logits`, `probabilities` `[B, C]`, state tensors `[B, ...]`, hidden states `[T, B, H]`."""

    logits: Array
    probabilities: Array
    memory: Held
    hidden: Sequence[Array]


class Session:
    """The step graph of one bundle. It runs on the thread that calls it: ONNX Runtime gets no threads of its own."""

    def __init__(self, bundle: Bundle, settings: EngineSettings) -> None:
        self._device = ("cuda", settings.device_id) if settings.provider == "cuda" else None
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.enable_mem_pattern = False  # one plan a shape is kept for ever, and every chunk has its own shape
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(bundle.step_graph), options, providers=_providers(settings))
        if self._device is not None and "CUDAExecutionProvider" not in self._session.get_providers():
            raise RuntimeError("CUDA is asked for, and ONNX Runtime could not start it on this machine")
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
        memory: Held,
        *,
        traced: bool,
    ) -> Chunk:
        """One chunk, `token_ids [T, B]` with T and B >= 1; hidden states over time only where `traced`."""
        feed = {"token_ids": token_ids, "lengths": lengths, "carry": carry}
        feed.update(zip(self._names, memory, strict=True))
        names, end = self._traced if traced else self._outputs, len(self._outputs)
        values = self._session.run(names, feed) if self._device is None else self._bound(names, feed, self._device)
        return Chunk(values[0], values[1], tuple(values[2:end]), values[end:])

    def _bound(self, names: Sequence[str], feed: dict[str, Array | ort.OrtValue], device: tuple[str, int]) -> list[Any]:
        """The same run with the state tensors, in and out, left on the device; everything else comes as arrays."""
        binding = self._session.io_binding()
        for name, value in feed.items():
            if isinstance(value, ort.OrtValue):
                binding.bind_ortvalue_input(name, value)
            else:
                binding.bind_cpu_input(name, np.ascontiguousarray(value))
        states = range(2, len(self._outputs))
        for index, name in enumerate(names):
            binding.bind_output(name, *(device if index in states else ("cpu", 0)))
        self._session.run_with_iobinding(binding)
        return [value if index in states else value.numpy() for index, value in enumerate(binding.get_outputs())]


def fetched(memory: Held) -> Memory:
    """State tensors as arrays, brought over from the device where they are there."""
    return tuple(value.numpy() if isinstance(value, ort.OrtValue) else value for value in memory)


def _providers(settings: EngineSettings) -> list[str | tuple[str, dict[str, int]]]:
    if settings.provider == "cpu":
        return ["CPUExecutionProvider"]
    limit = {"gpu_mem_limit": settings.memory_limit} if settings.memory_limit else {}
    return [("CUDAExecutionProvider", {"device_id": settings.device_id, **limit}), "CPUExecutionProvider"]
