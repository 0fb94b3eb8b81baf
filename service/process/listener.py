"""Where the service listens, and what it prints once it answers there."""

import socket
from collections.abc import Sequence
from pathlib import Path

from service.settings import Settings

BACKLOG = 2048


def open_listener(settings: Settings) -> socket.socket:
    """Return a listening socket: on `uds`, else on `host` and `port`. Raises `OSError`.

    Port 0 picks a free one; the host `::` takes IPv4, too, where the system can do both.
    """
    if settings.uds is not None:
        return _open_unix(settings.uds)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    both = settings.host == "::" and socket.has_dualstack_ipv6()
    address = settings.host, settings.port
    return socket.create_server(address, family=family, backlog=BACKLOG, reuse_port=False, dualstack_ipv6=both)


def _open_unix(path: Path) -> socket.socket:
    """Return a listening Unix socket; one that a killed service left is replaced."""
    if path.is_socket() and not _is_answered(path):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def print_banner(listener: socket.socket, served: Sequence[str]) -> None:
    """Print on standard output what to open and what to try."""
    root, through = _address(listener)
    body = '{"text": "An amazing cast, and a story that stays with you."}'
    if served:
        print(f"Gatescope serves {', '.join(served)}.")
        print(f"  open  {root}/\n  try   curl -s {through}{root}/v1/predict -d '{body}'", flush=True)
    else:
        print(f"Gatescope listens on {root}/, and serves no model yet: gatescope export writes them.", flush=True)


def _address(listener: socket.socket) -> tuple[str, str]:
    """Return the address of the service, and what curl needs to be told beside it."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return "http://localhost", f"--unix-socket {name} "
    host, port = name[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}", ""
