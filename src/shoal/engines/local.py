"""The local engine: threads on one machine, with sealed temporary records on disk where memory is too small."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from threading import Lock

from shoal._side_by_side import on_all
from shoal.buckets import Buckets
from shoal.design import Design
from shoal.engines._bucket import bounded
from shoal.engines._engine import Progress
from shoal.engines._memory import kept_memory
from shoal.engines._totals import Totals
from shoal.errors import UsageError
from shoal.intake import Barred, Intake, Pseudonymizer
from shoal.intake._batches import PseudonymousPoints, PseudonymousTrips
from shoal.kept import KeptSource, Shelf, open_kept
from shoal.privacy.sums import ExactSums
from shoal.sources import PointBatch, Source, Tally, TripBatch, open_source

LEAST = 3 << 29
"""Bytes of memory that a run may be held to at least."""
_PROGRAM, _THREAD = 768 << 20, 256 << 20  # bytes that they take themselves: measured, see benchmarks/README.md


class LocalEngine:
    """Reads, pseudonymises and buckets on all cores, then maps the buckets on all cores and adds up.

    workers  threads; default: the machine's cores, and no more than `memory` has room for
    memory   bytes that the run may take, 1.5 GiB or more; records that don't fit go to disk, sealed
    temp     folder for those; default: $TMPDIR, else /var/tmp
    held     bytes of `memory` that records may fill before they go to disk; default: what the threads leave over

    Raises `UsageError` for a memory that is too small and a folder that is not there.
    """

    def __init__(
        self,
        workers: int | None = None,
        memory: int = 8 << 30,
        temp: str | Path | None = None,
        held: int | None = None,
    ) -> None:
        if memory < LEAST:
            raise UsageError(f"a run needs at least {LEAST / 2**30:g} GiB of memory; allow more, as in --memory 8GiB")
        if temp is not None and not Path(temp).is_dir():
            raise UsageError(f"{temp}: there is no such folder for temporary records; make it, or name another")
        room = (memory - _PROGRAM) // _THREAD
        self.workers = workers or max(1, min(os.cpu_count() or 1, room))
        self.memory = memory
        self.temp = None if temp is None else Path(temp)
        left = memory - _PROGRAM - self.workers * _THREAD
        self.held = max(memory // 16, left // 10 * 9) if held is None else held

    def open(self, design: Design) -> Source:
        """See `Engine.open`."""
        return open_source(design.plan, design.calendar, design.zones)

    def open_kept(self, design: Design, shelf: Shelf) -> KeptSource:
        """See `Engine.open_kept`."""
        return open_kept(design.plan, design.calendar, design.zones, shelf, design.sensitive)

    def sums(
        self,
        design: Design,
        source: Source | KeptSource,
        tally: Tally,
        progress: Progress,
        barred: Barred | None = None,
    ) -> Mapping[str, ExactSums]:
        """See `Engine.sums`."""
        buckets = Buckets(source.kind, design.calendar.unit_start, self.held, self.temp)
        with closing(buckets), kept_memory():
            if isinstance(source, KeptSource):
                self._fetch(buckets, design, source, tally, progress, barred)
            else:
                self._fill(buckets, design, source, tally, progress, barred)
                tally.check(design.plan.source.max_bad_rows, design.plan)
            return self._add_up(buckets, design, tally.rows, progress)

    def _fill(
        self,
        buckets: Buckets,
        design: Design,
        source: Source,
        tally: Tally,
        progress: Progress,
        barred: Barred | None,
    ) -> None:
        """Every record under its pseudonym into its bucket; the key of the pseudonyms dies with this call."""
        intake = Intake(Pseudonymizer(), design.plan.cleaning.max_accuracy, barred, design.sensitive)
        read, size, lock = 0, max(1, source.size), Lock()

        def seen(number: int) -> None:
            nonlocal read
            with lock:
                read += number
                progress("Reading records", min(1.0, read / size), tally.rows)

        def admit(piece: Callable[[], Iterator[PointBatch | TripBatch]]) -> None:
            for batch in piece():
                admitted = intake.admit_points(batch) if isinstance(batch, PointBatch) else intake.admit_trips(batch)
                for reason, number in admitted.dropped.items():
                    tally.add(reason, number)
                buckets.add(admitted)

        on_all(admit, source.pieces(tally, seen), self.workers)
        progress("Reading records", 1.0, tally.rows)

    def _fetch(
        self,
        buckets: Buckets,
        design: Design,
        source: KeptSource,
        tally: Tally,
        progress: Progress,
        barred: Barred | None,
    ) -> None:
        """Every kept record into its bucket: it passed the intake when it was kept, and who opted out was erased.

        The lists of sensitive places may be others by now, so they are applied again.
        """
        intake = Intake(Pseudonymizer(), design.plan.cleaning.max_accuracy, barred, design.sensitive)
        pieces = source.pieces()
        lock, done = Lock(), count(1)

        def admit(piece: Callable[[], Iterator[PseudonymousPoints | PseudonymousTrips]]) -> None:
            for batch in piece():
                tally.saw(batch.pseudonym.size)
                admitted = intake.admit_again(batch)
                for reason, number in admitted.dropped.items():
                    tally.add(reason, number)
                buckets.add(admitted)
            with lock:
                progress("Reading records", next(done) / len(pieces), tally.rows)

        on_all(admit, iter(pieces), self.workers)
        progress("Reading records", 1.0, tally.rows)

    def _add_up(self, buckets: Buckets, design: Design, records: int, progress: Progress) -> Mapping[str, ExactSums]:
        """Map every bucket and add up, all threads into the same totals."""
        number = len(buckets)
        lock, done = Lock(), count(1)
        totals = Totals(design)

        def work(index: int) -> None:
            for name, rows in bounded(design, buckets.take(index)):
                totals.add(name, rows)
            with lock:
                share = next(done) / number
                progress("Following movements", share, int(share * records))

        on_all(work, iter(range(number)), self.workers)
        return totals.seal()
