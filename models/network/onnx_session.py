"""The step graph in ONNX Runtime: on CUDA, on CPUs without the compiled loops, and to check those loops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from models.network.equations import Array, Ids
from models.network.padding import pad
from models.network.session import Chunk, DeviceState, State
from models.network.state import StateTensor, over_time


@dataclass(frozen=True, slots=True)
class Cuda:
    """A GPU to compute on: its number, and the bytes that may be taken of its memory (0: all)."""

    device_id: int = 0
    memory_limit: int = 0


class OnnxSession:
    """A step graph, opened. `graph` is its bytes, `states` the state tensors of the manifest.

    ONNX Runtime uses `threads` for one run, the calling one included. Raises `RuntimeError` where CUDA does not start.
    """

    pads = True

    def __init__(
        self,
        graph: bytes,
        states: Sequence[StateTensor],
        layers: int,
        *,
        cuda: Cuda | None = None,
        threads: int = 1,
        optimised: bool = True,
    ) -> None:
        self._device = ("cuda", cuda.device_id) if cuda else None
        self.backend = "ONNX Runtime, CUDA" if cuda else "ONNX Runtime"
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.enable_mem_pattern = False  # one plan a shape is kept for ever, and every chunk has its own shape
        options.log_severity_level = 3
        if not optimised:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.load_model_format", "ONNX")
        self._session = ort.InferenceSession(graph, options, providers=_providers(cuda))
        if cuda and "CUDAExecutionProvider" not in self._session.get_providers():
            raise RuntimeError("CUDA is asked for, and ONNX Runtime could not start it on this machine")
        self._names = [state.name for state in states]
        self._outputs = ["logits", "probabilities", *(state.output for state in states)]
        self._traced = [*self._outputs, *map(over_time, range(layers))]
        self.empty_state: State = tuple(np.zeros((0, *state.shape), state.dtype) for state in states)

    def run(
        self, ids_by_row: Sequence[Ids], carry: Ids, state: DeviceState, *, traced: bool, values: bool = False
    ) -> Chunk:
        """Run the network as `Session.run` says; the graph does not show its gates."""
        return self.run_padded(*pad(ids_by_row), carry, state, traced=traced)

    def run_padded(
        self, token_ids: Ids, lengths: NDArray[np.int32], carry: Ids, state: DeviceState, *, traced: bool = False
    ) -> Chunk:
        """Compute one chunk of rows that are padded already: `token_ids [T, B]`, `lengths [B]`."""
        feed = {"token_ids": token_ids, "lengths": lengths, "carry": carry}
        feed.update(zip(self._names, state, strict=True))
        names, end = self._traced if traced else self._outputs, len(self._outputs)
        values = self._session.run(names, feed) if self._device is None else self._bound(names, feed, self._device)
        return Chunk(values[0], values[1], tuple(values[2:end]), values[end:])

    def import_state(self, state: State) -> State:
        """Return `state`: the graph keeps the manifest's state tensors as they are."""
        return state

    def export_state(self, state: State) -> State:
        """Return `state`, see `import_state`."""
        return state

    def _bound(self, names: Sequence[str], feed: dict[str, Array | ort.OrtValue], device: tuple[str, int]) -> list[Any]:
        """Run with the state tensors, in and out, left on the device; everything else comes as arrays."""
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


def _providers(cuda: Cuda | None) -> list[str | tuple[str, dict[str, int]]]:
    if cuda is None:
        return ["CPUExecutionProvider"]
    limit = {"gpu_mem_limit": cuda.memory_limit} if cuda.memory_limit else {}
    return [("CUDAExecutionProvider", {"device_id": cuda.device_id, **limit}), "CPUExecutionProvider"]
