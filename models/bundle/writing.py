"""Folders in which several processes write aside and rename: what a killed one left goes once nobody writes there."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Keep what is written aside in `folder` from `clear`, within the block and in every process."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


def clear(folder: Path, pattern: str) -> None:
    """Remove what matches `pattern` in `folder`, unless somebody is writing there."""
    try:
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for left in folder.glob(pattern):
                if left.is_dir():
                    shutil.rmtree(left)
                else:
                    left.unlink()
    except BlockingIOError:
        return


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
