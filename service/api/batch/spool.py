"""Answers that wait for their client: a little in memory, the rest in a temporary file of limited size."""

import asyncio
import tempfile
from typing import IO

IN_MEMORY = 256 * 2**10
PIECE = 64 * 2**10


class SpoolFull(Exception):
    """No more answers can wait; the message says why."""


class Spool:
    """First in, first out. `put` and `take` are for one task each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tail = bytearray()
        self._file: IO[bytes] | None = None
        self._read = self._written = 0
        self._closed = False
        self._changed, self._lock = asyncio.Event(), asyncio.Lock()
        self.taken = 0
        """Bytes sent so far, which the sender counts."""

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._written - self._read + len(self._tail)

    async def put(self, content: bytes) -> None:
        """Add at the end, unless closed. Raises `SpoolFull`, and adds nothing, past the limit or on a full disk."""
        if self.size + len(content) > self._limit:
            raise SpoolFull("too many answers wait unread")
        if len(self._tail) + len(content) > IN_MEMORY:
            async with self._lock:
                await self._move_to_file()
        if not self._closed:
            self.append(content)

    def append(self, content: bytes) -> None:
        """Add at the end whatever the limit says: for the last words of a stream."""
        self._tail += content
        self._changed.set()

    def close(self) -> None:
        """Take no more: `take` returns what is left, and then nothing."""
        self._closed = True
        self._changed.set()

    async def take(self) -> bytes:
        """Return what waits longest, at most some hundred kilobytes; waits for it. Empty at the end."""
        while not self.size:
            if self._closed:
                return b""
            self._changed.clear()
            await self._changed.wait()
        async with self._lock:
            if self._read < self._written:
                content = await asyncio.to_thread(self._read_piece)
            else:
                content, self._tail = bytes(self._tail), bytearray()
        return content

    def discard(self) -> None:
        """Give the temporary file back."""
        if self._file is not None:
            self._file.close()

    async def _move_to_file(self) -> None:
        tail, self._tail = self._tail, bytearray()
        try:
            await asyncio.to_thread(self._write, tail)
        except OSError as error:
            self._tail = tail + self._tail
            raise SpoolFull(f"no disk for answers that wait unread ({error.strerror})") from error

    def _write(self, content: bytearray) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `discard` closes it
        self._file.seek(self._written)
        self._file.write(content)
        self._written += len(content)

    def _read_piece(self) -> bytes:
        assert self._file is not None
        self._file.seek(self._read)
        content = self._file.read(min(PIECE, self._written - self._read))
        self._read += len(content)
        if self._read == self._written:
            self._file.seek(0)
            self._file.truncate()
            self._read = self._written = 0
        return content
