"""The outputs of the Open Inference Protocol v2: which there are, and how they are written."""

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from service.api.open_inference import OUTPUT_PARAMETERS, InferOutput, InferRequest, check_known
from service.engine import Answer
from service.errors import Malformed
from service.inference.prediction import Prediction

NUMPY = {"FP32": "<f4", "INT64": "<i8", "BOOL": "?"}


class TextAnswer(NamedTuple):
    """What there is of one text: the prediction, and where they are asked for the network's answer and the ledger."""

    prediction: Prediction
    answer: Answer | None = None
    ledger: str | None = None


class Output(NamedTuple):
    """An output: its datatype, its value of one text, and whether it is sent where no outputs are named."""

    datatype: str
    value: Callable[[TextAnswer], Any]
    by_default: bool = True


def _logits(row: TextAnswer) -> list[float]:
    assert row.answer is not None
    logits: list[float] = row.answer.logits.tolist()
    return logits


def _hidden(row: TextAnswer) -> list[float]:
    assert row.answer is not None and row.answer.hidden is not None
    last: list[float] = row.answer.hidden[-1][-1].tolist()
    return last


OUTPUTS: Mapping[str, Output] = {
    "label": Output("BYTES", lambda row: row.prediction.label),
    "probabilities": Output("FP32", lambda row: list(row.prediction.probabilities.values())),
    "words": Output("INT64", lambda row: row.prediction.words),
    "unknown_rate": Output("FP32", lambda row: row.prediction.unknown_rate),
    "truncated": Output("BOOL", lambda row: row.prediction.truncated),
    "logits": Output("FP32", _logits, by_default=False),
    "hidden": Output("FP32", _hidden, by_default=False),
    "ledger": Output("BYTES", lambda row: row.ledger, by_default=False),
}
"""`probabilities` and `logits` have a column a label, in the order of the model's card; `hidden` is the top layer's
hidden state after the last word; `ledger` is JSON, `WordShares` of each text."""
BY_DEFAULT = tuple(InferOutput(name=name) for name, output in OUTPUTS.items() if output.by_default)
RANKED = ("probabilities", "logits")
"""Outputs that can be asked for as a classification."""


def outputs_of(request: InferRequest) -> Sequence[InferOutput]:
    """Return the outputs that are asked for. Raises `Malformed` for an unknown one, and for one twice."""
    if request.outputs is None:
        return BY_DEFAULT
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


def check_predicted(outputs: Sequence[InferOutput]) -> None:
    """Raise `Malformed` for an output that is not of the prediction alone: a sequence has no other."""
    for number, asked in enumerate(outputs):
        if not OUTPUTS[asked.name].by_default:
            raise Malformed(f"outputs.{number}: {asked.name} does not come with a sequence_id")


def values_of(row: TextAnswer, outputs: Sequence[InferOutput]) -> list[Any]:
    """Return the value of each output for one text."""
    return [OUTPUTS[asked.name].value(row) for asked in outputs]


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


def _tensor(asked: InferOutput, column: Sequence[Any], labels: Sequence[str]) -> tuple[dict[str, Any], Sequence[Any]]:
    """Return an output without its data, and its data in one row."""
    datatype, count = OUTPUTS[asked.name].datatype, asked.parameters.get("classification")
    if count is not None:
        datatype, column = "BYTES", [_ranked(values, labels, count) for values in column]
    tensor = {"name": asked.name, "datatype": datatype, "shape": [len(column)]}
    if not isinstance(column[0], list):
        return tensor, column
    return tensor | {"shape": [len(column), len(column[0])]}, list(chain.from_iterable(column))


def _ranked(values: Sequence[float], labels: Sequence[str], count: int) -> list[str]:
    """Return the `count` highest values as the classification extension writes them: `value:index:label`."""
    order = sorted(range(len(values)), key=lambda index: -values[index])
    return [f"{values[index]:f}:{index}:{labels[index]}" for index in order[:count]]


def _to_binary(values: Sequence[Any], datatype: str) -> bytes:
    if datatype == "BYTES":
        encoded = [value.encode() for value in values]
        return b"".join(struct.pack("<I", len(value)) + value for value in encoded)
    return np.asarray(values, NUMPY[datatype]).tobytes()
