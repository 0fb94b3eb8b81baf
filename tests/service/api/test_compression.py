"""Long answers come in gzip to clients that read it, and a page that a client has is not sent again."""

import pytest

from service.api.compression import accepts_gzip
from tests.service.conftest import Running

PATHS = ["/", "/docs", "/web/explorer.js", "/schema"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("gzip; q=0, *", False),
        ("*;q=0.0, gzip", True),
        ("identity", False),
        ("", False),
    ],
)
def test_what_a_client_accepts(accept: str, expected: bool) -> None:
    assert accepts_gzip(accept) is expected


@pytest.mark.parametrize("path", PATHS)
def test_it_is_the_same_in_gzip_and_a_fraction(served: Running, path: str) -> None:
    plain = served.client.get(path, headers={"Accept-Encoding": "identity"})
    small = served.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert (small.headers["content-encoding"], small.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert small.content == plain.content
    assert int(small.headers["content-length"]) < 0.6 * int(plain.headers["content-length"])


def test_a_scrape_is_a_fraction(served: Running) -> None:
    served.predict("an amazing plot")
    small = served.client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < 0.2 * len(small.content)
    assert "gatescope_predictions_total" in small.text


@pytest.mark.parametrize("path", ["/", "/web/explorer.css"])
def test_what_a_client_has_is_not_sent_again(served: Running, path: str) -> None:
    first = served.client.get(path)
    again = served.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert served.client.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200
