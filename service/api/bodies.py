"""Bodies of requests: each within its limit, and all that are unfinished within one together."""

from typing import Any

from litestar.types import Receive

from service.api.problems import ClientGone
from service.errors import Overloaded, too_large
from service.settings import Settings

MAX_UNFINISHED_BYTES = 128 * 2**20
"""Most bytes that a process holds of bodies whose end has not come, all together."""

SHORT_BODY_BYTES = 65_536
"""Most bytes of the body of a request that holds no text."""


class Bodies:
    """Reads bodies, chunked or not. `unfinished` are the bytes of all whose end has not come.

    Every way to read one raises `TooLarge` as soon as it is longer than its limit, `Overloaded` where the unfinished
    ones are more than `MAX_UNFINISHED_BYTES`, and `ClientGone`.
    """

    def __init__(self, settings: Settings) -> None:
        self._most_of_text, self._most_of_batch = settings.max_text_bytes, settings.max_batch_bytes
        self.unfinished = 0

    async def read_text(self, receive: Receive) -> bytes:
        """Return the body of a request with one text: at most what any text within the limit makes of it."""
        return await self._read(receive, 6 * self._most_of_text + 4096, "a text", self._most_of_text)

    async def read_batch(self, receive: Receive) -> bytes:
        """Return the body of a request with many texts."""
        return await self._read(receive, self._most_of_batch, "a request", self._most_of_batch)

    async def read_short(self, receive: Receive) -> bytes:
        """Return the body of a request without a text."""
        return await self._read(receive, SHORT_BODY_BYTES, "a request", SHORT_BODY_BYTES)

    async def _read(self, receive: Receive, limit: int, what: str, stated: int) -> bytes:
        """Return a body of at most `limit` bytes; `stated` is what is said of the limit."""
        content, held = bytearray(), 0
        try:
            while True:
                message: Any = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone("the request ended before its body did")
                body, more = message["body"], message.get("more_body", False)
                if more or content:
                    self._count(len(body))
                    held += len(body)
                    content += body
                else:
                    content = body
                if len(content) > limit:
                    raise too_large(what, stated)
                if not more:
                    return bytes(content)
        finally:
            self.unfinished -= held

    def _count(self, size: int) -> None:
        if self.unfinished + size > MAX_UNFINISHED_BYTES:
            raise Overloaded("too many bodies are on their way; try again in 1 s", retry_after=1)
        self.unfinished += size
