"""One call over HTTP: limited in bytes and in time, and to http and https wherever it is sent on to."""

import time
from typing import IO, TYPE_CHECKING

from shoal.errors import DataError, UsageError

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

TIMEOUT = 10.0
"""Seconds that a server may be silent."""

_PATIENCE = 6
"""A whole answer may take this many timeouts."""

_CHUNK = 1 << 16


def call(address: str, limit: int, timeout: float = TIMEOUT, body: bytes | None = None) -> tuple[int, bytes]:
    """GET `address`, or POST `body` to it: the status and at most `limit` bytes. Raises `DataError`."""
    import http.client
    import urllib.error
    import urllib.request
    import zlib

    request = urllib.request.Request(address, data=body, headers={"Accept-Encoding": "gzip, identity"})  # noqa: S310
    if body is not None:
        request.add_header("Content-Type", "text/plain; charset=utf-8")
    until = time.monotonic() + _PATIENCE * timeout
    try:
        try:
            with _opener().open(request, timeout=timeout) as answer:
                return answer.status, _read(answer, answer.headers.get("Content-Encoding"), limit, until)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error, error.headers.get("Content-Encoding"), limit, until)
    except (OSError, http.client.HTTPException, EOFError, zlib.error, ValueError):
        raise DataError(f"{address} can't be read; check the address and whether its server is up") from None


def check_address(address: str) -> str:
    """An address with http or https, without the slash at its end. Raises `UsageError`."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = all(" " < letter <= "~" for letter in address) and port != 0
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or not plain:
        raise UsageError(f"{address!r} is not an address that begins with http:// or https://")
    return address.rstrip("/")


def _opener() -> "OpenerDirector":
    """Knows http and https and no other way, also where a server sends it elsewhere."""
    import urllib.request

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _read(answer: IO[bytes], coding: str | None, limit: int, until: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size <= limit and (part := answer.read1(_CHUNK) if hasattr(answer, "read1") else answer.read(_CHUNK)):
        parts.append(part)
        size += len(part)
        if time.monotonic() > until:
            raise TimeoutError
    data = b"".join(parts)
    if coding is not None and coding.lower() == "gzip" and size <= limit:
        import gzip
        from io import BytesIO

        with gzip.GzipFile(fileobj=BytesIO(data)) as stream:
            data = stream.read(limit + 1)
    elif coding is not None and coding.lower() not in ("identity", "gzip"):
        raise ValueError("an encoding that nobody asked for")
    if len(data) > limit:
        raise ValueError("longer than any such file")
    return data
