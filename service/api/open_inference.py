"""Tensors of the Open Inference Protocol v2: texts in, predictions out, as JSON or as binary tensor data.

The protocol: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol; the binary form is
the extension `binary_tensor_data`: an element of BYTES is its length, uint32 little-endian, and its bytes.
"""

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.api.bounded_json import VALUES_A_ROW
from service.api.schemas import TEXT, parse
from service.errors import Malformed, too_large

INFER: dict[str, Any] = {
    "id": "1",
    "inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": [TEXT, "Dull and far too long."]}],
}
MOST_PARTS = 16
"""Most tensors of a request, in and out."""


def _scalars(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters. Raises `ValueError` for the first that the protocol does not know."""
    for name, value in parameters.items():
        if not isinstance(value, str | int | float | bool):
            raise ValueError(f"{name[:64]}: a string, a number or a truth value is expected")
    return parameters


Parameters = Annotated[dict[str, Any], AfterValidator(_scalars)]


SEQUENCE_PARAMETERS = ("sequence_id", "sequence_start", "sequence_end")
REQUEST_PARAMETERS = ("binary_data_output", "content_type", "priority", "timeout", *SEQUENCE_PARAMETERS)
INPUT_PARAMETERS = ("binary_data_size", "content_type")
OUTPUT_PARAMETERS = ("binary_data", "classification", "content_type")


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class InferInput(_Lenient):
    """The input tensor: texts as BYTES, shape `[n]` or `[n, 1]`."""

    name: str
    shape: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=2)]
    datatype: str
    parameters: Parameters = Field(default_factory=dict)
    data: list[Any] | None = None


class InferOutput(_Lenient):
    """An output that is asked for."""

    name: str
    parameters: Parameters = Field(default_factory=dict)


class InferRequest(_Lenient):
    """An inference request of the Open Inference Protocol v2."""

    model_config = ConfigDict(json_schema_extra={"examples": [INFER]})

    id: str | None = None
    parameters: Parameters = Field(default_factory=dict)
    inputs: Annotated[list[InferInput], Field(min_length=1, max_length=MOST_PARTS)]
    outputs: Annotated[list[InferOutput], Field(max_length=MOST_PARTS)] | None = None


class SequencePart(NamedTuple):
    """One request of a sequence: whether it begins the sequence anew, and whether it ends it."""

    id: int | str
    start: bool
    end: bool


class OutputTensor(BaseModel):
    """An output: `data`, or `parameters.binary_data_size` bytes behind the JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = Field(default_factory=dict)
    data: list[str | float | bool] | None = None


class InferResponse(BaseModel):
    """The answer to an inference request."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | None = None


def read_request(body: bytes, header_length: bytes | None, most: int) -> tuple[InferRequest, list[str]]:
    """Return the request and its texts, from a JSON body or one followed by binary tensors.

    Raises `TooLarge` for more than `most` texts, and `Malformed`.
    """
    values = VALUES_A_ROW * most
    request, texts = _read(body, header_length, values)
    if len(texts) > most:
        raise too_large("a request", most, "texts")
    return request, texts


def _read(body: bytes, header_length: bytes | None, values: int) -> tuple[InferRequest, list[str]]:
    if header_length is None:
        request = parse(InferRequest, body, values)
        return request, _texts(request, b"")
    try:
        end = int(header_length)
    except ValueError:
        end = -1
    if not 0 <= end <= len(body):
        raise Malformed("Inference-Header-Content-Length does not fit the body")
    request = parse(InferRequest, body[:end], values)
    return request, _texts(request, body[end:])


def _texts(request: InferRequest, binary: bytes) -> list[str]:
    tensor = request.inputs[0]
    if len(request.inputs) != 1 or tensor.name != "text" or tensor.datatype != "BYTES":
        raise Malformed("inputs: one tensor is expected, `text` of datatype BYTES")
    check_known("inputs.0.parameters", tensor.parameters, INPUT_PARAMETERS)
    if len(tensor.shape) not in (1, 2) or tensor.shape[1:] not in ([], [1]):
        raise Malformed("inputs.0.shape: [n] or [n, 1] is expected")
    size = tensor.parameters.get("binary_data_size")
    if (size is None) == (tensor.data is None):
        raise Malformed("inputs.0: either data or parameters.binary_data_size is expected")
    texts = list(_flat(tensor.data)) if tensor.data is not None else list(_binary_texts(binary, size))
    expected = math.prod(tensor.shape)
    if len(texts) != expected:
        raise Malformed(f"inputs.0: shape {tensor.shape} means {expected} elements, not {len(texts)}")
    if not texts:
        raise Malformed("inputs.0: there is no text")
    return texts


def _flat(data: Sequence[Any]) -> Iterator[str]:
    for number, element in enumerate(data):
        text = element[0] if isinstance(element, list) and len(element) == 1 else element
        if not isinstance(text, str):
            raise Malformed(f"inputs.0.data.{number}: a string is expected")
        yield text


def _binary_texts(binary: bytes, size: Any) -> Iterator[str]:
    if size != len(binary):
        raise Malformed("inputs.0.parameters.binary_data_size does not fit the body")
    place = 0
    while place < len(binary):
        start = place + 4
        place = start + struct.unpack_from("<I", binary, place)[0] if start <= len(binary) else len(binary) + 1
        if place > len(binary):
            raise Malformed("inputs.0: the binary data ends inside an element")
        try:
            yield binary[start:place].decode()
        except UnicodeDecodeError:
            raise Malformed("inputs.0: an element is not UTF-8") from None


def deadline_within(request: InferRequest, deadline: float) -> float:
    """Return when the answer must be there: after `timeout` microseconds where that is sooner than `deadline`.

    Raises `Malformed` for a parameter that is not done here: none is ignored.
    """
    if not request.parameters:
        return deadline
    check_known("parameters", request.parameters, REQUEST_PARAMETERS)
    timeout = request.parameters.get("timeout", 0)
    if type(timeout) is not int or timeout < 0:
        raise Malformed("parameters.timeout: a whole number of microseconds is expected; 0 is none")
    if request.parameters.get("priority", 0) != 0:
        raise Malformed("parameters.priority: 0 is expected; requests have no priorities here")
    return min(deadline, monotonic() + timeout / 1e6) if timeout else deadline


def sequence_of(request: InferRequest) -> SequencePart | None:
    """Return which sequence a request is of; None where it is of none: id 0 or "". Raises `Malformed`."""
    if not request.parameters:
        return None
    number, start, end = (request.parameters.get(name) or False for name in SEQUENCE_PARAMETERS)
    if type(start) is not bool or type(end) is not bool:
        raise Malformed("parameters.sequence_start, parameters.sequence_end: true or false is expected")
    if number is False and (start or end):
        raise Malformed("parameters.sequence_id: which sequence is it? An id other than 0 is expected")
    if number is False:
        return None
    if not (type(number) is int and 0 < number < 1 << 64) and not (isinstance(number, str) and len(number) <= 128):
        raise Malformed("parameters.sequence_id: a whole number from 1, or at most 128 characters, are expected")
    if math.prod(request.inputs[0].shape) != 1:
        raise Malformed("inputs.0.shape: a request of a sequence has one text")
    return SequencePart(number, start, end)


def check_known(where: str, parameters: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise `Malformed` that names the first parameter that is not `known`."""
    unknown = next((name for name in parameters if name not in known), None)
    if unknown is not None:
        raise Malformed(f"{where}.{unknown[:64]}: this is not done here; known are {', '.join(known)}")
    if parameters.get("content_type", "str") != "str":
        raise Malformed(f"{where}.content_type: str is expected")
