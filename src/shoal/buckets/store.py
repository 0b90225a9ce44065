"""The buckets of one run: records go in from many threads in any order, and come out device by device."""

from threading import Lock
from typing import Any, Literal

import numpy as np

from shoal._arrays import Int64
from shoal.buckets._pages import Pages
from shoal.buckets._types import PointBucket, TripBucket
from shoal.buckets.grouping import group
from shoal.buckets.partition import POINT, TRIP, Records, partition
from shoal.errors import StateError
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips

_BITS = 10  # 1024 parts; neighbours are taken together where they are small
_USUAL = 1 << 18  # records that a bucket holds at most, on average
_GATHER = 1 << 20  # records to gather before they are partitioned, so that small batches cost no more than large ones


class Buckets:
    """All records of a run, in memory; nothing touches the disk.

    First every `add`, then `len` and `take`: a device's records must all be there before it is looked at, else it
    would count more than once. How many buckets there are depends on how many records came.

    kind        "points" or "trips", as in the plan
    unit_start  int64[u+1]  where each unit begins, and the period's end; seconds since 1970 UTC (`Calendar`)
    memory      bytes that the records may take, at 20 bytes a point and 28 a trip. `take` needs three times the
                bytes of its bucket beside them for as long as it runs.
    """

    __slots__ = (
        "_adding",
        "_filled",
        "_gathered",
        "_join",
        "_kind",
        "_lock",
        "_memory",
        "_parts",
        "_records",
        "_units",
        "_waiting",
    )

    def __init__(self, kind: Literal["points", "trips"], unit_start: Int64, memory: int) -> None:
        self._kind = POINT if kind == "points" else TRIP
        self._units = unit_start
        self._memory = memory
        self._lock = Lock()
        self._parts: list[Pages | None] = [Pages(self._kind) for _ in range(1 << _BITS)]
        self._gathered: list[PseudonymousPoints | PseudonymousTrips] = []
        self._records = self._waiting = 0
        self._adding = 0
        self._filled = False
        self._join = 0  # log2 of how many parts make a bucket

    def add(self, batch: PseudonymousPoints | PseudonymousTrips) -> None:
        """Take in n records; safe to call from threads. Raises `StateError` when they need too much memory."""
        size = batch.pseudonym.size
        if isinstance(batch, PseudonymousPoints) != (self._kind == POINT):
            raise TypeError("buckets hold either points or trips, not both")
        with self._lock:
            if self._filled:
                raise RuntimeError("records can't be added once the buckets are being taken")
            if (self._records + size) * self._kind.itemsize > self._memory:
                raise StateError(
                    f"the records need more memory than --memory allows here ({self._memory / 2**30:.2g} GiB of it): "
                    "raise --memory, or split the plan's period"
                )
            self._records += size
            self._gathered.append(batch)
            self._waiting += size
            if self._waiting < _GATHER:
                return
            batches, self._gathered, self._waiting = self._gathered, [], 0
            self._adding += 1
        try:
            self._file(batches)
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
            trip = (columns[name] for name in ("pseudonym", "time", "end", "origin", "destination"))
            self.add(PseudonymousTrips(*trip))

    def __len__(self) -> int:
        """How many buckets there are; from here on nothing can be added."""
        self._finish()
        return len(self._parts) >> self._join

    def take(self, index: int) -> PointBucket | TripBucket:
        """The rows of one bucket, which is gone from here afterwards; safe to call from threads."""
        self._finish()
        own = range(index << self._join, (index + 1) << self._join)
        if not 0 <= index < len(self._parts) >> self._join:
            raise IndexError("there is no such bucket")
        with self._lock:
            parts = [part for part in self._parts[own.start : own.stop] if part is not None]
            if len(parts) < len(own):
                raise RuntimeError("each bucket can be taken once")
            self._parts[own.start : own.stop] = [None] * len(own)
            size = sum(part.size for part in parts)
            self._records -= size
        records = np.empty(size, dtype=self._kind)
        at = 0
        for part in parts:
            end = at + part.size
            part.pop(records[at:end])
            at = end
        return group(records, self._units)

    @property
    def nbytes(self) -> int:
        """Bytes of the records that are still here."""
        return self._records * self._kind.itemsize

    def __repr__(self) -> str:
        return "<Buckets, records hidden>"

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
            self._file_locked(*self._split(batches))

    def _file(self, batches: list[Any]) -> None:
        records, first = self._split(batches)
        with self._lock:
            self._file_locked(records, first)

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

    def _file_locked(self, records: Records, first: Int64) -> None:
        bounds = first.tolist()
        for part, begin, end in zip(self._parts, bounds[:-1], bounds[1:], strict=True):
            if begin < end and part is not None:
                part.append(records[begin:end])
