"""Pages of other sites: closed, but for the origins that a setting names."""

from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.service.conftest import Running, running

SITE = "https://shop.example"


def preflight(service: Running, origin: str, header: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": header}
    return service.client.options("/v1/predict", headers=asked)


def test_a_page_of_another_site_is_refused(served: Running) -> None:
    assert served.client.post("/v1/predict", json={"text": "good"}, headers={"Origin": SITE}).status_code == 403
    assert "access-control-allow-origin" not in preflight(served, SITE, "content-type").headers


@pytest.mark.parametrize("header", ["authorization", "x-gatescope-look", "inference-header-content-length"])
def test_an_allowed_page_may_call_with_what_the_service_reads(repository: Path, header: str) -> None:
    with running(Settings(repository=repository, cors_origins=(SITE,))) as service:
        allowed = preflight(service, SITE, header)
        assert allowed.is_success and allowed.headers["access-control-allow-origin"] == SITE
        assert header in allowed.headers["access-control-allow-headers"]
        said = service.client.post("/v1/predict", json={"text": "good"}, headers={"Origin": SITE})
        assert said.is_success and said.headers["access-control-allow-origin"] == SITE
        assert "access-control-allow-origin" not in preflight(service, "https://other.example", header).headers
