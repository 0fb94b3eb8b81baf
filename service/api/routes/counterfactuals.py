"""`POST /v1/counterfactuals`: the smallest change of words that turns a verdict."""

from litestar import post
from litestar.params import JSONBody

from service.api.dependencies import Call, Context, Deadline
from service.api.described import problems
from service.api.http import WhileConnected
from service.errors import READS_TEXT
from service.tracing.counterfactual import CounterfactualRequest, Counterfactuals


@post("/v1/counterfactuals", status_code=200, responses=problems(*READS_TEXT))
async def counterfactuals(
    data: JSONBody[CounterfactualRequest], context: Context, deadline: Deadline, request: Call
) -> Counterfactuals:
    """Return texts that differ by the fewest words and have another verdict. Nothing of it counts as production."""
    model = context.catalog.find(data.model, data.version)
    with model, WhileConnected(request.receive):
        return await context.counterfactuals.search(model, data.text, deadline)
