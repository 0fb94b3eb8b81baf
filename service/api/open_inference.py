"""Tensors of the Open Inference Protocol v2: texts in, predictions out, as JSON or as binary tensor data.

The protocol: https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol; the binary form is
the extension `binary_tensor_data`: an element of BYTES is its length, uint32 little-endian, and its bytes.
"""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from service.api.schemas import TEXT, parse
from service.errors import Malformed
from service.inference.prediction import Prediction

Parameters = dict[str, str | int | float | bool]

INFER: dict[str, Any] = {
    "id": "1",
    "inputs": [{"name": "text", "shape": [2], "datatype": "BYTES", "data": [TEXT, "Dull and far too long."]}],
}
OUTPUTS = {"label": "BYTES", "probabilities": "FP32", "words": "INT64", "unknown_rate": "FP32", "truncated": "BOOL"}
"""The outputs by name, with their datatypes; `probabilities` has a column a label, in the order of the model's card."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class InferInput(_Part):
    """The input tensor: texts as BYTES, shape `[n]` or `[n, 1]`."""

    name: str
    shape: list[Annotated[int, Field(ge=0)]]
    datatype: str
    parameters: Parameters = {}
    data: list[Any] | None = None


class InferOutput(_Part):
    """An output that is asked for."""

    name: str
    parameters: Parameters = {}


class InferRequest(_Part):
    """An inference request of the Open Inference Protocol v2."""

    model_config = ConfigDict(json_schema_extra={"examples": [INFER]})

    id: str | None = None
    parameters: Parameters = {}
    inputs: Annotated[list[InferInput], Field(min_length=1)]
    outputs: list[InferOutput] | None = None


class OutputTensor(BaseModel):
    """An output: `data`, or `parameters.binary_data_size` bytes behind the JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: Parameters = {}
    data: list[str | float | bool] | None = None


class InferResponse(BaseModel):
    """The answer to an inference request."""

    model_name: str
    model_version: str
    outputs: list[OutputTensor]
    id: str | None = None


class TensorMetadata(BaseModel):
    """A tensor of a model; -1 is any number of texts."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """What the protocol says of a model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    properties: dict[str, str]


def read_request(body: bytes, header_length: str | None) -> tuple[InferRequest, list[str]]:
    """Return the request and its texts, from a JSON body or one followed by binary tensors. Raises 400."""
    if header_length is None:
        request = parse(InferRequest, body)
        return request, _texts(request, b"")
    try:
        end = int(header_length)
    except ValueError:
        end = -1
    if not 0 <= end <= len(body):
        raise Malformed("Inference-Header-Content-Length does not fit the body")
    request = parse(InferRequest, body[:end])
    return request, _texts(request, body[end:])


def _texts(request: InferRequest, binary: bytes) -> list[str]:
    tensor = request.inputs[0]
    if len(request.inputs) != 1 or tensor.name != "text" or tensor.datatype != "BYTES":
        raise Malformed("inputs: one tensor is expected, `text` of datatype BYTES")
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


def write_response(
    request: InferRequest, predictions: Sequence[Prediction], labels: Sequence[str]
) -> tuple[dict[str, Any], bytes]:
    """Return the response's JSON, and the binary tensors that follow it where they are asked for. Raises 400."""
    columns: dict[str, list[Any]] = {
        "label": [prediction.label for prediction in predictions],
        "probabilities": [prediction.probabilities[label] for prediction in predictions for label in labels],
        "words": [prediction.words for prediction in predictions],
        "unknown_rate": [prediction.unknown_rate for prediction in predictions],
        "truncated": [prediction.truncated for prediction in predictions],
    }
    every = [InferOutput(name=name) for name in OUTPUTS]
    outputs, binary = [], b""
    for asked in every if request.outputs is None else request.outputs:
        if asked.name not in OUTPUTS:
            raise Malformed(f"outputs: the outputs are {', '.join(OUTPUTS)}")
        shape = [len(predictions), len(labels)] if asked.name == "probabilities" else [len(predictions)]
        tensor: dict[str, Any] = {"name": asked.name, "datatype": OUTPUTS[asked.name], "shape": shape}
        if asked.parameters.get("binary_data", request.parameters.get("binary_data_output")):
            data = _to_binary(columns[asked.name], OUTPUTS[asked.name])
            tensor["parameters"] = {"binary_data_size": len(data)}
            binary += data
        else:
            tensor["data"] = columns[asked.name]
        outputs.append(tensor)
    first = predictions[0]
    head = {"model_name": first.model, "model_version": str(first.version), "outputs": outputs}
    return head | ({"id": request.id} if request.id is not None else {}), binary


def _to_binary(values: Sequence[Any], datatype: str) -> bytes:
    if datatype == "BYTES":
        encoded = [value.encode() for value in values]
        return b"".join(struct.pack("<I", len(value)) + value for value in encoded)
    return np.asarray(values, {"FP32": "<f4", "INT64": "<i8", "BOOL": "?"}[datatype]).tobytes()


def metadata(name: str, versions: Sequence[int], labels: Sequence[str]) -> ModelMetadata:
    """Return what the protocol says of a model."""
    return ModelMetadata(
        name=name,
        versions=[str(version) for version in versions],
        platform="onnx_onnxv1",
        inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name=output, datatype=kind, shape=[-1, len(labels)] if output == "probabilities" else [-1])
            for output, kind in OUTPUTS.items()
        ],
        properties={"labels": ",".join(labels)},
    )
