"""Answers to requests that came before, letter by letter the same: sent again without being read anew."""

from dataclasses import dataclass

from shoal.serve.access import Grant
from shoal.serve.answers import Answer
from shoal.serve.faults import App, Receive, Scope, Send
from shoal.serve.lru import Lru
from shoal.serve.problems import Problem
from shoal.serve.shelf import Shelf

MOST_BYTES = 256 << 20

Key = tuple[bytes, bytes, bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Warm:
    """An answer about a release, which stays right as long as the release is of this version.

    headers  all of them, as they were sent
    """

    release: str
    version: str
    answer: Answer
    headers: tuple[tuple[bytes, bytes], ...]


class Hot:
    """Stands before `app`, which leaves a `Warm` under `shoal.warm` in the scope where an answer may be given again."""

    def __init__(self, app: App, shelf: Shelf) -> None:
        self._app = app
        self._shelf = shelf
        self._kept: Lru[Key, Warm] = Lru(MOST_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        seen = dict(scope["headers"])
        if len(seen) < len(scope["headers"]):  # a header given twice: which of them counts is not for us to say
            await self._app(scope, receive, send)
            return
        key = (scope["raw_path"], scope["query_string"], seen.get(b"accept"), seen.get(b"accept-encoding"))
        warm = self._kept.get(key)
        if warm is not None and self._still(warm, scope.get("shoal.grant")):
            await _send(warm, seen.get(b"if-none-match"), send)
            return
        await self._app(scope, receive, send)
        fresh = scope.get("shoal.warm")
        if isinstance(fresh, Warm):
            self._kept.put(key, fresh, len(fresh.answer.body) + 2048)

    def _still(self, warm: Warm, grant: object) -> bool:
        if not isinstance(grant, Grant) or not grant.allows(warm.release):
            return False
        try:
            opened = self._shelf.ready(warm.release)
        except Problem:
            return False
        return opened is not None and opened.version == warm.version


async def _send(warm: Warm, if_none_match: bytes | None, send: Send) -> None:
    body = warm.answer.body
    headers = warm.headers
    status = 200
    if if_none_match is not None and warm.answer.matches(if_none_match.decode("latin-1")):
        status, body = 304, b""
        headers = tuple(each for each in headers if each[0] not in (b"content-length", b"content-type"))
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
