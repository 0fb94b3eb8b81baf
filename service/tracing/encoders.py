"""How a trace's numbers are written: nested lists in JSON, raw buffers in msgpack, named arrays in npz."""

import io
from typing import Protocol

import msgspec
import numpy as np

from models.network.equations import Array
from service.tracing.schemas import Numbers, Packed, Trace

DIGITS = 6
_LARGEST_POWER = 22
"""10 ** 22 is the largest power of ten that a float64 holds exactly."""

_POWERS = 10.0 ** np.arange(_LARGEST_POWER + 1)
_ENCODER = msgspec.json.Encoder()
_MSGPACK = msgspec.msgpack.Encoder()


class Format(Protocol):
    """One way to write a trace. `media_type` is what a client accepts to get it."""

    media_type: str

    def numbers(self, name: str, array: Array) -> Numbers:
        """What stands for the array `name` in the response."""

    def encode(self, trace: Trace) -> bytes:
        """The body of the response."""


class Json:
    """Nested lists of numbers with at least six significant digits; what is not finite is null."""

    media_type = "application/json"

    def numbers(self, name: str, array: Array) -> Numbers:
        """The array as nested lists."""
        listed: Numbers = significant(array).tolist()
        return listed

    def encode(self, trace: Trace) -> bytes:
        """The trace as JSON text."""
        return _ENCODER.encode(trace)


class Msgpack:
    """The same structure in msgpack, each array one little-endian float32 buffer."""

    media_type = "application/x-msgpack"

    def numbers(self, name: str, array: Array) -> Numbers:
        """The array as shape, type and buffer."""
        return Packed(list(array.shape), "<f4", np.ascontiguousarray(array, "<f4").tobytes())

    def encode(self, trace: Trace) -> bytes:
        """The trace as msgpack."""
        return _MSGPACK.encode(trace)


class Npz:
    """An archive for NumPy: float32 arrays under dotted names, the rest as JSON in the bytes of `summary`."""

    media_type = "application/x-npz"

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def numbers(self, name: str, array: Array) -> Numbers:
        """The name under which the array lies in the archive."""
        self._arrays[name] = np.asarray(array, "<f4")
        return name

    def encode(self, trace: Trace) -> bytes:
        """The archive."""
        summary = np.frombuffer(_ENCODER.encode(trace), np.uint8)
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, summary=summary, **self._arrays)
        return archive.getvalue()


FORMATS: dict[str, type[Json] | type[Msgpack] | type[Npz]] = {kind.media_type: kind for kind in (Json, Msgpack, Npz)}


def significant(array: Array) -> Array:
    """`array` in float64, rounded to six significant digits (seven where the leading digit is small).

    The power of ten comes from the binary exponent, which is quicker than a logarithm; the result is the float64
    nearest to a short decimal, so that it is written short.
    """
    exact = np.asarray(array, np.float64)
    leading = np.floor(np.log10(2.0) * (np.frexp(exact)[1] - 1)).astype(np.int64)
    scale = _POWERS[np.clip(DIGITS - 1 - leading, 0, _LARGEST_POWER)]
    rounded: Array = np.rint(exact * scale) / scale
    return rounded
