"""Float32 tensors of a safetensors file as memory-mapped, read-only arrays.

The library's NumPy reader copies every tensor; mapped, the workers of one machine share the pages. The format: eight
bytes little-endian with the length of a JSON header, the header, then the data that its offsets point into.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from models.network.equations import Array


def map_tensors(path: Path) -> dict[str, Array]:
    """Map the tensors of `path`, by name. Raises `ValueError` where the file is not what its header says."""
    data = np.asarray(np.memmap(path, np.uint8, "r"))  # a plain view: slices of a memmap cost microseconds each
    if len(data) < 8:
        raise ValueError("shorter than a safetensors header")
    start = 8 + int.from_bytes(data[:8].tobytes(), "little")
    try:
        header = json.loads(data[8:start].tobytes())
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        return {name: _tensor(data[start:], entry) for name, entry in entries.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a safetensors header: {error}") from error


def _tensor(data: Array, entry: dict[str, Any]) -> Array:
    if entry["dtype"] != "F32":
        raise ValueError(f"holds {entry['dtype']} where float32 belongs")
    shape, (begin, end) = entry["shape"], entry["data_offsets"]
    if not 0 <= begin <= end <= len(data) or end - begin != 4 * math.prod(shape):
        raise ValueError(f"a tensor of shape {shape} does not fit at {begin}..{end}")
    return data[begin:end].view("<f4").reshape(shape)
