"""Questions below /ogc: who asks for which collection, pygeoapi's answer to it, as JSON alone."""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

import anyio.to_thread
import pygeoapi.api as core  # type: ignore[import-untyped]
from pygeoapi.api import itemtypes
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from shoal.serve.access import Grant
from shoal.serve.answers import AGAIN, Answer, encoding_of
from shoal.serve.cube import cube_of
from shoal.serve.faults import Receive, Scope, Send
from shoal.serve.lru import Lru
from shoal.serve.ogc import documents
from shoal.serve.ogc.configuration import Collection, collections_of, configuration
from shoal.serve.ogc.features import Features
from shoal.serve.opened import ChangedError, Opened
from shoal.serve.problems import Problem
from shoal.serve.shelf import Shelf, unknown

PREFIX = "/ogc"
MOST_TABLES = 1 << 30
"""Bytes of tables that stay in memory."""
_PAGE = ("limit", "offset", "bbox", "bbox-crs", "crs", "datetime", "resulttype", "properties", "skipGeometry")
_PATH = re.compile(
    r"/collections/(?P<collection>[^/]{1,200})(?P<rest>/schema|/queryables|/items(?:/(?P<item>[^/]+))?)?"
)
Handed = tuple[dict[str, str], int, str]


class Ogc:
    """The ASGI application. Nothing is kept of a question; tables and lists are, by the version of their release."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._lists: Lru[str, tuple[str, tuple[Collection, ...]]] = Lru(10_000)
        self._tables: Lru[tuple[str, str], Features] = Lru(MOST_TABLES)
        self._lock = threading.Lock()
        _quiet()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(_as_json(scope))
        asked = Request(scope).headers
        response = await anyio.to_thread.run_sync(lambda: _respond(self._answer(request), asked))
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Answer:
        grant = request.scope.get("shoal.grant")
        grant = grant if isinstance(grant, Grant) else Grant(())
        path = request.url.path.removeprefix(PREFIX).rstrip("/")
        address = f"{request.url.scheme}://{request.url.netloc}{PREFIX}"
        if path == "/conformance":
            _check(request, ())
            return _json(documents.conformance())
        if path == "/openapi":
            _check(request, ())
            return _json(documents.openapi(address), documents.OPENAPI_TYPE)
        if path == "":
            _check(request, ())
            return _give(core.landing_page, request, configuration(address, ()))
        if path == "/collections":
            _check(request, ())
            return _give(core.describe_collections, request, configuration(address, self._listed(grant)))
        found = _PATH.fullmatch(path)
        if found is None:
            raise Problem(404, f"there is nothing at this address; {PREFIX}/openapi describes the calls")
        return self._collection(request, grant, address, found)

    def _collection(self, request: Request, grant: Grant, address: str, found: "re.Match[str]") -> Answer:
        name, rest, item = found["collection"], found["rest"], found["item"]
        release, _, statistic = name.partition(".")
        if not grant.allows(release):
            raise unknown(release)
        opened = self.shelf.ready(release) or self.shelf.open(release)
        known = [one for one in self._of(opened) if one.id == name]
        if not known:
            raise Problem(404, f"{release} has no collection {name[:100]!r}; {PREFIX}/collections lists them")
        if rest is None:
            _check(request, ())
            return _give(core.describe_collections, request, configuration(address, known), name)
        features = self._features(opened, statistic)
        told = configuration(address, known, {name: features})
        if rest == "/schema":
            _check(request, ())
            return _give(core.get_collection_schema, request, told, name)
        if rest == "/queryables":
            _check(request, ())
            return _give(itemtypes.get_collection_queryables, request, told, name)
        if item is not None:
            _check(request, ("crs",))
            return _give(itemtypes.get_collection_item, request, told, name, item)
        _check(request, (*_PAGE, *features.queryables))
        return _give(itemtypes.get_collection_items, request, told, name)

    def _listed(self, grant: Grant) -> list[Collection]:
        """Collections of the releases that may be seen and verify."""
        found: list[Collection] = []
        for one in self.shelf.listed():
            if grant.allows(one.id) and not one.problem:
                try:
                    found += self._of_release(one.id, one.version)
                except Problem:
                    continue  # it does not verify: nothing of it is shown
        return found

    def _of_release(self, release: str, version: str) -> tuple[Collection, ...]:
        kept = self._lists.get(release)
        return kept[1] if kept is not None and kept[0] == version else self._of(self.shelf.open(release))

    def _of(self, opened: Opened) -> tuple[Collection, ...]:
        kept = self._lists.get(opened.id)
        if kept is None or kept[0] != opened.version:
            try:
                kept = (opened.version, collections_of(opened))
            except ChangedError as error:
                raise self.shelf.spoilt(opened.id, str(error)) from None
            self._lists.put(opened.id, kept)
        return kept[1]

    def _features(self, opened: Opened, statistic: str) -> Features:
        key = (opened.version, statistic)
        with self._lock:  # one at a time: a table may be large
            features = self._tables.get(key)
            if features is None:
                table = opened.table(statistic)
                try:
                    cube = cube_of(table, opened.numbers(table))
                except ChangedError as error:
                    raise self.shelf.spoilt(opened.id, str(error)) from None
                features = Features(opened, statistic, cube)
                self._tables.put(key, features, cube.size)
        return features


def _give(call: Callable[..., Handed], request: Request, told: dict[str, Any], *more: str) -> Answer:
    """What pygeoapi answers, told that configuration."""
    api = _api(told)
    headers, status, content = call(api, core.APIRequest(request, api.locales), *more)
    if status != 200:
        code = json.loads(content)
        raise Problem(int(status), str(code.get("description", "can't be answered")), more={"code": code.get("code")})
    kept = tuple((name, value) for name, value in headers.items() if name in ("Content-Language", "Content-Crs"))
    kind = headers.get("Content-Type", "application/json")
    if "/items" in request.url.path:
        kind = "application/geo+json"
    document = documents.tidy(json.loads(content))
    document.pop("timeStamp", None)  # the same question has the same answer
    return _json(document, kind, kept)


def _api(told: dict[str, Any]) -> Any:
    root, still = logging.getLogger(), logging.NullHandler()
    root.addHandler(still)  # it would set up logging for the whole process otherwise
    try:
        return core.API(told, {})
    finally:
        root.removeHandler(still)


def _quiet() -> None:
    """pygeoapi writes what it was asked into the log; who asks for what is nobody's business."""
    logger = logging.getLogger("pygeoapi")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.CRITICAL + 1)


