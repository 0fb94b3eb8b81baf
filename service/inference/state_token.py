"""States as they travel: opaque to clients, and signed, so that what comes back is what was sent."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from msgspec import DecodeError, msgpack

from service.errors import Malformed
from service.inference.continuation import Continuation

FORMAT = b"\x01"
"""The first byte of what is signed: how the rest is written."""
MOST_CHARACTERS = 2_000_000
"""Longest token that is read; a state of 4 layers of 1,024 units has 80,000."""

_decoder = msgpack.Decoder(Continuation)


class StateTokens:
    """Writes and reads states with one key: services that share it take each other's."""

    def __init__(self, key: str | None) -> None:
        """Without a `key` one is made, which nobody shares."""
        self._key = secrets.token_bytes(32) if key is None else sha256(key.encode()).digest()

    def write(self, state: Continuation) -> str:
        """Return a state as a token."""
        content = FORMAT + msgpack.encode(state)
        return urlsafe_b64encode(self._signature(content) + content).decode().rstrip("=")

    def read(self, token: str) -> Continuation:
        """Return the state of a token. Raises `Malformed` for what this key has not signed."""
        try:
            signed = urlsafe_b64decode(token.encode("ascii") + b"===")
        except ValueError:
            raise Malformed("state: base64url is expected, as it was sent") from None
        signature, content = signed[:32], signed[32:]
        if not hmac.compare_digest(signature, self._signature(content)) or content[:1] != FORMAT:
            raise Malformed("state: this service, or another with the same state_key, has not signed it")
        try:
            return _decoder.decode(content[1:])
        except DecodeError:
            raise Malformed("state: another version of the service has written it") from None

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._key, content, "sha256")
