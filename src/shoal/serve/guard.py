"""What every request passes first (host, method, size, rate, grant), and every answer last: headers, no traceback."""

from asyncio import timeout
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from shoal.serve.access import Access, Grant, Public
from shoal.serve.faults import App, Faults, Message, Receive, Scope, Send, Tell, untold
from shoal.serve.hosts import host_is_ours
from shoal.serve.limits import Limiter
from shoal.serve.problems import Problem
from shoal.serve.ranges import cost_of

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"geolocation=(), camera=(), microphone=(), payment=(), usb=()"),
)
PIECE = 1 << 18
"""Bytes of an answer that are handed on at a time: what a slow asker has not taken yet waits in the one copy that all
share, not in a buffer for each."""
OPEN = ("/api/docs", "/api/docs.css", "/api/openapi.json")
"""How to ask is no secret; a browser that shows it can't bring a token."""
TILES = "/api/basemap.pmtiles"
_VERIFY_COST = 100.0
"""A run of the verifier is worth so many other requests."""
_PATIENCE, _MOST_HEARD = 0.5, 1 << 16
"""Seconds and bytes for which somebody is heard out who sends a body, which none may."""
_GUESS_COST = 10.0
"""Of a wrong token, in a bucket of the address's own: who has none left is not heard, whatever the next one is."""


@dataclass(slots=True)
class Guard:
    """Wraps the application. Adds `shoal.grant`, the asker's `Grant`, to the scope.

    app      what answers
    access   who may see what; asked for what lies below one of `guarded`, the explorer's own files are no secret
    limiter  how often one client may ask
    names    host names that this server answers to, beside localhost and addresses in numbers
    tell     is told of faults of ours
    """

    app: App
    access: Access = field(default_factory=Public)
    limiter: Limiter = field(default_factory=Limiter)
    names: Iterable[str] = ()
    tell: Tell = untold
    guarded: tuple[str, ...] = ("/api/", "/ogc")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # a websocket: not answered, which refuses it
        answer = _Answer(send, head=scope["method"] == "HEAD")
        await Faults(self._pass, self.tell)(scope, receive, answer.send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._let_in(scope, receive)
        if scope["method"] == "HEAD":
            scope["method"], scope["shoal.head"] = "GET", True
        await self.app(scope, _nothing(receive), send)

    async def _let_in(self, scope: Scope, receive: Receive) -> None:
        headers = _headers(scope)
        hosts = headers.get(b"host", [])
        if len(hosts) != 1 or not host_is_ours(hosts[0].decode("latin-1"), self.names):
            raise Problem(421, "this server does not answer to that name; its operator can add the name with --name")
        _check_method(scope)
        if headers.get(b"transfer-encoding") or any(length != b"0" for length in headers.get(b"content-length", [])):
            if not headers.get(b"expect"):  # who asks before it sends hears the answer as it is
                await _hear_out(receive)
            raise Problem(413, "this API only reads and takes no body; put the question into the address", _CLOSE)
        given = headers.get(b"authorization", [])
        text = given[0].decode("latin-1") if len(given) == 1 else None
        path = scope["path"]
        client = scope.get("client")
        where = f"address {client[0] if client else ''}"
        if path.startswith(self.guarded) and path not in OPEN:
            guesses = f"{where} guesses"
            self._limit(guesses, _GUESS_COST, take=False)
            try:
                grant: Grant | None = await self.access.grant(text)
            except Problem:
                self._limit(guesses, _GUESS_COST)
                raise
            scope["shoal.grant"] = grant
            who = grant.who if grant is not None and grant.who is not None else where
        else:
            who = where
        self._limit(who, _cost(path, headers))

    def _limit(self, client: str, cost: float, *, take: bool = True) -> None:
        seconds = self.limiter.wait(client, cost, take=take)
        if seconds:
            words = "1 second" if seconds == 1 else f"{seconds} seconds"
            raise Problem(429, f"too many requests; try again in {words}", {"Retry-After": str(seconds)})


_CLOSE = {"Connection": "close"}


def _cost(path: str, headers: dict[bytes, list[bytes]]) -> float:
    if path == TILES:
        return cost_of(headers.get(b"range", [b""])[0].decode("latin-1"))
    return _VERIFY_COST if path.endswith("/verify") else 1.0


def _check_method(scope: Scope) -> None:
    allowed = ("GET", "HEAD", "POST") if scope["path"].endswith("/verify") else ("GET", "HEAD")
    if scope["method"] not in allowed:
        raise Problem(405, f"this API only reads; use {' or '.join(allowed)}", {"Allow": ", ".join(allowed)})


def _headers(scope: Scope) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name, []).append(value)
    return found


async def _hear_out(receive: Receive) -> None:
    """Take what comes of a body, for a moment: closed while it comes, a connection is reset and the answer lost."""
    taken = 0
    with suppress(TimeoutError):
        async with timeout(_PATIENCE):
            while taken < _MOST_HEARD and (message := await receive()).get("more_body"):
                taken += len(message["body"])


def _nothing(receive: Receive) -> Receive:
    """No body, whatever is sent; but the news that the asker has gone."""
    done = False

    async def heard() -> Message:
        nonlocal done
        if not done:
            done = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return await receive()

    return heard


class _Answer:
    """Sends an answer with our headers; of an answer to HEAD, the head alone."""

    def __init__(self, send: Send, *, head: bool) -> None:
        self._send = send
        self._head = head

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", ())}
            more = [header for header in HEADERS if header[0] not in given]
            if b"cache-control" not in given:
                more.append((b"cache-control", b"no-store"))
            message["headers"] = [*message.get("headers", ()), *more]
        elif self._head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        body = message.get("body", b"")
        start = 0
        while len(body) - start > PIECE:
            await self._send({"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True})
            start += PIECE
        await self._send({**message, "body": body[start:]} if start else message)
