"""A worker process as the supervisor has it: how it is started, and what it is asked."""

import asyncio
import contextlib
import pickle
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from models.bundle.served_versions import ServedVersions
from service.errors import ServiceError
from service.process.channel import Channel
from service.settings import Settings

Result = tuple[ServiceError | None, ServedVersions]
"""Of a change in a worker: the error where there was one, and what it serves now."""


@dataclass(eq=False, slots=True)
class WorkerProcess:
    """One worker process; `open` connections count those on their way to it."""

    number: int
    process: asyncio.subprocess.Process
    channel: Channel
    fd_socket: socket.socket
    started: float = field(default_factory=time.monotonic)
    ready: bool = False
    ended: bool = False
    open: int = 0
    sent: int = 0

    async def ask(self, change: str, seconds: float, **fields: Any) -> Result | None:
        """Have the worker make a change; return what came of it, or None where it has ended.

        One that does not answer within `seconds` is killed.
        """
        try:
            result: Result = await asyncio.wait_for(self.channel.ask(do=change, fields=fields), seconds)
        except TimeoutError:
            self.process.kill()
        except EOFError:
            pass
        else:
            return result
        return None

    def end(self) -> None:
        """Close what led to a process that has ended."""
        self.ended, self.ready = True, False
        self.channel.close()
        self.fd_socket.close()


async def start_worker(number: int, settings: Settings, versions: ServedVersions | None) -> WorkerProcess:
    """Start a worker that serves `versions`, or else the newest valid ones. Raises `OSError`."""
    with contextlib.ExitStack() as stack:
        ours, theirs = map(stack.enter_context, socket.socketpair())
        fd_socket, their_fd_socket = map(stack.enter_context, socket.socketpair())
        fd_socket.setblocking(False)
        ends = (theirs.fileno(), their_fd_socket.fileno())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "service.process.worker", *map(str, ends)),
            pass_fds=ends,
            stdin=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        with contextlib.suppress(ConnectionError):
            process.stdin.write(pickle.dumps((settings, versions)))
            process.stdin.close()
        return WorkerProcess(number, process, await Channel.connect(ours.dup()), fd_socket.dup())
