"""Answers to requests that never reach the application, as bytes of HTTP/1.1; the connection closes behind them."""

import json
from http import HTTPStatus

from service.api.problems import Problem
from service.errors import ServiceError


def refusal(error: ServiceError) -> bytes:
    """Return the whole answer: the problem details of `error`."""
    problem = Problem(error)
    body = json.dumps(problem.body()).encode()
    lines = (
        b"HTTP/1.1 %d %s" % (problem.status, HTTPStatus(problem.status).phrase.encode()),
        b"content-type: application/problem+json",
        b"content-length: %d" % len(body),
        b"connection: close",
        b"",
        body,
    )
    return b"\r\n".join(lines)
