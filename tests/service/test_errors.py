"""Errors as they travel between the processes of a service."""

import pickle

import pytest

import service.api.app  # noqa: F401 - with it every kind of error is defined
from service.errors import ServiceError


@pytest.mark.parametrize("kind", sorted(ServiceError.kinds))
def test_every_kind_of_error_is_the_same_after_its_way_between_two_processes(kind: str) -> None:
    error = ServiceError.kinds[kind]("what is wrong")
    error.retry_after = 7
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is type(error) and found.detail == "what is wrong" and found.retry_after == 7
