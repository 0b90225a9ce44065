"""Memory for records that grows page by page, each page used again as soon as it is let go."""

import mmap
from collections.abc import Iterator
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoal.buckets.partition import Records

_map = mmap.mmap  # for tests to watch
_PAGE = 1 << 15  # bytes
_AT_ONCE = 1 << 23  # bytes that are asked of the system at a time

Page = NDArray[np.uint8]


class Pool:
    """Pages of equal size, which go round: the system clears each page it hands out, which costs as much as the work.

    Safe to use from threads. What was asked of the system once is kept until the pool goes.
    """

    __slots__ = ("_free", "_lock")

    def __init__(self) -> None:
        self._free: list[Page] = []
        self._lock = Lock()

    def take(self) -> Page:
        """A page, uint8[_PAGE], of any content."""
        while True:
            try:
                return self._free.pop()
            except IndexError:
                with self._lock:
                    if not self._free:
                        self._grow()

    def give(self, page: Page) -> None:
        """A page that nobody uses any more."""
        self._free.append(page)

    def _grow(self) -> None:
        at_once = getattr(mmap, "MAP_POPULATE", 0)  # Linux: the system readies all in one go, not at each first touch
        memory = _map(-1, _AT_ONCE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | at_once)
        self._free.extend(np.frombuffer(memory, dtype=np.uint8).reshape(-1, _PAGE))


class Pages:
    """Whole records of one type, in the order in which they were appended, in pages of a pool."""

    __slots__ = ("_kind", "_pages", "_pool", "_room", "size")

    def __init__(self, kind: "np.dtype[Any]", pool: Pool) -> None:
        self._kind = kind
        self._pool = pool
        self._pages: list[Page] = []
        self._room = 0  # bytes that still fit on the last page, a multiple of the records' size
        self.size = 0

    def append(self, records: Records) -> None:
        """Copy the records behind the others."""
        rest = records.view(np.uint8)  # as bytes: numpy copies records field by field
        self.size += records.size
        while rest.size:
            if not self._room:
                self._pages.append(self._pool.take())
                self._room = self._full
            take = min(self._room, rest.size)
            at = self._full - self._room
            self._pages[-1][at : at + take] = rest[:take]
            self._room -= take
            rest = rest[take:]

    def pop(self, target: Records) -> None:
        """Move all records to `target`, which is as long as they are."""
        whole = target.view(np.uint8)
        at = 0
        for page, used in self._used():
            whole[at : at + used] = page[:used]
            at += used

    def drain(self) -> Iterator[Records]:
        """All records, a page at a time, which is used again once the next one is asked for."""
        for page, used in self._used():
            yield page[:used].view(self._kind)

    def _used(self) -> Iterator[tuple[Page, int]]:
        """Each page and the bytes of it that are used; it goes back to the pool afterwards."""
        pages, room = self._pages, self._room
        self._pages, self._room, self.size = [], 0, 0
        for number, page in enumerate(pages, start=1):
            yield page, self._full - (room if number == len(pages) else 0)
            self._pool.give(page)

    @property
    def _full(self) -> int:
        """Bytes of a page that whole records fill."""
        return _PAGE - _PAGE % self._kind.itemsize
