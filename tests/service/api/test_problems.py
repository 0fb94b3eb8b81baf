"""Every kind of error has a status, and is sent in both forms."""

import json

import pytest

from service.api.problems import STATUS, problem_of
from service.errors import Category, Overloaded, ServiceError

DOCUMENTED = {
    "malformed": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not-found": 404,
    "unknown-model": 404,
    "method-not-allowed": 405,
    "not-acceptable": 406,
    "request-timeout": 408,
    "conflict": 409,
    "too-large": 413,
    "no-words": 422,
    "not-in-model": 422,
    "overloaded": 429,
    "client-gone": 499,
    "internal": 500,
    "not-ready": 503,
    "draining": 503,
    "deadline-passed": 504,
}


def test_every_category_has_a_status() -> None:
    assert set(STATUS) == set(Category)


def test_kinds_and_their_statuses_are_those_that_clients_know() -> None:
    assert {kind: STATUS[ServiceError.kinds[kind].category] for kind in DOCUMENTED} == DOCUMENTED


@pytest.mark.parametrize("kind", ServiceError.kinds)
def test_it_is_sent_as_problem_details_or_as_the_protocol_has_it(kind: str) -> None:
    problem = problem_of(ServiceError.kinds[kind]("what and where"))
    content, media_type = problem.content(open_inference=False)
    assert media_type == "application/problem+json"
    assert json.loads(content) == {
        "type": f"urn:gatescope:problem:{kind}",
        "title": ServiceError.kinds[kind].title,
        "status": problem.status,
        "detail": "what and where",
    }
    assert json.loads(problem.content(open_inference=True)[0]) == {"error": "what and where"}


def test_when_to_come_again_is_a_header() -> None:
    assert problem_of(Overloaded("try again in 3 s", retry_after=3)).headers == {"Retry-After": "3"}
    assert problem_of(Overloaded("later")).headers == {}


def test_an_error_that_nobody_foresaw_says_nothing_of_itself() -> None:
    problem = problem_of(ValueError("a user's text"))
    assert problem.status == 500
    assert "text" not in json.dumps(problem.body())
