"""`POST /v1/compare`: the same review through every model."""

import asyncio

from litestar import post
from litestar.params import JSONBody

from service.api.dependencies import Call, Context, Counted, Deadline
from service.api.described import problems
from service.api.http import WhileConnected
from service.api.schemas import CompareRequest, Comparison
from service.errors import READS_TEXT, NotReady


@post("/v1/compare", status_code=200, responses=problems(*READS_TEXT))
async def compare(
    data: JSONBody[CompareRequest], context: Context, deadline: Deadline, counted: Counted, request: Call
) -> Comparison:
    """Classify one review by the newest version of every model."""
    models = context.catalog.newest()
    if not models:
        raise NotReady("no model is served")
    with WhileConnected(request.receive):
        async with asyncio.TaskGroup() as group:
            tasks = [
                context.predictor.predict(model, data.text, deadline=deadline, counted=counted) for model in models
            ]
            answers = [group.create_task(task) for task in tasks]
    return Comparison(predictions=[answer.result() for answer in answers])
