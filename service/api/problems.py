"""Errors as clients see them: RFC 9457 problem details, and `{"error": ...}` on `/v2`."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException, ValidationException

from service.errors import Category, Malformed, ServiceError, where

log = structlog.get_logger("gatescope")

STATUS = {
    Category.INVALID: 400,
    Category.UNAUTHENTICATED: 401,
    Category.FORBIDDEN: 403,
    Category.NOT_FOUND: 404,
    Category.NOT_ALLOWED: 405,
    Category.NOT_ACCEPTABLE: 406,
    Category.UNSUPPORTED: 415,
    Category.SLOW: 408,
    Category.CONFLICT: 409,
    Category.TOO_LARGE: 413,
    Category.HEAD_TOO_LARGE: 431,
    Category.UNPROCESSABLE: 422,
    Category.BUSY: 429,
    Category.GONE: 499,
    Category.FAILED: 500,
    Category.UNAVAILABLE: 503,
    Category.LATE: 504,
}
"""The HTTP status of every category of error."""


class Unauthorized(ServiceError, kind="unauthorized", title="An API key is needed", category=Category.UNAUTHENTICATED):
    """No key, or one that nobody has been given."""


class Forbidden(ServiceError, kind="forbidden", title="This API key may not do that", category=Category.FORBIDDEN):
    """A key that is not good for this."""


class WrongHost(
    ServiceError, kind="wrong-host", title="The service does not answer under this name", category=Category.FORBIDDEN
):
    """A `Host` that is none of the service's: a page may have made its own name point here."""


class WrongOrigin(
    ServiceError, kind="wrong-origin", title="Pages of this origin may not call", category=Category.FORBIDDEN
):
    """A request of another site's page."""


class NotFound(ServiceError, kind="not-found", title="There is nothing here", category=Category.NOT_FOUND):
    """An address that leads nowhere."""


class MethodNotAllowed(
    ServiceError, kind="method-not-allowed", title="This method is not allowed here", category=Category.NOT_ALLOWED
):
    """An address that is used with another method."""


class NotAcceptable(
    ServiceError,
    kind="not-acceptable",
    title="The answer does not come in this form",
    category=Category.NOT_ACCEPTABLE,
):
    """A media type in which there is no answer; `detail` names those that there are."""


class UnsupportedEncoding(
    ServiceError,
    kind="unsupported-encoding",
    title="The body is packed in a way that is not read here",
    category=Category.UNSUPPORTED,
):
    """A `Content-Encoding` that is not known; `detail` names those that are."""


class RequestTimeout(
    ServiceError, kind="request-timeout", title="The request took too long to arrive", category=Category.SLOW
):
    """A request whose end did not come."""


class Idle(ServiceError, kind="idle", title="Nothing more was typed", category=Category.SLOW):
    """An open stream whose client sent nothing for too long."""


class HeadTooLarge(
    ServiceError, kind="head-too-large", title="The head is too large", category=Category.HEAD_TOO_LARGE
):
    """A request line with headers of more bytes, or more headers, than are read; `detail` names the limit."""


class ClientGone(ServiceError, kind="client-gone", title="The client went away", category=Category.GONE):
    """A connection that was closed before the answer was ready."""


class Internal(ServiceError, kind="internal", title="The service failed", category=Category.FAILED):
    """An error that nobody foresaw; the log says more."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An error that is ready to be sent, with the headers that go with it."""

    error: ServiceError
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return STATUS[self.error.category]

    def body(self) -> dict[str, Any]:
        """Return the error as RFC 9457 writes it."""
        error = self.error
        kind = f"urn:gatescope:problem:{error.kind}"
        return {"type": kind, "title": error.title, "status": self.status, "detail": error.detail}

    def content(self, *, open_inference: bool) -> tuple[bytes, str]:
        """Return the body of the answer and its media type."""
        if open_inference:
            return json.dumps({"error": self.error.detail}).encode(), "application/json"
        return json.dumps(self.body()).encode(), "application/problem+json"


def problem_of(error: Exception) -> Problem:
    """Return what is sent for an exception; status 500 for one that nobody foresaw."""
    match error:
        case Unauthorized():
            return Problem(error, {"WWW-Authenticate": "Bearer"})
        case ServiceError():
            return Problem(error, {} if error.retry_after is None else {"Retry-After": str(error.retry_after)})
        case ExceptionGroup():
            return problem_of(error.exceptions[0])
        case HTTPException() if error.status_code < 500:
            return _problem_of_litestar(error)
    return Problem(Internal("an error that the service's log describes"))


def _problem_of_litestar(error: HTTPException) -> Problem:
    """Return what is sent where Litestar itself refuses a request."""
    match error:
        case NotFoundException():
            return Problem(NotFound("no such address"))
        case MethodNotAllowedException():
            return Problem(MethodNotAllowed("see the Allow header"), dict(error.headers or {}))
        case ValidationException(extra=[{"key": "data"}, *_]):
            return Problem(Malformed("the body is empty; JSON is expected"))
    return Problem(Malformed(HTTPStatus(error.status_code).phrase))


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return the response for an exception: problem details, or the Open Inference Protocol's error on `/v2`."""
    problem = problem_of(error)
    if isinstance(problem.error, Internal):
        log.error("unhandled error", error=type(error).__name__, at=where(error), path=request.scope["path"])
    content, media_type = problem.content(open_inference=request.scope["path"].startswith("/v2"))
    return Response(content, status_code=problem.status, headers=problem.headers, media_type=media_type)
