"""Memory for records that grows page by page and goes back to the system as soon as it is let go."""

import mmap
from collections.abc import Iterator
from typing import Any

import numpy as np

from shoal.buckets.partition import Records

_map = mmap.mmap  # for tests to watch
_LEAST, _MOST = 1 << 16, 1 << 22  # bytes of the first page and of the largest


class Pages:
    """Whole records of one type, in the order in which they were appended.

    Pages are mapped directly, not taken from the heap: the heap would keep what is freed out of order, and only
    the part of a page that was written to takes memory at all.
    """

    __slots__ = ("_kind", "_pages", "_room", "size")

    def __init__(self, kind: "np.dtype[Any]") -> None:
        self._kind = kind
        self._pages: list[Records] = []
        self._room = 0  # records that still fit on the last page
        self.size = 0

    def append(self, records: Records) -> None:
        """Copy the records behind the others."""
        while records.size:
            if not self._room:
                self._open()
            page, take = self._pages[-1], min(self._room, records.size)
            at = page.size - self._room
            page[at : at + take] = records[:take]
            self._room -= take
            self.size += take
            records = records[take:]

    def pop(self, target: Records) -> None:
        """Move all records to `target`, which is as long as they are; each page is freed once it is empty."""
        at, self.size = self.size, 0
        while self._pages:
            page = self._pages.pop()
            size = page.size - self._room
            self._room = 0
            at -= size
            target[at : at + size] = page[:size]

    def drain(self) -> Iterator[Records]:
        """All records, a page at a time; each page is freed once the next one is asked for."""
        pages, room = self._pages, self._room
        self._pages, self._room, self.size = [], 0, 0
        while pages:
            page = pages.pop()
            yield page[: page.size - room]
            room = 0

    def _open(self) -> None:
        length = min(_LEAST << len(self._pages), _MOST)
        memory = _map(-1, length, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        page = np.frombuffer(memory, dtype=self._kind, count=length // self._kind.itemsize)
        self._pages.append(page)
        self._room = page.size
