"""`/v2`: the server and its models, as the Open Inference Protocol v2 describes them over HTTP."""

from importlib.metadata import version as installed
from typing import Annotated

from litestar import Response, get
from litestar.openapi.spec import OpenAPIType
from litestar.params import PathParameter

from models.bundle.aliases import ALIAS, NUMBER
from service.api.context import AppContext
from service.api.dependencies import Context
from service.api.described import answer, open_inference_errors
from service.api.open_inference_models import ModelConfig, ModelMetadata, configuration, metadata
from service.api.routes.health import why_not_ready
from service.api.routes.models import Name, version_of
from service.api.schemas import Liveness, ModelReady, OpenInferenceReadiness, ServerMetadata
from service.engine import Model
from service.errors import NotReady, UnknownModel

EXTENSIONS = [
    "binary_tensor_data",
    "classification",
    "logging",
    "model_configuration",
    "model_repository",
    "sequence",
    "statistics",
    "trace",
]

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
OF_MODELS = open_inference_errors(UnknownModel, NotReady)


def of_model(last: str) -> list[str]:
    """Return the two addresses of something of a model: of its newest version, and of any."""
    return [f"/v2/models/{{name:str}}{last}", f"/v2/models/{{name:str}}/versions/{{version:str}}{last}"]


@get("/v2", responses=open_inference_errors())
async def server() -> ServerMetadata:
    """Return the server's name, version and extensions."""
    return ServerMetadata(name="gatescope", version=installed("gatescope"), extensions=EXTENSIONS)


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


@get(of_model(""), responses=OF_MODELS)
async def model_metadata(name: Name, context: Context, version: Version = None) -> ModelMetadata:
    """Return the model's tensors."""
    model = find(context, name, version)
    served = context.catalog.versions_of(name)
    return metadata(model.bundle.manifest, [other.version for other in served])


@get(of_model("/ready"), responses=OF_MODELS)
async def model_ready(name: Name, context: Context, version: Version = None) -> ModelReady:
    """Answer 200 where the model is served; a served model is always ready."""
    return ModelReady(name=find(context, name, version).name, ready=True)


@get(of_model("/config"), responses=OF_MODELS)
async def model_config(name: Name, context: Context, version: Version = None) -> ModelConfig:
    """Return how the model is served, in the names of Triton's model configuration."""
    return configuration(find(context, name, version).bundle.manifest, context.settings)


def find(context: AppContext, name: str, version: str | None) -> Model:
    """Return the served version that an address means. Raises `UnknownModel`, `NotReady`."""
    return context.catalog.find(name, version_of(version))
