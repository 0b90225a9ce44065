"""A source: the files of a plan, checked, and read batch by batch."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event
from typing import Literal

from shoal.calendar import Calendar
from shoal.errors import DataError
from shoal.plan import Plan
from shoal.sources import files, schema
from shoal.sources._batches import PointBatch, TripBatch
from shoal.sources._csv import CsvReader
from shoal.sources._ndjson import NdjsonReader
from shoal.sources._parquet import ParquetReader
from shoal.sources._reader import Reader, Rows
from shoal.sources.fingerprint import Fingerprint
from shoal.sources.points import points
from shoal.sources.swapped import check_order
from shoal.sources.tally import Tally
from shoal.sources.times import Clock
from shoal.sources.trips import trips
from shoal.zones._base import Zones

_AHEAD = 3
"""Files that the disk is asked for at a time, the one that is read among them."""
Piece = Callable[[], Iterator[PointBatch | TripBatch]]
"""Reads a stretch of the source; any thread may call it, once."""


def open_source(plan: Plan, calendar: Calendar, zones: Zones) -> "Source":
    """Find and check the files of `plan`; nothing is read but their beginnings (and the ends of Parquet files).

    Raises `PlanError` where the plan's files, columns, encoding or time unit must be mended, `DataError` for a file
    that is missing, empty, cut off or of the wrong type.
    """
    clock = Clock.from_plan(plan, calendar)
    readers: list[Reader] = []
    kinds = []
    for path in files.expand(plan):
        reader = _open(plan, path)
        kinds.append((path, schema.check_file(plan, clock, reader, readers[0].path if readers else path)))
        readers.append(reader)
    schema.check_kinds(kinds)
    if all(reader.empty for reader in readers):
        raise DataError(
            f"{readers[0].path}: holds no rows, nor does any other file of [source] files; check the export"
        )
    check_order(plan, readers, zones)
    return Source(plan, calendar, zones, clock, tuple(readers))


class Source:
    """Checked files of records. Make one with `open_source`."""

    def __init__(self, plan: Plan, calendar: Calendar, zones: Zones, clock: Clock, readers: tuple[Reader, ...]) -> None:
        self._plan, self._calendar, self._zones, self._clock, self._readers = plan, calendar, zones, clock, readers
        self.kind: Literal["points", "trips"] = plan.source.kind
        self.files: tuple[Path, ...] = tuple(reader.path for reader in readers)
        self.size: int = sum(path.stat().st_size for path in self.files)
        """Bytes of all files; what `batches` reports to `on_bytes` adds up to it."""
        self._along: Fingerprint | None = None

    def __repr__(self) -> str:
        return f"<Source of {self.kind}>"

    def pieces(self, tally: Tally, on_bytes: Callable[[int], None] | None = None) -> Iterator[Piece]:
        """The records in pieces, in the order of the files, which threads may read side by side.

        The iterator itself is for one thread at a time. Each piece gives batches of usable rows, of at most about a
        million; empty ones are left out. Every row is counted in `tally`, which the caller checks against the plan's
        limit afterwards. `on_bytes` is told, from any thread, how many bytes were read since it was told last. Raises
        `DataError`, here or from a piece, where a file turns out to be broken.
        """
        theirs = list(dict.fromkeys(schema.columns_of(self._plan).values()))
        over = Event()
        with ThreadPoolExecutor(1) as disk:
            ahead = [disk.submit(self._fetch, number, over) for number in range(len(self._readers))[:_AHEAD]]
            try:
                for number, reader in enumerate(self._readers):
                    for piece in reader.pieces(theirs, on_bytes or (lambda _: None)):
                        yield partial(self._convert, piece, tally)
                    if number + _AHEAD < len(self._readers):
                        ahead.append(disk.submit(self._fetch, number + _AHEAD, over))
                for fetched in ahead:
                    fetched.result()
            finally:
                over.set()
                disk.shutdown(wait=False, cancel_futures=True)

    def _fetch(self, number: int, over: Event) -> None:
        """Have the disk read a file before its turn, and take its fingerprint from what it read."""
        files.fetch(self.files[number])
        if self._along is not None:
            self._along.take(number, over)

    def batches(self, tally: Tally, on_bytes: Callable[[int], None] | None = None) -> Iterator[PointBatch | TripBatch]:
        """All batches of all pieces, one after the other; see `pieces`."""
        for piece in self.pieces(tally, on_bytes):
            yield from piece()

    def _convert(self, piece: Callable[[], Iterator[Rows]], tally: Tally) -> Iterator[PointBatch | TripBatch]:
        columns = schema.columns_of(self._plan)
        start, end = self._calendar.start, self._calendar.end
        for theirs in piece():
            rows = {ours: theirs[name] for ours, name in columns.items()}
            batch: PointBatch | TripBatch
            if self.kind == "points":
                batch = points(rows, self._clock, start, end, tally)
            else:
                batch = trips(rows, self._clock, self._zones, start, end, tally)
            if len(batch.device):
                yield batch

    def fingerprint_along(self, key: bytes) -> None:
        """Let the next reading of the records take their fingerprint along: `fingerprint` then needs no pass."""
        self._along = Fingerprint(self.files, key)

    def fingerprint(self, key: bytes, progress: Callable[[float], None] | None = None) -> str:
        """Keyed digest of the files' contents, 64 hex digits. Secret: see `fingerprint.Fingerprint`.

        progress  told the share that is done, from 0 to 1
        """
        own = self._along if self._along is not None and self._along.is_under(key) else Fingerprint(self.files, key)
        own.take_rest(progress, os.cpu_count() or 1)
        return own.hexdigest()


def _open(plan: Plan, path: Path) -> Reader:
    match files.ending(path):
        case ".parquet":
            return ParquetReader(path)
        case ".ndjson":
            return NdjsonReader(path)
        case _:
            return CsvReader(path, plan)
