"""The port that the service listens on, and what it says once it answers there."""

import socket
from collections.abc import Sequence


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on `host` and `port`; port 0 picks a free one. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048, reuse_port=False)


def greet(listening: socket.socket, served: Sequence[str]) -> None:
    """Say on standard output what to open and what to try."""
    host, port = listening.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    body = '{"text": "An amazing cast, and a story that stays with you."}'
    print(f"Gatescope serves {', '.join(served) or 'no model'}.")
    print(f"  open  {root}/\n  try   curl -s {root}/v1/predict -d '{body}'", flush=True)
