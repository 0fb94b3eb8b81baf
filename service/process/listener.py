"""The port that the service listens on, and what it prints once it answers there."""

import socket
from collections.abc import Sequence


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket on `host` and `port`; port 0 picks a free one. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048, reuse_port=False)


def print_banner(listener: socket.socket, served: Sequence[str]) -> None:
    """Print on standard output what to open and what to try."""
    host, port = listener.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    body = '{"text": "An amazing cast, and a story that stays with you."}'
    if served:
        print(f"Gatescope serves {', '.join(served)}.")
        print(f"  open  {root}/\n  try   curl -s {root}/v1/predict -d '{body}'", flush=True)
    else:
        print(f"Gatescope listens on {root}/, and serves no model yet: gatescope export writes them.", flush=True)
