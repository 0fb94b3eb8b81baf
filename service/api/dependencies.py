"""What Litestar gives to the handlers: the service's context, the deadline, and the body as the type that they name."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.openapi.spec import OpenAPIType
from litestar.params import HeaderParameter, SkipValidation
from litestar.types import Empty, Receive

from service.api.bodies import Bodies
from service.api.compression import encoding_of
from service.api.context import AppContext
from service.api.http import deadline_of, is_counted
from service.api.schemas import parse

Call = Request[Any, Any, Any]
ReadBody = Callable[[Bodies, Receive], Awaitable[bytes]]
Context = NamedDependency[SkipValidation[AppContext]]
Deadline = NamedDependency[float]
"""When the answer must be there, of `time.monotonic`: a parameter `deadline`."""
Counted = NamedDependency[bool]
"""Whether the request is production, see `is_counted`: a parameter `counted`."""
Encoding = NamedDependency[str]
"""The encoding that the client likes best, see `ENCODINGS`: a parameter `encoding`."""
Timeout = Annotated[
    str | None,
    HeaderParameter(
        name="X-Request-Timeout",
        description="Seconds after which the answer is of no use.",
        schema_extra={"one_of": None, "type": OpenAPIType.NUMBER, "exclusive_minimum": 0},
    ),
]

AcceptEncoding = Annotated[str, HeaderParameter(name="Accept-Encoding", include_in_schema=False)]


class TypedRequest(Call):
    """A request whose body is read as its route's `read_body` does, and is JSON whatever its `Content-Type` says."""

    async def body(self) -> bytes:
        """Return the body. Raises `TooLarge`, `ClientGone`, `Overloaded`."""
        if self._body is not Empty:
            return self._body
        read: ReadBody = self.route_handler.opt.get("read_body", Bodies.read_text)
        self._body = body = await read(self.app.state["context"].bodies, self.receive)
        return body

    async def json(self) -> Any:
        """Return the body as the type of the handler's `data`. Raises `Malformed`."""
        field = self.route_handler.parsed_data_field
        assert field is not None
        return parse(field.annotation, await self.body())


def _context(state: State) -> AppContext:
    context: AppContext = state["context"]
    return context


def _deadline(context: Context, timeout: Timeout = None) -> float:
    return deadline_of(timeout, context.settings.request_timeout)


def _encoding(accept_encoding: AcceptEncoding = "") -> str:
    return encoding_of(accept_encoding)


def _counted(request: Call) -> bool:
    return is_counted(request.scope)


DEPENDENCIES = {
    "context": Provide(_context, sync_to_thread=False),
    "deadline": Provide(_deadline, sync_to_thread=False),
    "counted": Provide(_counted, sync_to_thread=False),
    "encoding": Provide(_encoding, sync_to_thread=False),
}
