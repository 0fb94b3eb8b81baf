"""What a supervisor and its worker say to each other: pickled messages on one socket, connections on another."""

import asyncio
import itertools
import os
import pickle
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

Message = dict[str, Any]
_length = struct.Struct("!I")


class Channel:
    """One end of the conversation: messages, and questions with their answers.

    Messages that come after the other end is gone are dropped.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._gone = False

    @classmethod
    async def connect(cls, end: socket.socket) -> "Channel":
        """Return a channel over one end of a connected pair of sockets."""
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, **message: Any) -> None:
        """Send a message; it is on its way when this returns."""
        if not self._writer.is_closing():
            content = pickle.dumps(message)
            self._writer.write(_length.pack(len(content)) + content)

    async def ask(self, **message: Any) -> Any:
        """Send a message with a `number`, and return what `answer` at the other end says to it.

        Raises `EOFError` where that end is gone.
        """
        if self._gone:
            raise EOFError
        number = next(self._numbers)
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self.send(**message, number=number)
        try:
            return await answer
        finally:
            del self._asked[number]

    def answer(self, number: int, result: Any) -> None:
        """Answer the question of that number."""
        self.send(answer=number, result=result)

    async def messages(self) -> AsyncIterator[Message]:
        """Yield what the other end sends, but for answers, until it is gone."""
        try:
            while True:
                (length,) = _length.unpack(await self._reader.readexactly(_length.size))
                message = pickle.loads(await self._reader.readexactly(length))
                if "answer" not in message:
                    yield message
                elif (asked := self._asked.get(message["answer"])) is not None and not asked.done():
                    asked.set_result(message["result"])
        except (ConnectionError, asyncio.IncompleteReadError):
            self._gone = True
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(EOFError())

    def close(self) -> None:
        """Close this end."""
        self._writer.close()


def send_connection(fd_socket: socket.socket, connection: socket.socket) -> bool:
    """Send a connection to another process; return false where that process takes no more at the moment."""
    try:
        socket.send_fds(fd_socket, [b"c"], [connection.fileno()])
    except OSError:  # full, or the other process is gone
        return False
    return True


def receive_connection(fd_socket: socket.socket) -> socket.socket:
    """Return the next connection that has come in.

    Raises `BlockingIOError` where there is none, `EOFError` where none will come, and `OSError` where no descriptor is
    left for it.
    """
    os.close(os.dup(fd_socket.fileno()))  # what is received without room for it is lost
    data, descriptors, _, _ = socket.recv_fds(fd_socket, 1, 1)
    if not data:
        raise EOFError
    return socket.socket(fileno=descriptors[0])
