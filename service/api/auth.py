"""Who may do what: each route names the `Access` that it needs in its `opt`, and a request needs a key that has it.

The check is middleware of the routes, not a path prefix in front of them: it runs once the router has found the route,
so however an address is spelt, both mean the same. A Litestar guard would do as well, but copies its handler for every
call, and plain ASGI handlers have none: docs/design.md has the figures.

A key comes as a bearer token. Only its SHA-256 is kept: of the keys in the settings, and of those in a file with a
line a key, `NAME SCOPE[,SCOPE...] SHA256`, where a scope is `predict`, `trace` or `admin`; `#` begins a comment.
"""

import hmac
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from enum import Flag, auto
from functools import partial, reduce
from hashlib import sha256
from operator import or_
from pathlib import Path
from time import monotonic

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from service.api.http import header
from service.api.problems import Forbidden, Unauthorized
from service.settings import InvalidSettings, Settings

log = structlog.get_logger("gatescope")

SUBPROTOCOL = "gatescope"
KEY_PROTOCOL = "gatescope.key."
"""A browser offers `gatescope` and `gatescope.key.` with the key in base64url; the first is accepted."""

READ_AGAIN = 1.0
"""Seconds after which the file of keys is looked at again."""


class Access(Flag):
    """What a route lets one do, and what a key may do. `OPEN` needs no key."""

    OPEN = 0
    PREDICT = auto()
    TRACE = auto()
    ADMIN = auto()


USE = Access.PREDICT | Access.TRACE

Keys = Mapping[bytes, Access]
"""What a key may do, by its SHA-256."""


class KeyRing:
    """The keys of a service. Where there are admin keys alone, its use is open."""

    def __init__(self, settings: Settings) -> None:
        """Raises `InvalidSettings` for a file of keys that can't be read."""
        users = {_hash(key.get_secret_value().encode()): USE for key in settings.api_keys}
        admins = {_hash(key.get_secret_value().encode()): USE | Access.ADMIN for key in settings.admin_keys}
        self._given: Keys = users | admins
        self._file = KeysFile(settings.keys_file) if settings.keys_file else None
        self._open = Access.OPEN if users or self._file else USE

    def __bool__(self) -> bool:
        return bool(self._given) or self._file is not None

    def check(self, needed: Access, authorization: bytes) -> None:
        """Raise `Unauthorized` without a known key, `Forbidden` for one that lacks some of the access needed."""
        needed &= ~self._open
        if not needed:
            return
        held = self._access_of(authorization)
        if not held:
            raise Unauthorized("send `Authorization: Bearer KEY`")
        if needed & ~held:
            raise Forbidden(f"this key lacks the scope {str((needed & ~held).name).lower()}")

    def _access_of(self, authorization: bytes) -> Access:
        """Return what the bearer of a key may do: nothing, unless it is a known one. Takes as long for any key."""
        kind, _, key = authorization.partition(b" ")
        if kind.lower() != b"bearer" or not key:
            return Access.OPEN
        keys = self._given if self._file is None else {**self._given, **self._file.keys()}
        hashed = _hash(key)
        return reduce(or_, [may for known, may in keys.items() if hmac.compare_digest(hashed, known)], Access.OPEN)


class RequireKey:
    """Middleware of every route: asks for a key that has the route's `access`."""

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or raise what `KeyRing.check` raises."""
        check = partial(self._keys.check, authorization=_authorization(scope))
        check(scope["route_handler"].opt["access"])
        scope["state"]["check_access"] = check
        await self._app(scope, receive, send)


def check_access(scope: Scope, needed: Access) -> None:
    """Raise `Forbidden` where a request, let in already, asks for something that needs more access than its route."""
    if (check := scope["state"].get("check_access")) is not None:
        check(needed)


class KeysFile:
    """A file of hashed keys, read anew when it has changed."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises `InvalidSettings` where that fails."""
        self._path = path
        try:
            self._stamp, self._keys = self._time(), read_keys(path)
        except (OSError, ValueError) as error:
            raise InvalidSettings(f"keys_file: {error}") from error
        self._next = monotonic() + READ_AGAIN

    def keys(self) -> Keys:
        """Return the keys that the file holds now; where it can't be read, those that it held before."""
        if monotonic() >= self._next:
            self._next = monotonic() + READ_AGAIN
            try:
                if (stamp := self._time()) != self._stamp:
                    self._stamp, self._keys = stamp, read_keys(self._path)
                    log.info("keys read", file=str(self._path), keys=len(self._keys))
            except (OSError, ValueError) as error:
                log.error("keys not read; those before stay", file=str(self._path), reason=str(error))
        return self._keys

    def _time(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_ino


_base64url = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_line = re.compile(r"\S+\s+(?P<scopes>[a-z,]+)\s+(?P<hash>[0-9a-f]{64})", re.ASCII)
_scopes = {access.name.lower(): access for access in Access if access.name}


def read_keys(path: Path) -> Keys:
    """Return the keys of a file. Raises `ValueError` that names the line that is wrong."""
    keys: dict[bytes, Access] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        found = _line.fullmatch(entry)
        names = found["scopes"].split(",") if found else []
        if found is None or not set(names) <= set(_scopes):
            raise ValueError(f"{path}, line {number}: NAME SCOPE[,SCOPE...] SHA256 is expected; {', '.join(_scopes)}")
        keys[bytes.fromhex(found["hash"])] = reduce(or_, (_scopes[name] for name in names))
    return keys


def _authorization(scope: Scope) -> bytes:
    """Return the header, or the key that a browser offers as a subprotocol: it can't set headers of a WebSocket."""
    if given := header(scope, b"authorization"):
        return given
    offered = scope["subprotocols"] if scope["type"] == ScopeType.WEBSOCKET else ()
    key = next((name.removeprefix(KEY_PROTOCOL) for name in offered if name.startswith(KEY_PROTOCOL)), "")
    return b"Bearer " + urlsafe_b64decode(key.encode() + b"===") if _base64url.fullmatch(key) else b""


def _hash(key: bytes) -> bytes:
    return sha256(key).digest()
