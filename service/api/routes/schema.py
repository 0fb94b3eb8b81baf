"""`GET /schema`: the OpenAPI document."""

import asyncio
import json
from functools import cache

from litestar import Response, get

from service.api.compression import ENCODINGS, packed
from service.api.dependencies import Encoding
from service.api.openapi import document

MEDIA_TYPE = "application/vnd.oai.openapi+json"


@get("/schema", include_in_schema=False)
async def schema(encoding: Encoding) -> Response[bytes]:
    """Return the OpenAPI 3.1 document."""
    return packed(await asyncio.to_thread(_content, encoding), MEDIA_TYPE, encoding)


@cache
def _content(encoding: str) -> bytes:
    return ENCODINGS[encoding](json.dumps(document()).encode())
