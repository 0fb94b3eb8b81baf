"""Lines of JSON and CSV in pieces: wherever they are cut, the rows are those of the whole."""

from collections.abc import Sequence
from contextlib import suppress
from itertools import chain

from models.reviews.records import Record
from service.api.batch.formats import BatchOptions, CsvForm, Form, JsonLinesForm
from service.errors import ServiceError

SEEDS = (
    b'\x00\x05{"text": "good"}\n"bad"\r\n\n{"text": "x"',
    b'\x01\x03text,n\n"a ""good"" film",1\r\nbad,2\n',
    b"\x01\x09sep=;\ntext;n\n'a;1\n\"open",
    b'\x01\x02\xef\xbb\xbftext\tn\n"a\\"b"\t1\n',
    b"\x00\x01\xef\xbb\xbf[\n" + b"x" * 300,
)
LONGEST, LONGEST_OF_CSV = 200, 10_000
"""Where a CSV row over its limit ends is a guess, which depends on where it was cut: here there is none."""


def run(data: bytes) -> None:
    """The first byte chooses the form, the second the size of the pieces."""
    csv, size, body = data[:1] == b"\x01", 1 + (data[1:2] or b"\0")[0], data[2:]
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert _rows(_form(csv), [body]) == _rows(_form(csv), pieces)


def _form(csv: bool) -> Form:
    return CsvForm(BatchOptions(), LONGEST_OF_CSV) if csv else JsonLinesForm(LONGEST)


def _rows(form: Form, pieces: Sequence[bytes]) -> list[Record | str]:
    """The rows, each of which can be asked for or refused, and at the end the error where there is one."""
    found: list[Record | str] = []
    try:
        for record in chain(chain.from_iterable(map(form.feed, pieces)), form.end()):
            found.append(record)
            if isinstance(form, JsonLinesForm) and record.content is not None:
                _ask(form, record)
    except ServiceError as error:
        found.append(error.detail)
    return found


def _ask(form: Form, record: Record) -> None:
    with suppress(ServiceError):
        form.asked(record)