def _json(
    document: dict[str, Any], kind: str = "application/json", headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    body = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return Answer.of(body, kind, headers)


def _respond(answer: Answer, asked: Headers) -> Response:
    """The answer, packed as the asker can unpack it, or 304 where it has it."""
    answer = answer.packed(encoding_of(asked.get("accept-encoding")))
    headers = {
        "ETag": answer.etag,
        "Cache-Control": f"private, {AGAIN}",
        "Vary": "Accept-Encoding, Authorization",
        **dict(answer.headers),
    }
    if answer.matches(asked.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    if answer.encoding is not None:
        headers["Content-Encoding"] = answer.encoding
    return Response(answer.body, headers=headers | {"Content-Type": answer.media_type})


def _as_json(scope: Scope) -> Scope:
    """The question as one that wants JSON, whatever a browser would rather have."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() not in (b"accept", b"accept-encoding")]
    return {**scope, "headers": [*headers, (b"accept", b"application/json")]}


def _check(request: Request, known: Iterable[str]) -> None:
    """Raise `Problem` where a parameter is unknown, stands there twice, or asks for another format."""
    asked = [name for name, _ in request.query_params.multi_items()]
    allowed = ("f", *known)
    for name in asked:
        if name not in allowed:
            raise Problem(400, f"there is no parameter {name[:60]!r} here; there are {', '.join(allowed)}")
        if asked.count(name) > 1:
            raise Problem(400, f"the parameter {name!r} stands in the address more than once; give it once")
    wanted = request.query_params.get("f", "json")
    if wanted not in ("json", "application/json", "application/geo+json"):
        raise Problem(400, f"there is no format {wanted[:60]!r} here; leave f out, all answers are JSON")
