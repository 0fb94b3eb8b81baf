import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from litestar import Litestar
from schemathesis.checks import not_a_server_error, positive_data_acceptance
from schemathesis.specs.openapi.checks import allow_header_conformance

from service.api.dependencies import DEPENDENCIES
from service.api.openapi import document
from service.api.routes.shapes import VERB
from service.api.routes.table import ROUTES
from service.settings import Settings
from tests.service.conftest import Running, running

UNDOCUMENTED = {"/", "/model", "/monitor", "/docs", "/runbook", "/metrics/history", "/web/{path}", "/v1/stream"}
EXCEPT = [not_a_server_error, positive_data_acceptance]
"""A deadline may pass (504) and a text may have no words (422): no schema can say when."""


@schemathesis.serializer("application/x-ndjson")
def lines(_: schemathesis.SerializationContext, value: object) -> bytes:
    """Whatever comes to mind: a line that is wrong is answered by an error of its own."""
    return str(value).encode(errors="replace")


schema = schemathesis.openapi.from_dict(document())


@pytest.fixture(scope="module")
def fuzzed(repository: Path) -> Iterator[Running]:
    """A service that may be loaded and unloaded."""
    with running(Settings(repository=repository)) as service:
        yield service


def test_every_route_is_documented() -> None:
    handlers = [handler for handlers in ROUTES.values() for handler in handlers]
    routes = {
        re.sub(r":\w+", "", route.path)
        for route in Litestar(handlers, dependencies=DEPENDENCIES, openapi_config=None).routes
    }
    assert (routes - UNDOCUMENTED) | {"/v1/models/{name}:predict"} == set(document()["paths"])


def inside(value: object) -> Iterator[dict[str, Any]]:
    """Every object of the document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(inner)


def test_every_reference_leads_to_a_schema() -> None:
    found = {str(part["$ref"]) for part in inside(document()) if isinstance(part.get("$ref"), str)}
    assert found == {f"#/components/schemas/{name}" for name in document()["components"]["schemas"]} & found
    assert len(found) > 30


def test_a_client_can_be_generated_from_it() -> None:
    """Operations have names of their own, and whatever goes over the wire has a type."""
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    for operation in operations:
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for body in (*bodies, *operation["responses"].values()):
            for media_type, content in body["content"].items():
                assert content["schema"].keys() & {"$ref", "type", "contentMediaType"}, (
                    operation["operationId"],
                    media_type,
                )
        assert all("type" in parameter["schema"] for parameter in operation.get("parameters", []))


def test_what_generators_stumble_over_is_not_in_it() -> None:
    """Lists of nothing, values that differ in case alone, and defaults that are null, a list or an object."""
    for part in inside(document()):
        assert part.get("type") != "array" or "items" in part or "prefixItems" in part, part
        default = part.get("default", 0)
        assert isinstance(default, str | float | int) or "type" in default, part
        named = [str(value).lower() for value in part["enum"]] if isinstance(part.get("enum"), list) else []
        assert len(set(named)) == len(named), part


def test_every_request_that_names_a_version_takes_an_alias_of_one() -> None:
    found = document()
    named = 0
    for operations in found["paths"].values():
        for operation in operations.values():
            bodies = operation.get("requestBody", {}).get("content", {}).values()
            for name in (body["schema"].get("$ref", "").rpartition("/")[2] for body in bodies):
                version = found["components"]["schemas"].get(name, {}).get("properties", {}).get("version")
                if version is not None:
                    named += 1
                    assert any(each.get("type") == "string" for each in version["anyOf"]), name
    assert named >= 3


def test_every_route_says_what_its_errors_are() -> None:
    for path, operations in document()["paths"].items():
        for operation in operations.values():
            of_its_own = path.startswith(("/v2", "/health"))
            media_type = "application/json" if of_its_own else "application/problem+json"
            for status, answer in operation["responses"].items():
                if status != "200":
                    assert answer["description"] and list(answer["content"]) == [media_type], (path, status)
            assert not operation.get("security") or {"400", "401", "403"} <= set(operation["responses"])


def test_the_document_is_served_with_examples(served: Running) -> None:
    response = served.client.get("/schema")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json"
    found = response.json()
    assert found["openapi"].startswith("3.1")
    example = found["components"]["schemas"]["ReviewRequest"]["examples"][0]
    assert served.client.post("/v1/predict", json=example).status_code == 200


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_service_answers_as_its_document_says(fuzzed: Running, case: schemathesis.Case[Any]) -> None:
    # no router tells `{name}:predict` from `{name}`, so OPTIONS names the methods of the latter
    excluded = [*EXCEPT, allow_header_conformance] if case.path.endswith(VERB) else EXCEPT
    response = case.call_and_validate(str(fuzzed.client.base_url), excluded_checks=excluded)
    assert response.status_code != 500
