"""API keys as bearer tokens: `401` without one, `403` where the key may not do that."""

import hmac
from collections.abc import Iterable

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from pydantic import SecretStr

from service.api.http import header
from service.api.problems import Forbidden, Unauthorized, problem_of
from service.errors import ServiceError
from service.settings import Settings

PROTECTED = ("/v1", "/v2")
OPEN = "/v2/health"
ADMIN = "/v2/repository/models"


class Authenticated:
    """Lets a request for `/v1` or `/v2` pass with one of the keys; loading and unloading needs an admin key.

    Where there are admin keys only, everything else is open.
    """

    def __init__(self, app: ASGIApp, users: Iterable[SecretStr], admins: Iterable[SecretStr]) -> None:
        self._app = app
        self._admins = [key.get_secret_value().encode() for key in admins]
        self._users = [key.get_secret_value().encode() for key in users]

    @classmethod
    def around(cls, app: ASGIApp, settings: Settings) -> ASGIApp:
        """`app` behind the keys of `settings`, or as it is where there are none."""
        if not settings.api_keys and not settings.admin_keys:
            return app
        return cls(app, settings.api_keys, settings.admin_keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or refuse it."""
        refused = self._refused(scope) if scope["type"] in (ScopeType.HTTP, ScopeType.WEBSOCKET) else None
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == ScopeType.WEBSOCKET:
            await send({"type": "websocket.close", "code": 1008, "reason": refused.detail})
        else:
            await _refuse(send, refused, open_inference=scope["path"].startswith("/v2"))

    def _refused(self, scope: Scope) -> ServiceError | None:
        path = scope["path"]
        admin = path.startswith(ADMIN)
        if not path.startswith(PROTECTED) or path.startswith(OPEN) or not (self._users or admin):
            return None
        given = header(scope, b"authorization") or b""
        kind, _, key = given.partition(b" ")
        if kind.lower() != b"bearer" or not _is_one_of(key, self._users + self._admins):
            return Unauthorized("send `Authorization: Bearer KEY`")
        if admin and not _is_one_of(key, self._admins):
            return Forbidden("loading and unloading models needs an admin key")
        return None


def _is_one_of(key: bytes, keys: list[bytes]) -> bool:
    return sum(hmac.compare_digest(key, known) for known in keys) > 0


async def _refuse(send: Send, error: ServiceError, *, open_inference: bool) -> None:
    problem = problem_of(error)
    content, kind = problem.content(open_inference=open_inference)
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    headers += [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": False})
