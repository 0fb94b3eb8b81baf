"""A packed body is read as if it had come unpacked, and no limit is passed by packing."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from service.settings import Settings
from tests.service.conftest import Running, running

BODY = json.dumps({"text": "a great film"}).encode()
WIDE = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 24})
"""Has its reader remember 16 MiB."""
PACKED = {
    "gzip": gzip.compress(BODY),
    "x-gzip": gzip.compress(BODY[:7]) + gzip.compress(BODY[7:]),
    "deflate": zlib.compress(BODY),
    "zstd": zstd.compress(BODY[:7]) + zstd.compress(BODY[7:]),
    "identity": BODY,
}


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/trace", "/v1/compare"])
def test_a_packed_body_has_the_answer_of_the_body(served: Running, path: str, encoding: str) -> None:
    def ask(content: bytes, **headers: str) -> dict[str, object]:
        answer = served.client.post(path, content=content, headers={"Content-Type": "application/json", **headers})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return {name: found[name] for name in found if name != "timing_ms"}

    assert ask(PACKED[encoding], **{"Content-Encoding": encoding}) == ask(BODY)


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_a_packed_batch_is_streamed(served: Running, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    lines = b'"a great film"\n' * 5000
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": encoding}
    answer = served.client.post("/v1/batch", content=pack(lines), headers=headers)
    assert json.loads(answer.text.splitlines()[-1])["summary"]["rows"] == 5000


@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [
        (BODY, "gzip", 400),
        (gzip.compress(BODY)[:-9], "gzip", 400),
        (gzip.compress(BODY) + b"more", "gzip", 400),
        (zlib.compress(BODY) + b"more", "deflate", 400),
        (b"", "gzip", 400),
        (BODY, "zstd", 400),
        (zstd.compress(BODY)[:-1], "zstd", 400),
        (zstd.compress(BODY) + b"more", "zstd", 400),
        (WIDE.compress(BODY) + WIDE.flush(), "zstd", 400),
        (BODY, "br", 415),
    ],
    ids=[
        "not packed",
        "cut off",
        "gzip and more",
        "deflate and more",
        "empty",
        "no zstd",
        "zstd cut off",
        "zstd and more",
        "a window of 16 MiB",
        "another encoding",
    ],
)
def test_what_is_not_packed_as_it_says_is_refused(served: Running, content: bytes, encoding: str, status: int) -> None:
    answer = served.client.post("/v1/predict", content=content, headers={"Content-Encoding": encoding})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_limits_are_of_what_comes_out(repository: Path, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    with running(Settings(repository=repository, max_text_bytes=1000)) as service:
        bomb = pack(json.dumps({"text": "x" * 100_000_000}).encode())
        answer = service.client.post("/v1/predict", content=bomb, headers={"Content-Encoding": encoding})
    assert answer.status_code == 413
