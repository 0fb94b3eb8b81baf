"""What the Open Inference Protocol v2 says of a model: its tensors, and how it is served."""

from collections.abc import Sequence

from pydantic import BaseModel

from models.bundle.manifest import Manifest
from service.api.open_inference_outputs import OUTPUTS
from service.settings import Settings

PLATFORM = "onnx_onnxv1"
DATA_TYPE = {"BYTES": "TYPE_STRING", "FP32": "TYPE_FP32", "INT64": "TYPE_INT64", "BOOL": "TYPE_BOOL"}
"""A datatype as the configuration of a model writes it."""


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


class TensorConfig(BaseModel):
    """A tensor of a model: the shape of one text's part of it."""

    name: str
    data_type: str
    dims: list[int]


class Latest(BaseModel):
    """How many of a model's newest versions are served."""

    num_versions: int


class VersionPolicy(BaseModel):
    """Which versions of a model are served."""

    latest: Latest


class ModelConfig(BaseModel):
    """How a model is served, in the names of Triton's model configuration."""

    name: str
    platform: str
    backend: str
    version_policy: VersionPolicy
    max_batch_size: int
    input: list[TensorConfig]
    output: list[TensorConfig]


def metadata(manifest: Manifest, versions: Sequence[int]) -> ModelMetadata:
    """Return what the protocol says of a model."""
    columns = _columns(manifest)
    return ModelMetadata(
        name=manifest.name,
        versions=[str(version) for version in versions],
        platform=PLATFORM,
        inputs=[TensorMetadata(name="text", datatype="BYTES", shape=[-1])],
        outputs=[
            TensorMetadata(name=name, datatype=output.datatype, shape=[-1, *columns.get(name, [])])
            for name, output in OUTPUTS.items()
        ],
        properties={"labels": ",".join(manifest.labels)},
    )


def configuration(manifest: Manifest, settings: Settings) -> ModelConfig:
    """Return how a model is served: a request may have `max_batch_size` texts."""
    columns = _columns(manifest)
    outputs = [
        TensorConfig(name=name, data_type=DATA_TYPE[output.datatype], dims=columns.get(name, [1]))
        for name, output in OUTPUTS.items()
    ]
    return ModelConfig(
        name=manifest.name,
        platform=PLATFORM,
        backend="gatescope",
        version_policy=VersionPolicy(latest=Latest(num_versions=settings.versions_per_model)),
        max_batch_size=settings.max_batch_rows,
        input=[TensorConfig(name="text", data_type="TYPE_STRING", dims=[1])],
        output=outputs,
    )


def _columns(manifest: Manifest) -> dict[str, list[int]]:
    """Return how many values an output has for each text, where it may be more than one."""
    classes = [len(manifest.labels)]
    return {"probabilities": classes, "logits": classes, "hidden": [manifest.hidden_size]}
