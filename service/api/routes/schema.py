"""`GET /schema`: the OpenAPI document."""

import asyncio
import json
from functools import cache

from litestar import Response, get

from service.api.compression import compressed, in_gzip
from service.api.dependencies import Gzip
from service.api.openapi import document

MEDIA_TYPE = "application/vnd.oai.openapi+json"


@get("/schema", include_in_schema=False)
async def schema(gzip: Gzip) -> Response[bytes]:
    """Return the OpenAPI 3.1 document."""
    plain, small = await asyncio.to_thread(_content)
    return in_gzip(small, MEDIA_TYPE) if gzip else Response(plain, media_type=MEDIA_TYPE)


@cache
def _content() -> tuple[bytes, bytes]:
    """Return the document, and the same in gzip."""
    plain = json.dumps(document()).encode()
    return plain, compressed(plain)
