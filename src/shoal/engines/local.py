"""The local engine: threads and in-memory buckets on one machine."""

import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count
from threading import Lock

from shoal._arrays import Int64
from shoal.buckets import Buckets
from shoal.design import Design
from shoal.engines._bucket import add_bucket, empty_totals
from shoal.engines._engine import Progress
from shoal.intake import Intake, Pseudonymizer
from shoal.privacy.sums import ExactSums
from shoal.sources import PointBatch, Source, Tally, TripBatch, open_source


class LocalEngine:
    """Reads, pseudonymises and buckets on all cores, then maps the buckets on all cores and adds up.

    workers  threads; default: the machine's cores
    memory   bytes that records may take in memory; more records than that are refused before anything is charged
    """

    def __init__(self, workers: int | None = None, memory: int = 8 << 30) -> None:
        self.workers = workers or os.cpu_count() or 1
        self.memory = memory

    def open(self, design: Design) -> Source:
        """See `Engine.open`."""
        return open_source(design.plan, design.calendar, design.zones)

    def sums(self, design: Design, source: Source, tally: Tally, progress: Progress) -> Mapping[str, ExactSums]:
        """See `Engine.sums`."""
        buckets = Buckets(source.kind, design.calendar.unit_start, self.memory)
        self._fill(buckets, design, source, tally, progress)
        tally.check(design.plan.source.max_bad_rows, design.plan)
        return self._add_up(buckets, design, progress)

    def _fill(self, buckets: Buckets, design: Design, source: Source, tally: Tally, progress: Progress) -> None:
        """Every record under its pseudonym into its bucket; the key of the pseudonyms dies with this call."""
        intake = Intake(Pseudonymizer(), design.plan.cleaning.max_accuracy)
        read, size = 0, max(1, source.size)

        def seen(number: int) -> None:
            nonlocal read
            read += number
            progress("Reading records", read / size)

        def admit(batch: PointBatch | TripBatch) -> None:
            if isinstance(batch, PointBatch):
                admitted = intake.admit_points(batch)
                tally.add("less accurate than max_accuracy", admitted.dropped)
                buckets.add(admitted)
            else:
                buckets.add(intake.admit_trips(batch))

        with ThreadPoolExecutor(self.workers) as threads:
            under_way: deque[Future[None]] = deque()
            for batch in source.batches(tally, seen):
                under_way.append(threads.submit(admit, batch))
                while len(under_way) > self.workers:  # batches in flight are memory
                    under_way.popleft().result()
            for future in under_way:
                future.result()
        progress("Reading records", 1.0)

    def _add_up(self, buckets: Buckets, design: Design, progress: Progress) -> Mapping[str, ExactSums]:
        """Map every bucket; each thread adds into totals of its own, which are merged at the end."""
        number = len(buckets)
        following, lock, done = count(), Lock(), count(1)

        def work() -> dict[str, Int64]:
            totals = empty_totals(design)
            while True:
                with lock:
                    index = next(following)
                if index >= number:
                    return totals
                add_bucket(design, buckets.take(index), totals)
                with lock:
                    progress("Following movements", next(done) / number)

        parts = _on_all(work, min(self.workers, max(1, number)))
        sums: dict[str, ExactSums] = {}
        for totals in parts:
            for name, array in totals.items():
                part = ExactSums(array)
                sums[name] = sums[name].merge(part) if name in sums else part
        return sums


def _on_all(work: Callable[[], dict[str, Int64]], workers: int) -> list[dict[str, Int64]]:
    with ThreadPoolExecutor(workers) as threads:
        return [future.result() for future in [threads.submit(work) for _ in range(workers)]]
