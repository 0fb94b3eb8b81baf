"""Labelled reviews in a user's own files, with columns that the user names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from export.data.reviews import Review, SplitName
from models.reviews.errors import DataError, UsageError
from models.reviews.file_format import TABLES, format_of
from models.reviews.json_records import plain
from models.reviews.parquet_rows import plain_values, texts
from models.reviews.paths import find, without
from models.reviews.reader import Streams, open_tables, open_text
from models.reviews.records import ReadOptions, place
from models.reviews.rows import RowParser
from models.text.words import typed


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of the columns, and how the file is written. Without `group` every review stands for itself."""

    text: str = "text"
    label: str = "label"
    group: str | None = None
    split: str | None = None
    """Says of each row whether it is train, validation or test."""
    read: ReadOptions = field(default_factory=ReadOptions)
    strict: bool = False
    """Whether a row without text or label is refused, not skipped."""

    @property
    def names(self) -> list[str]:
        """The columns that are read, each once."""
        return list(dict.fromkeys([self.text, self.label, *filter(None, (self.group, self.split))]))


SPLIT_NAMES: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""What a column of splits may hold, in any case."""
OPTIONS = ("text", "label", "group", "split")
"""Of `Columns`, each with an option of its own: `--text-column`."""
NO_VALUE = "has no value"


class LabelledRows(NamedTuple):
    """The reviews of files, and where rows stand that were skipped, with the reason.

    `joined` are the labels that stand there as text and as a number as well.
    """

    rows: tuple[Review, ...]
    skipped: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()


class _Row(NamedTuple):
    place: str
    values: Mapping[str, Any]
    text: str | None
    error: str | None


def read_table(path: str, columns: Columns, but: Sequence[str] = ()) -> LabelledRows:
    """Read a file, or all files of a folder or glob, `but` those. Rows without words, or without a label, are skipped.

    Raises `DataError` with file, row and line where a file can't be read, and in `strict` for a row to be skipped.
    """
    rows, skipped = list[Review](), list[str]()
    seen, kinds = set[str](), dict[str, set[bool]]()
    for row in _rows(_names(path, but), columns):
        seen.update(row.values)
        label = _written(row.values.get(columns.label))
        reason = _reason(row, label, columns)
        if reason is None:
            rows.append(_review(row, str(label), columns))
            kinds.setdefault(str(label), set()).add(isinstance(plain(row.values[columns.label]), str))
        elif columns.strict:
            raise DataError(f"{row.place}: {reason}")
        else:
            skipped.append(f"{row.place}: {reason}")
    missing = next((name for name in columns.names if name not in seen), None)
    if missing and skipped:
        option = next(f"--{kind}-column" for kind in OPTIONS if getattr(columns, kind) == missing)
        there = ", ".join(sorted(seen))
        raise DataError(f"{path}: no column {missing!r}; there are {there}: name it with {option}")
    if skipped and not rows:
        raise DataError(f"{path}: no reviews: no row has a text and a label; {skipped[0]}")
    return LabelledRows(tuple(rows), tuple(skipped), tuple(label for label, found in kinds.items() if len(found) > 1))


def _names(path: str, but: Sequence[str]) -> tuple[str, ...]:
    try:
        names = find([path]).names
        left = without(names, find(but).names) if but else names
    except UsageError as error:
        raise DataError(str(error)) from error
    if not left:
        raise DataError(f"{path}: given for training and for another split as well")
    return left


def _review(row: _Row, label: str, columns: Columns) -> Review:
    """Return the review of a row that can be learnt from. Raises `DataError` for the name of a split that is none."""
    group = columns.group and _written(row.values.get(columns.group))
    if columns.split is None:
        return Review(str(row.text), label, group)
    name = str(_written(row.values[columns.split]))
    split = SPLIT_NAMES.get(name.lower())
    if split is None:
        raise DataError(f"{row.place}: column {columns.split!r} holds {name!r}, not one of {', '.join(SPLIT_NAMES)}")
    return Review(str(row.text), label, group, split)


def _reason(row: _Row, label: str | None, columns: Columns) -> str | None:
    """Return why a row can't be learnt from."""
    if row.text is None:
        return row.error
    if not typed(row.text):
        return f"column {columns.text!r} has no words"
    if label is None:
        several = isinstance(plain(row.values.get(columns.label)), list | dict)
        return f"column {columns.label!r} " + ("holds several values: a review has one label" if several else NO_VALUE)
    no_split = columns.split is not None and _written(row.values.get(columns.split)) is None
    return f"column {columns.split!r} {NO_VALUE}" if no_split else None


def _class_name(names: Sequence[str], value: Any) -> Any:
    """Return what a number stands for; -1, which data sets write for no label, for nothing."""
    if not isinstance(value, int) or value >= len(names):
        return value
    return names[value] if value >= 0 else None


def _written(value: Any) -> str | None:
    """Return a label or group as text, as its file has it; None where there is none."""
    value = plain(value)
    if value is None or isinstance(value, list | dict):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or None


def _rows(names: tuple[str, ...], columns: Columns) -> Iterator[_Row]:
    kind = format_of(names[0])
    streams = Streams(names, kind)
    if kind.format in TABLES:
        yield from _table_rows(streams, columns)
        return
    text = open_text(streams, kind.format, columns.names, columns.read)
    parser = RowParser(kind.format, columns.text, text.columns)
    for name, record in text.rows:
        where = f"{name}, {place(record.row, record.line)}"
        rows, found = parser.parse([record.content])
        (values,), ((body, error),) = rows.values, found
        if error is not None and (kind.format == "csv" or not values):
            raise DataError(f"{where}: {error}")
        yield _Row(where, values, body, error)


def _table_rows(streams: Streams, columns: Columns) -> Iterator[_Row]:
    row, before = 0, ""
    tables = open_tables(streams, columns.names, only_needed=True)
    names = tables.class_names.get(columns.label)
    for name, batch in tables.batches:
        row, before = row if name == before else 0, name
        values = {column: plain_values(batch.column(column)) for column in columns.names}
        if names is not None:
            values[columns.label] = [_class_name(names, value) for value in values[columns.label]]
        for index, (text, error) in enumerate(texts(batch.column(columns.text), columns.text)):
            row += 1
            of_row = {column: each[index] for column, each in values.items()}
            yield _Row(f"{name}, {place(row)}", of_row, text, error)
