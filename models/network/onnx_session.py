"""The step graph in ONNX Runtime: on CUDA, wherever our own loops were not built, and to check those at every load."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.bundle.files import Bundle
from models.network.equations import Array
from models.network.session import Chunk, DeviceState, Memory
from models.network.state import over_time


@dataclass(frozen=True, slots=True)
class Cuda:
    """A GPU to compute on: its number, and the bytes that may be taken of its memory (0: all)."""

    device_id: int = 0
    memory_limit: int = 0


class OnnxSession:
    """The step graph of one bundle. ONNX Runtime gets no threads of its own."""

    pads = True

    def __init__(self, bundle: Bundle, cuda: Cuda | None = None) -> None:
        self._device = ("cuda", cuda.device_id) if cuda else None
        self.how = "ONNX Runtime, CUDA" if self._device else "ONNX Runtime"
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.enable_mem_pattern = False  # one plan a shape is kept for ever, and every chunk has its own shape
        options.log_severity_level = 3
        self._session = ort.InferenceSession(str(bundle.step_graph), options, providers=_providers(cuda))
        if self._device is not None and "CUDAExecutionProvider" not in self._session.get_providers():
            raise RuntimeError("CUDA is asked for, and ONNX Runtime could not start it on this machine")
        states = bundle.manifest.states
        self._names = [state.name for state in states]
        self._outputs = ["logits", "probabilities", *(state.output for state in states)]
        self._traced = [*self._outputs, *map(over_time, range(bundle.manifest.layers))]
        self.nothing: Memory = tuple(np.zeros((0, *state.shape), state.dtype) for state in states)

    def run(
        self, words: Sequence[NDArray[np.int64]], carry: NDArray[np.int64], memory: DeviceState, *, traced: bool
    ) -> Chunk:
        """See `Session.run`."""
        return self.run_padded(*padded(words), carry, memory, traced=traced)

    def run_padded(
        self,
        token_ids: NDArray[np.int64],
        lengths: NDArray[np.int32],
        carry: NDArray[np.int64],
        memory: DeviceState,
        *,
        traced: bool = False,
    ) -> Chunk:
        """The same for words that are laid out already: `token_ids [T, B]`, `lengths [B]`."""
        feed = {"token_ids": token_ids, "lengths": lengths, "carry": carry}
        feed.update(zip(self._names, memory, strict=True))
        names, end = self._traced if traced else self._outputs, len(self._outputs)
        values = self._session.run(names, feed) if self._device is None else self._bound(names, feed, self._device)
        return Chunk(values[0], values[1], tuple(values[2:end]), values[end:])

    def sums(self, ids: NDArray[np.int64], hidden: Sequence[Array]) -> None:
        """The graph does not show its gates."""

    def own(self, memory: Memory) -> Memory:
        """The graph keeps the manifest's state tensors as they are."""
        return memory

    def told(self, own: Memory) -> Memory:
        """See `own`."""
        return own

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


def padded(words: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Rows of words as `token_ids [T, B]`, padded with zeros to the longest, and their `lengths [B]`."""
    lengths = [*map(len, words)]
    steps = max(lengths)
    padding = np.zeros(steps, np.int64)
    pieces = []
    for row, length in zip(words, lengths, strict=True):
        pieces.append(row)
        if length < steps:
            pieces.append(padding[length:])
    token_ids = np.concatenate(pieces).reshape(len(lengths), steps).T
    return np.ascontiguousarray(token_ids), np.array(lengths, np.int32)


def _providers(cuda: Cuda | None) -> list[str | tuple[str, dict[str, int]]]:
    if cuda is None:
        return ["CPUExecutionProvider"]
    limit = {"gpu_mem_limit": cuda.memory_limit} if cuda.memory_limit else {}
    return [("CUDAExecutionProvider", {"device_id": cuda.device_id, **limit}), "CPUExecutionProvider"]
