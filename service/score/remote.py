"""Scoring by a running service: texts go to its `/v1/batch` as JSON lines, answers come back in order."""

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from models.reviews.columns import Unanswered
from models.reviews.errors import DataError
from service.score.scorer import Scored

TIMEOUT = 600.0
ATTEMPTS = 8
BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class RemoteService:
    """Where a service listens, and which of its models scores; `labels` are in the model's order."""

    url: str
    name: str
    version: int
    labels: tuple[str, ...]
    sha256: str
    key: str | None = None


def find_model(url: str, model: str | None, version: int | str | None, key: str | None) -> RemoteService:
    """Return the model that is meant at a running service. Raises `DataError` where there is none."""
    answer = json.loads(_exchange(url, key, "GET", "/v1/models"))
    cards: list[dict[str, Any]] = answer["models"]
    for card in cards:
        named = card["name"] == model or (model is None and card["default"])
        if named and version in (None, card["version"], *card.get("aliases", ())):
            return RemoteService(url, card["name"], card["version"], tuple(card["labels"]), card["sha256"], key)
    served = ", ".join(f"{card['name']} version {card['version']}" for card in cards) or "nothing"
    raise DataError(f"{url}: no such model; served: {served}")


def score_remotely(service: RemoteService, texts: Sequence[str]) -> Sequence[Scored | Unanswered]:
    """Return the answers of a service to `texts`. Raises `DataError` where it can't be reached or gives up."""
    if not texts:
        return []
    asked = {"model": service.name, "version": service.version}
    body = "".join(json.dumps({"text": text, **asked}) + "\n" for text in texts)
    *answers, last = map(
        json.loads, _exchange(service.url, service.key, "POST", "/v1/batch", body.encode()).splitlines()
    )
    if "summary" not in last or len(answers) != len(texts):
        raise DataError(f"{service.url}: {last.get('error', {}).get('detail', 'the answer is cut off')}")
    return [_answer(answer) for answer in answers]


def _answer(answer: Mapping[str, Any]) -> Scored | Unanswered:
    if "error" in answer:
        return Unanswered(answer["error"]["detail"])
    return Scored(**{name: answer[name] for name in Scored._fields if name in answer})


def _exchange(url: str, key: str | None, method: str, path: str, body: bytes | None = None) -> bytes:
    """Send one request and return its answer; try again while the service is busy or away."""
    for attempt in range(ATTEMPTS):
        try:
            status, after, content = _once(url, key, method, path, body)
        except (OSError, http.client.HTTPException) as error:
            reason, after = str(error) or type(error).__name__, None
        else:
            if status == 200:
                return content
            reason = f"{status} {_detail(content)}"
            if status not in BUSY:
                break
        if attempt < ATTEMPTS - 1:
            time.sleep(float(after) if after and after.isdigit() else min(0.1 * 2**attempt, 5.0))
    raise DataError(f"{url}: {reason}")


def _once(url: str, key: str | None, method: str, path: str, body: bytes | None) -> tuple[int, str | None, bytes]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise DataError(f"{url}: not an http:// or https:// address")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=TIMEOUT)
    headers = {"Content-Type": "application/x-ndjson"} | ({"Authorization": f"Bearer {key}"} if key else {})
    try:
        connection.request(method, parts.path.rstrip("/") + path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("Retry-After"), answer.read()
    finally:
        connection.close()


def _detail(content: bytes) -> str:
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return "without a reason"
