"""How a trace is written: nested lists in JSON, raw buffers in msgpack, named arrays in npz."""

import dataclasses
import io
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from models.network.equations import Array
from service.tracing.trace import Trace

DIGITS = 6
_LARGEST_POWER = 22
"""10 ** 22 is the largest power of ten that a float64 holds exactly."""

_LOG, _LOG_BITS = 78913, 18
"""Their quotient is the logarithm of 2 to base 10: `e * _LOG >> _LOG_BITS` is right for every exponent of a float64."""

_POWERS = 10.0 ** np.arange(_LARGEST_POWER + 1)

HALVED_FROM = 10_000
"""Values of an array that is drawn as a picture, not read number by number."""

JSON = "application/json"
MSGPACK = "application/x-msgpack"


class Packed(msgspec.Struct, frozen=True):
    """An array in msgpack: raw little-endian `data` in C order; `dtype` is `<f4`, or `<f2` where that was asked for."""

    shape: list[int]
    dtype: str
    data: bytes


def significant(array: Array) -> Array:
    """Return `array` in float64, rounded to six significant digits (seven where the leading digit is small).

    The power of ten comes from the binary exponent, which is quicker than a logarithm; the result is the float64
    nearest to a short decimal, so that it is written short.
    """
    exact = np.asarray(array, np.float64)
    leading = (np.frexp(exact)[1] - 1) * _LOG >> _LOG_BITS
    scale = _POWERS.take(DIGITS - 1 - leading, mode="clip")
    rounded: Array = np.rint(exact * scale) / scale
    return rounded


def listed(array: Array) -> list[Any]:
    """Return nested lists of numbers with at least six significant digits; what is not finite becomes null in JSON."""
    numbers: list[Any] = significant(array).tolist()
    return numbers


def packed(array: Array, dtype: str = "<f4") -> Packed:
    """Return the array as one little-endian buffer, in single precision or another."""
    return Packed(list(array.shape), dtype, np.ascontiguousarray(array, dtype).tobytes())


def halved(array: Array) -> Packed:
    """Return a large array in half precision, a small one in single."""
    return packed(array, "<f2" if array.size >= HALVED_FROM else "<f4")


_JSON = msgspec.json.Encoder(enc_hook=listed)
_MSGPACK = msgspec.msgpack.Encoder(enc_hook=packed)
_HALVED = msgspec.msgpack.Encoder(enc_hook=halved)


def to_npz(trace: Trace) -> bytes:
    """Return an archive for NumPy: float32 arrays under dotted names, the rest as JSON in the bytes of `summary`."""
    arrays: dict[str, Array] = {}
    summary = np.frombuffer(_JSON.encode(_named(trace, "", arrays)), np.uint8)
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, summary=summary, **arrays)
    return archive.getvalue()


def _named(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """Return `value` with its name, such as `running.p`, in the place of each array; the arrays go into `arrays`."""
    if isinstance(value, np.ndarray):
        arrays[name] = np.asarray(value, "<f4")
        return name
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if dataclasses.is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: _named(inner, f"{name}.{key}" if name else key, arrays) for key, inner in value.items()}
    return value


ENCODERS: Mapping[str, Callable[[Trace], bytes]] = {
    JSON: _JSON.encode,
    MSGPACK: _MSGPACK.encode,
    "application/x-npz": to_npz,
}
"""What writes a trace, by the media type that a client accepts to get it."""


def encoder_of(media_type: str, *, half: bool) -> Callable[[Trace], bytes]:
    """Return what writes a trace in a media type of `ENCODERS`; `half` precision is msgpack's alone."""
    return _HALVED.encode if half and media_type == MSGPACK else ENCODERS[media_type]


def from_json(body: bytes) -> Trace:
    """Return the trace that was written as JSON."""
    return msgspec.json.decode(body, type=Trace, dec_hook=lambda kind, lists: np.array(lists, np.float64))


def schemas(ref_template: str) -> dict[str, Any]:
    """Return the JSON schemas of `Trace` and all that it is made of, by name.

    An array is nested lists in JSON, a `Packed` in msgpack, and in npz the name of an array in the archive.
    """
    array = {
        "anyOf": [{"type": "array", "items": {}}, {"$ref": ref_template.format(name="Packed")}, {"type": "string"}]
    }
    _, components = msgspec.json.schema_components(
        [Trace, Packed], schema_hook=lambda kind: array, ref_template=ref_template
    )
    return components
