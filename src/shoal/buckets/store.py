"""The buckets of one run: records go in from many threads in any order, and come out device by device.

What does not fit into memory goes to disk, sealed (`spill`), the largest parts first, so that few and large pieces are
written. A bucket is read back when it is taken.
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np

from shoal._arrays import Int64
from shoal.buckets._pages import Pages, Pool
from shoal.buckets._types import PointBucket, TripBucket
from shoal.buckets.grouping import group
from shoal.buckets.partition import POINT, TRIP, Records, partition
from shoal.buckets.spill import Spill
from shoal.buckets.thinning import thin
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips

_BITS = 10  # 1024 parts; neighbours are taken together where they are small
_USUAL = 1 << 18  # records that a bucket holds at most, on average
_LARGE = 1 << 18  # records of a batch that is partitioned at once
_GATHER = 1 << 20  # records to gather of smaller ones, so that they cost no more than large ones
_MOST = 1 << 21  # records above which a bucket is thinned while it is put together


class Buckets:
    """All records of a run, in memory and, where they are too many, sealed on disk.

    First every `add`, then `len` and `take`: a device's records must all be there before it is looked at, else it
    would count more than once. How many buckets there are depends on how many records came.

    kind        "points" or "trips", as in the plan
    unit_start  int64[u+1]  where each unit begins, and the period's end; seconds since 1970 UTC (`Calendar`)
    memory      bytes that the records may take in memory, at 20 bytes a point and 28 a trip. `take` needs about four
                times the bytes of its bucket beside them for as long as it runs.
    folder      for what does not fit; see `Spill`
    """

    __slots__ = (
        "_adding",
        "_filled",
        "_gathered",
        "_held",
        "_join",
        "_kind",
        "_lock",
        "_memory",
        "_parts",
        "_pool",
        "_records",
        "_spill",
        "_taken",
        "_units",
        "_waiting",
    )

    def __init__(
        self, kind: Literal["points", "trips"], unit_start: Int64, memory: int, folder: Path | None = None
    ) -> None:
        self._kind = POINT if kind == "points" else TRIP
        self._units = unit_start
        self._memory = memory
        self._lock = Lock()
        self._pool = Pool()
        self._parts: list[Pages] = [Pages(self._kind, self._pool) for _ in range(1 << _BITS)]
        self._spill = Spill(self._kind, 1 << _BITS, folder)
        self._taken = bytearray(1 << _BITS)
        self._gathered: list[PseudonymousPoints | PseudonymousTrips] = []
        self._records = self._held = self._waiting = 0
        self._adding = 0
        self._filled = False
        self._join = 0  # log2 of how many parts make a bucket

    def add(self, batch: PseudonymousPoints | PseudonymousTrips) -> None:
        """Take in n records; safe to call from threads. Raises `StateError` when the disk can't hold what memory can't.

        Where memory is full, the caller's thread writes to disk before it returns: reading never runs ahead of it.
        """
        size = batch.pseudonym.size
        if isinstance(batch, PseudonymousPoints) != (self._kind == POINT):
            raise TypeError("buckets hold either points or trips, not both")
        with self._lock:
            if self._filled:
                raise RuntimeError("records can't be added once the buckets are being taken")
            self._records += size
            batches = [batch]
            if size < _LARGE:
                self._gathered.append(batch)
                self._waiting += size
                if self._waiting < _GATHER:
                    return
                batches, self._gathered, self._waiting = self._gathered, [], 0
            self._adding += 1
        try:
            records, first = self._split(batches)
            with self._lock:
                self._file(records, first)
            self._make_room()
        finally:
            with self._lock:
                self._adding -= 1

    def add_records(self, records: Records) -> None:
        """Take in n records of the buckets' own type, as `Sealer.open` gives them; see `add`."""
        start = int(self._units[0])
        columns = {name: np.ascontiguousarray(records[name]) for name in records.dtype.names or ()}
        columns["time"] = columns["time"].astype(np.int64) + start
        if self._kind == POINT:
            self.add(PseudonymousPoints(columns["pseudonym"], columns["time"], columns["lat"], columns["lon"]))
        else:
            whole = (columns[name] for name in ("pseudonym", "time", "end", "origin", "destination"))
            pseudonym, begins, ends, origin, destination = whole
            self.add(PseudonymousTrips(pseudonym, begins, ends, origin, destination))

    def __len__(self) -> int:
        """How many buckets there are; from here on nothing can be added."""
        self._finish()
        return len(self._parts) >> self._join

    def take(self, index: int) -> PointBucket | TripBucket:
        """The rows of one bucket, which is gone from here afterwards; safe to call from threads.

        Quickest in ascending order: the disk is told which part comes next, and its space is freed in that order.
        """
        self._finish()
        own = range(index << self._join, (index + 1) << self._join)
        if not 0 <= index < len(self._parts) >> self._join:
            raise IndexError("there is no such bucket")
        with self._lock:
            if any(self._taken[part] for part in own):
                raise RuntimeError("each bucket can be taken once")
            self._taken[own.start : own.stop] = b"\1" * len(own)
        for part in range(own.stop, min(own.stop + 2 * len(own), len(self._parts))):
            self._spill.fetch(part)
        records = self._collect(own)
        return group(records, self._units)

    @property
    def nbytes(self) -> int:
        """Bytes that the records which are still here take in memory."""
        return self._held

    @property
    def on_disk(self) -> int:
        """Bytes that records take on disk now."""
        return self._spill.nbytes

    def close(self) -> None:
        """Let everything go, also what was not taken."""
        with self._lock:
            self._filled = True
            self._gathered, self._pool = [], Pool()
            self._parts = [Pages(self._kind, self._pool) for _ in self._parts]
            self._held = 0
        self._spill.close()

    def __repr__(self) -> str:
        return "<Buckets, records hidden>"

    def _collect(self, own: range) -> Records:
        """All records of some parts, which are freed as it goes; thinned where they are very many."""
        size = sum(self._parts[part].size + self._spill.size(part) for part in own)
        records = np.empty(min(size, _MOST) if self._kind == POINT else size, dtype=self._kind)
        at = 0
        for piece in self._pieces(own):
            if at + piece.size > records.size:
                at = thin(records[:at]).size
                if at + piece.size > records.size // 2:  # more seconds than that: twice the room, for all to come
                    larger = np.empty(2 * (at + piece.size), dtype=self._kind)
                    _copy(records[:at], larger[:at])
                    records = larger
            _copy(piece, records[at : at + piece.size])
            at += piece.size
        return records[:at]

    def _pieces(self, own: range) -> Iterator[Records]:
        for part in own:
            yield from self._spill.read(part)
            self._spill.forget(part)
            pages, self._parts[part] = self._parts[part], Pages(self._kind, self._pool)
            size = pages.size
            yield from pages.drain()
            with self._lock:
                self._held -= size * self._kind.itemsize

    def _make_room(self) -> None:
        """Write the largest parts to disk until the rest fits into memory."""
        while True:
            with self._lock:
                if self._held <= self._memory:
                    return
                part = max(range(len(self._parts)), key=lambda p: self._parts[p].size)
                pages = self._parts[part]
                if not pages.size:  # other threads are at work on all the rest
                    return
                self._parts[part] = Pages(self._kind, self._pool)
            size = pages.size
            records = np.empty(size, dtype=self._kind)
            pages.pop(records)
            self._spill.write(part, records)
            with self._lock:
                self._held -= size * self._kind.itemsize

    def _finish(self) -> None:
        """File what was gathered and settle how many parts make a bucket."""
        with self._lock:
            if self._filled:
                return
            if self._adding:
                raise RuntimeError("the buckets can't be taken while records are being added")
            self._filled = True
            batches, self._gathered = self._gathered, []
            self._join = _BITS - min((self._records // _USUAL).bit_length(), _BITS)
            self._file(*self._split(batches))

    def _split(self, batches: list[Any]) -> tuple[Records, Int64]:
        if not batches:
            return np.empty(0, dtype=self._kind), np.zeros((1 << _BITS) + 1, dtype=np.int64)
        kind = type(batches[0])
        names: tuple[str, ...] = ("pseudonym", "time", "lat", "lon")
        if kind is PseudonymousTrips:
            names = ("pseudonym", "start", "end", "origin", "destination")
        joined = batches[0]
        if len(batches) > 1:
            joined = kind(*(np.concatenate([getattr(batch, name) for batch in batches]) for name in names))
        return partition(joined, _BITS, int(self._units[0]), int(self._units[-1]))

    def _file(self, records: Records, first: Int64) -> None:
        """Put partitioned records where they belong; under the lock."""
        bounds = first.tolist()
        self._held += records.nbytes
        for part, begin, end in zip(self._parts, bounds[:-1], bounds[1:], strict=True):
            if begin < end:
                part.append(records[begin:end])


def _copy(records: Records, target: Records) -> None:
    """As bytes: numpy copies records field by field."""
    target.view(np.uint8)[:] = records.view(np.uint8)
