"""`/v2`: the Open Inference Protocol v2 over HTTP."""

import json
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version as installed
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.openapi.spec import OpenAPIType
from litestar.params import HeaderParameter, JSONBody, PathParameter, RawBody

from models.bundle.aliases import ALIAS, NUMBER
from service.api.bodies import Bodies
from service.api.context import AppContext
from service.api.dependencies import Call, Context, Deadline
from service.api.described import answer, open_inference_errors
from service.api.http import WhileConnected
from service.api.open_inference import (
    InferOutput,
    InferRequest,
    InferResponse,
    ModelMetadata,
    deadline_within,
    read_request,
)
from service.api.open_inference_outputs import metadata, outputs_of, values_of, write_outputs
from service.api.routes.health import why_not_ready
from service.api.routes.models import Name, version_of
from service.api.schemas import Liveness, ModelReady, OpenInferenceReadiness, ServerMetadata
from service.engine import Model
from service.errors import READS_TEXT, NotReady, NoWords, TooLarge, UnknownModel
from service.inference.map_bounded import map_bounded
from service.inference.predict import Predictor

Version = Annotated[
    str | None,
    PathParameter(
        description="The version's number, or an alias of it; the newest where left out.",
        schema_extra={
            "one_of": None,
            "type": OpenAPIType.STRING,
            "pattern": f"^({NUMBER}|{ALIAS})$",
            "examples": [1],
        },
    ),
]
HeadLength = Annotated[str | None, HeaderParameter(name="Inference-Header-Content-Length", include_in_schema=False)]
OF_MODELS = open_inference_errors(UnknownModel, NotReady)
INFER = ["/v2/models/{name:str}/infer", "/v2/models/{name:str}/versions/{version:str}/infer"]


@get("/v2", responses=open_inference_errors())
async def server() -> ServerMetadata:
    """Return the server's name, version and extensions."""
    extensions = ["model_repository", "binary_tensor_data", "classification"]
    return ServerMetadata(name="gatescope", version=installed("gatescope"), extensions=extensions)


@get("/v2/health/live", name="v2_live")
async def live() -> Liveness:
    """Answer 200 as long as the process answers."""
    return Liveness(live=True)


@get("/v2/health/ready", name="v2_ready", responses={503: answer(OpenInferenceReadiness)})
async def ready(context: Context) -> Response[OpenInferenceReadiness]:
    """Answer 200 where requests should be sent here, else 503."""
    reason = why_not_ready(context)
    body = OpenInferenceReadiness(ready=not reason, error=reason or None)
    return Response(body, status_code=503 if reason else 200)


@get(["/v2/models/{name:str}", "/v2/models/{name:str}/versions/{version:str}"], responses=OF_MODELS)
async def model_metadata(name: Name, context: Context, version: Version = None) -> ModelMetadata:
    """Return the model's tensors."""
    model = _find(context, name, version)
    served = context.catalog.versions_of(name)
    return metadata(model.bundle.manifest, [other.version for other in served])


@get(["/v2/models/{name:str}/ready", "/v2/models/{name:str}/versions/{version:str}/ready"], responses=OF_MODELS)
async def model_ready(name: Name, context: Context, version: Version = None) -> ModelReady:
    """Answer 200 where the model is served; a served model is always ready."""
    return ModelReady(name=_find(context, name, version).name, ready=True)


@post(INFER, status_code=200, name="infer", responses=open_inference_errors(*READS_TEXT))
async def typed(data: JSONBody[InferRequest], name: Name, deadline: Deadline, version: Version = None) -> InferResponse:
    """Classify the texts of the tensor `text`."""
    raise NotImplementedError  # it only names the types of `infer`, whose body may end with binary tensors


@post(INFER, status_code=200, opt={"typed": typed, "read_body": Bodies.read_batch})
async def infer(
    name: Name,
    context: Context,
    deadline: Deadline,
    request: Call,
    body: RawBody,
    version: Version = None,
    head_length: HeadLength = None,
) -> Response[bytes]:
    """Classify the texts of the tensor `text`."""
    model = _find(context, name, version)
    call, texts = read_request(body, head_length, context.settings.max_batch_rows)
    outputs, deadline = outputs_of(call), deadline_within(call, deadline)
    with WhileConnected(request.receive):
        rows = await map_bounded(texts, partial(_row, context.predictor, model, outputs, deadline))
    tensors, binary = write_outputs(call, outputs, rows, model.bundle.manifest.labels)
    head = {"model_name": model.name, "model_version": str(model.version), "outputs": tensors}
    content = json.dumps(head if call.id is None else head | {"id": call.id}).encode()
    if not binary:
        return Response(content, media_type="application/json")
    length = {"Inference-Header-Content-Length": str(len(content))}
    return Response(content + binary, headers=length, media_type="application/octet-stream")


async def _row(
    predictor: Predictor, model: Model, outputs: Sequence[InferOutput], deadline: float, number: int, text: str
) -> list[Any]:
    """Return the outputs of one text. Raises `NoWords`, `TooLarge` that say which."""
    traced = any(asked.name == "hidden" for asked in outputs)
    try:
        return values_of(await predictor.read(model, text, deadline=deadline, traced=traced), outputs)
    except (NoWords, TooLarge) as error:
        raise type(error)(f"inputs.0.data.{number}: {error.detail}") from None


def _find(context: AppContext, name: str, version: str | None) -> Model:
    return context.catalog.find(name, version_of(version))
