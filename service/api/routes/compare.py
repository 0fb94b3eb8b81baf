"""`POST /v1/compare`: the same review through every model."""

import asyncio
from typing import Any

from litestar import Request, Response, post

from service.api.context import context_of
from service.api.http import WhileConnected, deadline_of, is_counted, json_response, read_text_body
from service.api.schemas import CompareRequest, Comparison, parse
from service.errors import NotReady


@post("/v1/compare", status_code=200)
async def compare(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Classify one review by the newest version of every model."""
    parts = context_of(request.scope)
    deadline = deadline_of(request.scope, parts.settings.request_timeout)
    body = parse(CompareRequest, await read_text_body(request.receive, parts.settings))
    models = parts.catalog.newest()
    if not models:
        raise NotReady("no model is served")
    with WhileConnected(request.receive):
        async with asyncio.TaskGroup() as group:
            counted = is_counted(request.scope)
            tasks = [parts.predictor.predict(model, body.text, deadline=deadline, counted=counted) for model in models]
            answers = [group.create_task(task) for task in tasks]
    return json_response(Comparison(predictions=[answer.result() for answer in answers]))
