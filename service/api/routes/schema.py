"""`GET /schema`: the OpenAPI document."""

import asyncio
import json

from litestar import Response, get

from service.api.openapi import document


@get("/schema", include_in_schema=False)
async def schema() -> Response[bytes]:
    """Return the OpenAPI 3.1 document."""
    content = await asyncio.to_thread(lambda: json.dumps(document()).encode())
    return Response(content, media_type="application/vnd.oai.openapi+json")
