import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from litestar import Litestar
from schemathesis.checks import not_a_server_error, positive_data_acceptance

from service.api.app import ROUTES
from service.api.openapi import document
from service.settings import Settings
from tests.service.conftest import Running, running

UNDOCUMENTED = {"/", "/monitor", "/web/{path}", "/schema", "/v1/stream"}
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
    routes = {re.sub(r":\w+", "", route.path) for route in Litestar(handlers, openapi_config=None).routes}
    assert routes - UNDOCUMENTED == set(document()["paths"])


def test_the_document_is_served_with_examples(served: Running) -> None:
    response = served.client.get("/schema")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json"
    found = response.json()
    assert found["openapi"].startswith("3.1")
    example = found["components"]["schemas"]["PredictRequest"]["examples"][0]
    assert served.client.post("/v1/predict", json=example).status_code == 200


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_service_answers_as_its_document_says(fuzzed: Running, case: schemathesis.Case[Any]) -> None:
    response = case.call_and_validate(str(fuzzed.client.base_url), excluded_checks=EXCEPT)
    assert response.status_code != 500
