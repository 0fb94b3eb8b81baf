"""What goes wrong, as clients see it: RFC 9457 problem details, and `{"error": ...}` on `/v2`."""

import json
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from service.engine import DeadlinePassed, Draining, Overloaded

log = structlog.get_logger("gatescope")

CLIENT_GONE = 499

TITLES = {
    "malformed": (400, "The request is malformed"),
    "unauthorized": (401, "An API key is needed"),
    "forbidden": (403, "This API key may not do that"),
    "not-found": (404, "There is nothing here"),
    "unknown-model": (404, "No such model is served"),
    "method-not-allowed": (405, "This method is not allowed here"),
    "not-acceptable": (406, "The answer does not come in this form"),
    "request-timeout": (408, "The request took too long to arrive"),
    "conflict": (409, "The repository can't do that"),
    "too-large": (413, "The request is too large"),
    "no-words": (422, "The text has no words"),
    "not-in-model": (422, "The model has no such part"),
    "overloaded": (429, "More work waits than is allowed"),
    "client-gone": (CLIENT_GONE, "The client went away"),
    "internal": (500, "The service failed"),
    "not-ready": (503, "The service is not ready"),
    "draining": (503, "The service is shutting down"),
    "deadline-passed": (504, "The answer came too late"),
}


class Problem(Exception):
    """An answer that is no success. `kind` is a key of `TITLES`; `detail` says what and where, never a user's text."""

    def __init__(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.headers = kind, detail, dict(headers or {})
        self.status, self.title = TITLES[kind]

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 writes it."""
        kind = f"urn:gatescope:problem:{self.kind}"
        return {"type": kind, "title": self.title, "status": self.status, "detail": self.detail}

    def content(self, *, open_inference: bool) -> tuple[bytes, str]:
        """The body of the answer and its media type."""
        if open_inference:
            return json.dumps({"error": self.detail}).encode(), "application/json"
        return json.dumps(self.body()).encode(), "application/problem+json"


def too_large(what: str, limit: int, unit: str = "bytes") -> Problem:
    """413 that names the limit."""
    return Problem("too-large", f"{what} may have at most {limit} {unit}")


def problem_of(error: Exception) -> Problem:
    """The problem that stands for an exception; 500 for one that nobody foresaw."""
    match error:
        case Problem():
            problem = error
        case ExceptionGroup():
            problem = problem_of(error.exceptions[0])
        case Overloaded():
            after = str(error.retry_after)
            problem = Problem("overloaded", f"try again in {after} s", {"Retry-After": after})
        case DeadlinePassed():
            problem = Problem("deadline-passed", "the deadline passed before the answer was ready")
        case Draining():
            problem = Problem("draining", "accepted work is being finished; no new work is taken", {"Retry-After": "1"})
        case NotFoundException():
            problem = Problem("not-found", "no such address")
        case MethodNotAllowedException():
            problem = Problem("method-not-allowed", "see the Allow header", error.headers)
        case HTTPException() if error.status_code < 500:
            problem = Problem("malformed", HTTPStatus(error.status_code).phrase)
        case _:
            problem = Problem("internal", "an error that the service's log describes")
    return problem


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The response for an exception: problem details, or the Open Inference Protocol's error on `/v2`."""
    problem = problem_of(error)
    if problem.kind == "internal":
        log.error("unhandled error", error=type(error).__name__, at=where(error), path=request.scope["path"])
    content, media_type = problem.content(open_inference=request.scope["path"].startswith("/v2"))
    return Response(content, status_code=problem.status, headers=problem.headers, media_type=media_type)


def where(error: BaseException) -> list[str]:
    """The places that an exception passed, innermost last. Its message is left out: it may hold a user's text."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
