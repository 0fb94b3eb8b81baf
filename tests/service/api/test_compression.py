"""Long answers come in zstd or gzip to clients that read it, and a page that a client has is not sent again."""

import httpx
import pytest
from backports import zstd

from service.api.compression import encoding_of
from tests.service.conftest import Running

PATHS = ["/", "/docs", "/web/explorer.js", "/schema"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("br, GZIP;q=0.5", "gzip"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("*", "zstd"),
        ("zstd; q=0, *", "gzip"),
        ("*;q=0.0, gzip", "gzip"),
        ("gzip;q=0", "identity"),
        ("gzip;q=x", "identity"),
        ("identity", "identity"),
        ("", "identity"),
    ],
)
def test_a_client_gets_what_it_likes_best(accept: str, expected: str) -> None:
    assert encoding_of(accept) == expected


def content(answer: httpx.Response) -> bytes:
    """The content of an answer; httpx unpacks gzip itself."""
    return zstd.decompress(answer.content) if answer.headers.get("content-encoding") == "zstd" else answer.content


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
@pytest.mark.parametrize("path", PATHS)
def test_it_is_the_same_and_a_fraction(served: Running, path: str, encoding: str) -> None:
    plain = served.client.get(path, headers={"Accept-Encoding": "identity"})
    small = served.client.get(path, headers={"Accept-Encoding": encoding})
    assert "content-encoding" not in plain.headers
    assert (small.headers["content-encoding"], small.headers["vary"]) == (encoding, "Accept-Encoding")
    assert content(small) == plain.content
    assert int(small.headers["content-length"]) < 0.6 * int(plain.headers["content-length"])


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
def test_a_scrape_is_a_fraction(served: Running, encoding: str) -> None:
    served.predict("an amazing plot")
    small = served.client.get("/metrics", headers={"Accept-Encoding": encoding})
    assert small.headers["content-encoding"] == encoding
    assert int(small.headers["content-length"]) < 0.2 * len(content(small))
    assert b"gatescope_predictions_total" in content(small)


@pytest.mark.parametrize("path", ["/", "/web/explorer.css"])
def test_what_a_client_has_is_not_sent_again(served: Running, path: str) -> None:
    first = served.client.get(path)
    again = served.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert served.client.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200
