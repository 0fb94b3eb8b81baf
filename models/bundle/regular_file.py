"""One file of a folder as bytes, whatever stands in its place: a link, a pipe, a device, more than was said."""

import os
from pathlib import Path


def read_regular_file(folder: Path, name: str, most: int) -> bytes:
    """Return the bytes of a regular file inside `folder`, at most `most` of them and never waiting for any.

    Raises `ValueError` where it is none, lies outside or is larger, and `OSError` where it can't be read.
    """
    path = Path(os.path.realpath(folder / name, strict=True))
    if not path.is_relative_to(os.path.realpath(folder)):
        raise ValueError("lies outside the bundle")
    if not path.is_file():
        raise ValueError("is not a regular file")
    with open(path, "rb", opener=_open_at_once) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise ValueError(f"has {size} bytes, at most {most} belong there")
        return file.read(size)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; one that has become a pipe since it was looked at does not hold the thread up."""
    return os.open(path, flags | os.O_NONBLOCK)
