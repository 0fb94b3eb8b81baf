"""The OpenAPI 3.1 document, made from the handlers: paths by Litestar, their types by pydantic and msgspec."""

from functools import cache
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, Schema, SecurityScheme
from litestar.plugins import OpenAPISchemaPlugin
from msgspec import Struct
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import WithDefaultSchema

from service.api.dependencies import DEPENDENCIES
from service.api.routes.shapes import VERB
from service.api.routes.table import ROUTES
from service.tracing.encoders import schemas as trace_schemas

SCHEMA = "#/components/schemas/{}"
CARDS = "/v1/models/{name}"
"""An address that no router can tell from one with `VERB` behind it, see `predict_instances`."""
KEY_OR_NONE: list[dict[str, list[str]]] = [{}, {"key": []}]


class Named(OpenAPISchemaPlugin):
    """Has Litestar refer to models by their names, and remembers which they are."""

    def __init__(self) -> None:
        self.models: set[type[BaseModel]] = set()

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """Return whether `value` is a model."""
        return isinstance(value, type) and issubclass(value, BaseModel | Struct)

    def to_openapi_schema(self, field_definition: Any, schema_creator: Any) -> Schema:
        """Return a schema with a name and nothing else."""
        kind = field_definition.annotation
        if issubclass(kind, BaseModel):
            self.models.add(kind)
        schema: Schema = schema_creator.create_component_schema(field_definition, [], {}, title=kind.__name__)
        return schema


class WithPlainDefaults(GenerateJsonSchema):
    """Leaves out defaults of null, for which generated clients take a field to be always there, and those of lists,
    objects and fields of several types, which generated Go can't write.
    """

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema of a field that may be left out."""
        found = super().default_schema(schema)
        plain = isinstance(found.get("default"), str | float | int) and "anyOf" not in found
        return {name: value for name, value in found.items() if name != "default" or plain}


@cache
def document() -> dict[str, Any]:
    """Return the whole document."""
    named = Named()
    config = OpenAPIConfig(
        title="Gatescope",
        version=version("gatescope"),
        description="Predictions of recurrent review classifiers, and what they remembered on the way to them.",
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        components=Components(security_schemes={"key": SecurityScheme(type="http", scheme="bearer")}),
    )
    app = Litestar(_routers(), dependencies=DEPENDENCIES, plugins=[named], openapi_config=config)
    found = app.openapi_schema.to_schema()
    found["paths"][f"{CARDS}{VERB}"] = {"post": found["paths"][CARDS].pop("post")}
    found["paths"] = dict(sorted(found["paths"].items()))
    for operation in (operation for path in found["paths"].values() for operation in path.values()):
        operation["summary"] = operation.pop("description").splitlines()[0].removesuffix(".")
    found["components"]["schemas"] = trace_schemas(SCHEMA.format("{name}")) | _schemas(named.models)
    return found


def _routers() -> list[Router]:
    return [
        Router("/", route_handlers=handlers, security=KEY_OR_NONE if access else [])
        for access, handlers in ROUTES.items()
    ]


def _operation_id(handler: HTTPRouteHandler, _: Any, path: list[Any]) -> str:
    """Return the handler's name in camel case; with `Version` for the second address of one that has two."""
    first, *others = (handler.name or handler.handler_name).split("_")
    versioned = len(handler.paths) > 1 and any(getattr(part, "name", "") == "version" for part in path)
    return "".join([first, *map(str.title, others), "Version" * versioned])


def _schemas(models: set[type[BaseModel]]) -> dict[str, Any]:
    ordered = sorted(models, key=lambda model: model.__name__)
    _, found = models_json_schema(
        [(model, "validation") for model in ordered],
        ref_template=SCHEMA.format("{model}"),
        schema_generator=WithPlainDefaults,
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions
