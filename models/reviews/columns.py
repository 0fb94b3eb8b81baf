"""The columns that a model's answers add to rows: each is declared once, for JSON, CSV and Parquet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, NamedTuple


class Unanswered(NamedTuple):
    """Why a row has no answer; never the text itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Column:
    """A value of an answer. Travels to worker processes, so its functions stand in a module."""

    name: str
    type: Literal["text", "number", "integer", "truth"]
    """Of each field."""
    value: Callable[[Any], Any]
    """The JSON value of an answer."""
    field_names: tuple[str, ...] = ()
    """The columns of a table, where they are not the one of `name`."""
    fields: Callable[[Any], Sequence[Any]] | None = None
    """The values of an answer in a table, where they are not the JSON value."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a table."""
        return self.field_names or (self.name,)

    def row(self, answer: Any) -> Sequence[Any]:
        """Return the values of an answer in a table."""
        return (self.value(answer),) if self.fields is None else self.fields(answer)


ERROR = Column("error", "text", attrgetter("reason"))
"""Why a row has no answer: the last column of every table, the only one of a JSON row without an answer."""
