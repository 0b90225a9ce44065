"""A file by the piece: what the Range header asks for, what that costs, and the answer (RFC 9110, section 14)."""

import re
from collections.abc import AsyncIterator

import anyio.to_thread
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from shoal.serve.answers import AGAIN, FOREVER, has_tag
from shoal.serve.archive import Archive
from shoal.serve.problems import Problem

MEDIA_TYPE = "application/vnd.pmtiles"
LARGEST = 8 << 20
"""Bytes of one piece; who asks for more gets the first of them, as section 15.3.7 allows."""
PART = 1 << 20
"""Bytes that are read at a time where the whole is asked for."""
LEAST_COST, WHOLE_COST = 0.1, 100.0
"""In requests. A pan asks for tens of pieces, each a read of some kilobytes from the system's cache."""
_BYTES_A_TOKEN = 4 << 20
_RANGE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.IGNORECASE)


def cost_of(header: str | None) -> float:
    """What a request for a piece counts as beside others."""
    found = None if header is None else _RANGE.fullmatch(header)
    if found is None:
        return WHOLE_COST
    first, last = found.groups()
    length = int(last) - int(first) + 1 if first and last else int(last or LARGEST)
    return max(LEAST_COST, min(length, LARGEST) / _BYTES_A_TOKEN)


def range_of(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and length of what is asked for, within `size`; None: the whole. Raises `Problem` (416)."""
    if header is None or not header.lower().startswith("bytes="):
        return None
    found = _RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        raise _unsatisfied("that is no range of bytes; ask for one at a time, as in bytes=0-16383", size)
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise _unsatisfied(f"that range does not lie in the {size:,} bytes of the file; ask within them", size)
    return start, min(end - start, LARGEST)


async def piece(request: Request, archive: Archive, *, forever: bool) -> Response:
    """What a request asks of an archive: a piece, the whole, or 304 where the asker has it. Raises `Problem`."""
    headers = {
        "ETag": archive.etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": f"private, {FOREVER if forever else AGAIN}",
        "Vary": "Authorization",
    }
    if has_tag(request.headers.get("if-none-match"), archive.etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = MEDIA_TYPE
    if request.scope.get("shoal.head"):  # a range means nothing there (section 14.2)
        return Response(headers=headers | {"Content-Length": str(archive.size)})
    unchanged = request.headers.get("if-range") in (None, archive.etag)
    asked = range_of(request.headers.get("range"), archive.size) if unchanged else None
    if asked is None:
        return StreamingResponse(_whole(archive), headers=headers | {"Content-Length": str(archive.size)})
    start, length = asked
    body = await anyio.to_thread.run_sync(archive.read, start, length)
    headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{archive.size}"
    return Response(body, 206, headers)


async def _whole(archive: Archive) -> AsyncIterator[bytes]:
    for start in range(0, archive.size, PART):
        yield await anyio.to_thread.run_sync(archive.read, start, min(PART, archive.size - start))


def _unsatisfied(words: str, size: int) -> Problem:
    return Problem(416, words, {"Content-Range": f"bytes */{size}"})
