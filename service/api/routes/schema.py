"""`GET /schema`: the OpenAPI document."""

import json
from functools import cache

from litestar import Response, get

from service.api.openapi import document


@get("/schema")
async def schema() -> Response[bytes]:
    """The OpenAPI 3.1 document."""
    return Response(_content(), media_type="application/vnd.oai.openapi+json")


@cache
def _content() -> bytes:
    return json.dumps(document()).encode()
