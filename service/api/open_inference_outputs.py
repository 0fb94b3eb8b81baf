"""The outputs of the Open Inference Protocol v2: which there are, and how they are written."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from models.bundle.manifest import Manifest
from service.api.open_inference import (
    OUTPUT_PARAMETERS,
    InferOutput,
    InferRequest,
    ModelMetadata,
    TensorMetadata,
    check_known,
)
from service.errors import Malformed
from service.inference.predict import Reading

NUMPY = {"FP32": "<f4", "INT64": "<i8", "BOOL": "?"}


class Output(NamedTuple):
    """An output: its datatype, its value of one text, and whether it is sent where no outputs are named."""

    datatype: str
    value: Callable[[Reading], Any]
    by_default: bool = True


def _hidden(reading: Reading) -> list[float]:
    assert reading.answer.hidden is not None
    last: list[float] = reading.answer.hidden[-1][-1].tolist()
    return last


OUTPUTS: Mapping[str, Output] = {
    "label": Output("BYTES", lambda reading: reading.prediction.label),
    "probabilities": Output("FP32", lambda reading: list(reading.prediction.probabilities.values())),
    "words": Output("INT64", lambda reading: reading.prediction.words),
    "unknown_rate": Output("FP32", lambda reading: reading.prediction.unknown_rate),
    "truncated": Output("BOOL", lambda reading: reading.prediction.truncated),
    "logits": Output("FP32", lambda reading: reading.answer.logits.tolist(), by_default=False),
    "hidden": Output("FP32", _hidden, by_default=False),
}
"""`probabilities` and `logits` have a column a label, in the order of the model's card; `hidden` is the top layer's
hidden state after the last word."""
RANKED = ("probabilities", "logits")
"""Outputs that can be asked for as a classification."""


def outputs_of(request: InferRequest) -> list[InferOutput]:
    """Return the outputs that are asked for. Raises `Malformed` for an unknown one, and for one twice."""
    if request.outputs is None:
        return [InferOutput(name=name) for name, output in OUTPUTS.items() if output.by_default]
    for number, asked in enumerate(request.outputs):
        if asked.name not in OUTPUTS:
            raise Malformed(f"outputs.{number}: the outputs are {', '.join(OUTPUTS)}")
        if any(other.name == asked.name for other in request.outputs[:number]):
            raise Malformed(f"outputs.{number}: {asked.name} is asked for twice")
        _check_parameters(f"outputs.{number}.parameters", asked)
    return request.outputs


def _check_parameters(where: str, asked: InferOutput) -> None:
    check_known(where, asked.parameters, OUTPUT_PARAMETERS)
    count = asked.parameters.get("classification")
    if count is not None and (type(count) is not int or count < 1 or asked.name not in RANKED):
        raise Malformed(f"{where}.classification: a whole number from 1 is expected, for {' or '.join(RANKED)}")


def values_of(reading: Reading, outputs: Sequence[InferOutput]) -> list[Any]:
    """Return the value of each output for one text."""
    return [OUTPUTS[asked.name].value(reading) for asked in outputs]


def write_outputs(
    request: InferRequest, outputs: Sequence[InferOutput], rows: Sequence[Sequence[Any]], labels: Sequence[str]
) -> tuple[list[dict[str, Any]], bytes]:
    """Return the output tensors, and the binary data that follows the JSON; `rows` hold what `values_of` returns."""
    tensors, binary = [], b""
    for asked, column in zip(outputs, zip(*rows, strict=True), strict=True):
        tensor, data = _tensor(asked, column, labels)
        if asked.parameters.get("binary_data", request.parameters.get("binary_data_output")):
            content = _to_binary(data, tensor["datatype"])
            tensor["parameters"] = {"binary_data_size": len(content)}
            binary += content
        else:
            tensor["data"] = data
        tensors.append(tensor)
    return tensors, binary


def _tensor(asked: InferOutput, column: Sequence[Any], labels: Sequence[str]) -> tuple[dict[str, Any], list[Any]]:
    """Return an output without its data, and its data in one row."""
    datatype, count = OUTPUTS[asked.name].datatype, asked.parameters.get("classification")
    if count is not None:
        datatype, column = "BYTES", [_ranked(values, labels, count) for values in column]
    shape = [len(column), len(column[0])] if isinstance(column[0], list) else [len(column)]
    data = [value for values in column for value in values] if len(shape) > 1 else list(column)
    return {"name": asked.name, "datatype": datatype, "shape": shape}, data


def _ranked(values: Sequence[float], labels: Sequence[str], count: int) -> list[str]:
    """Return the `count` highest values as the classification extension writes them: `value:index:label`."""
    order = sorted(range(len(values)), key=lambda index: -values[index])
    return [f"{values[index]:f}:{index}:{labels[index]}" for index in order[:count]]


def _to_binary(values: Sequence[Any], datatype: str) -> bytes:
    if datatype == "BYTES":
        encoded = [value.encode() for value in values]
        return b"".join(struct.pack("<I", len(value)) + value for value in encoded)
    return np.asarray(values, NUMPY[datatype]).tobytes()


def metadata(manifest: Manifest, versions: Sequence[int]) -> ModelMetadata:
    """Return what the protocol says of a model."""
    columns = {"probabilities": len(manifest.labels), "logits": len(manifest.labels), "hidden": manifest.hidden_size}
    return ModelMetadata(
        name=manifest.name,
        versions=[str(version) for version in versions],
        platform="onnx_onnxv1",
        inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name=name, datatype=output.datatype, shape=[-1, columns[name]] if name in columns else [-1])
            for name, output in OUTPUTS.items()
        ],
        properties={"labels": ",".join(manifest.labels)},
    )
