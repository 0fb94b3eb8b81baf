"""What the OpenAPI document says of a route beyond the types of its handler: errors, and other media types."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

from service.api.problems import STATUS, Forbidden, Unauthorized, WrongHost, WrongOrigin
from service.api.schemas import OpenInferenceError, ProblemDetails
from service.errors import Malformed, ServiceError

Responses = dict[int, ResponseSpec]
ALWAYS = (Malformed, Unauthorized, Forbidden, WrongHost, WrongOrigin)


def answer(kind: Any, media_type: str = "application/json", description: str = "The answer.") -> ResponseSpec:
    """Return how an answer is described that is an instance of `kind`."""
    return ResponseSpec(kind, generate_examples=False, description=description, media_type=media_type)


def _errors(body: type, media_type: str, *kinds: type[ServiceError]) -> Responses:
    """Return the answer for each status that errors of these `kinds`, and those of every route, have."""
    titles: defaultdict[int, list[str]] = defaultdict(list)
    every: tuple[type[ServiceError], ...] = (*ALWAYS, *kinds)
    for kind in every:
        titles[STATUS[kind.category]].append(kind.title)
    return {status: answer(body, media_type, "; ".join(named)) for status, named in sorted(titles.items())}


problems: Callable[..., Responses] = partial(_errors, ProblemDetails, "application/problem+json")
"""The errors of a route of `/v1`, by their classes."""
open_inference_errors: Callable[..., Responses] = partial(_errors, OpenInferenceError, "application/json")
"""The errors of a route of `/v2`, by their classes."""


@dataclass
class OptionalBody(Operation):
    """An operation whose body may be left out."""

    def __post_init__(self) -> None:
        """Say so."""
        assert isinstance(self.request_body, RequestBody)
        self.request_body.required = False


def with_media_types(answers: Mapping[str, Schema], requests: Mapping[str, Schema] | None = None) -> type[Operation]:
    """Return an operation that takes and answers these media types, too."""

    @dataclass
    class WithMediaTypes(Operation):
        def __post_init__(self) -> None:
            _add(self.request_body, requests or {})
            _add((self.responses or {})["200"], answers)

    return WithMediaTypes


def _add(place: Any, media_types: Mapping[str, Schema]) -> None:
    for media_type, schema in media_types.items():
        place.content[media_type] = OpenAPIMediaType(schema=schema)
