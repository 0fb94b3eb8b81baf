"""What ends a request without an answer, whichever way it came: one class a kind. Nothing here knows HTTP."""

import traceback
from enum import Enum
from typing import ClassVar


class Category(Enum):
    """Who or what is at fault, and so what a client can do about it."""

    INVALID = "the request can't be understood"
    UNAUTHENTICATED = "nobody knows who asks"
    FORBIDDEN = "whoever asks may not do that"
    NOT_FOUND = "what is asked for does not exist"
    NOT_ALLOWED = "what is asked for can't be done with this"
    NOT_ACCEPTABLE = "the answer does not come in the form asked for"
    UNSUPPORTED = "the request comes in a form that is not read"
    SLOW = "the request did not arrive in time"
    CONFLICT = "the state of the service does not allow it"
    TOO_LARGE = "more is asked for than is allowed"
    HEAD_TOO_LARGE = "the head of the request is larger than is read"
    UNPROCESSABLE = "the request is well formed, but has no answer"
    BUSY = "too much is asked for at once"
    GONE = "nobody waits for the answer any longer"
    FAILED = "the service itself is at fault"
    UNAVAILABLE = "the service can't answer at the moment"
    LATE = "the answer did not come in time"


class ServiceError(Exception):
    """A request that gets no answer.

    `detail` says what is wrong and where, never a user's text; `retry_after` in how many seconds another try makes
    sense, where it does. A new kind of error is a subclass: `class NoWords(ServiceError, kind=..., title=...,
    category=...)`. Clients know it by `kind`.
    """

    kinds: ClassVar[dict[str, type["ServiceError"]]] = {}
    kind: ClassVar[str]
    title: ClassVar[str]
    category: ClassVar[Category]
    retry_after: int | None = None

    def __init_subclass__(cls, *, kind: str, title: str, category: Category) -> None:
        cls.kind, cls.title, cls.category = kind, title, category
        ServiceError.kinds[kind] = cls

    def __init__(self, detail: str, *, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if retry_after is not None:
            self.retry_after = retry_after


class Malformed(ServiceError, kind="malformed", title="The request is malformed", category=Category.INVALID):
    """A request that does not have the form it should have; `detail` names the field."""


class UnknownModel(ServiceError, kind="unknown-model", title="No such model is served", category=Category.NOT_FOUND):
    """A model or version that is not served; `detail` says what is."""


class Conflict(ServiceError, kind="conflict", title="The repository can't do that", category=Category.CONFLICT):
    """A change of what is served that the repository does not allow: no version of the model is valid."""


class TooLarge(ServiceError, kind="too-large", title="The request is too large", category=Category.TOO_LARGE):
    """More than a limit allows; `detail` names the limit."""


class NoWords(ServiceError, kind="no-words", title="The text has no words", category=Category.UNPROCESSABLE):
    """A text in which there is nothing to read."""

    def __init__(self, detail: str = "the text is empty, or only white space and markup") -> None:
        super().__init__(detail)


class NotInModel(
    ServiceError, kind="not-in-model", title="The model has no such part", category=Category.UNPROCESSABLE
):
    """A label, layer, unit or step that the model or the text does not have; `detail` names those it has."""


class Overloaded(ServiceError, kind="overloaded", title="More work waits than is allowed", category=Category.BUSY):
    """Too much waits already; `retry_after` says when it is predicted to be done."""


class NotReady(ServiceError, kind="not-ready", title="The service is not ready", category=Category.UNAVAILABLE):
    """The models are not loaded yet."""

    retry_after = 1


class Draining(ServiceError, kind="draining", title="The service is shutting down", category=Category.UNAVAILABLE):
    """Accepted work is finished and no more is taken."""

    retry_after = 1

    def __init__(self, detail: str = "accepted work is being finished; no new work is taken") -> None:
        super().__init__(detail)


class DeadlinePassed(ServiceError, kind="deadline-passed", title="The answer came too late", category=Category.LATE):
    """The deadline came before the answer; what was left of the work is not done."""

    def __init__(self, detail: str = "the deadline passed before the answer was ready") -> None:
        super().__init__(detail)


READS_TEXT = (TooLarge, NoWords, UnknownModel, Overloaded, NotReady, Draining, DeadlinePassed)
"""What may end any request to read a text."""


def too_large(what: str, limit: int, unit: str = "bytes") -> TooLarge:
    """Return the error that says how large `what` may be."""
    return TooLarge(f"{what} may have at most {limit} {unit}")


def where(error: BaseException) -> list[str]:
    """Return the places that an exception passed, innermost last, for a log.

    Its message is left out: it may hold a user's text.
    """
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
