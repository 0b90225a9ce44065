"""What the tasks of Spark run: functions from batches to batches, for `mapInArrow`.

    records --SealRecords--> (part, segment) --shuffle--> AddUp --> (slot, sums) --shuffle--> MergeSums --> driver

Between the functions, where Spark may write to disk or to the network, there is ciphertext only: records sealed by
part, sums sealed by slot, and notes (counts of rows, faults). `mapInArrow` and no other kind of Python function,
because Spark keeps the clear input of the others in files beside them.

A task that fails, or is given up, or runs twice, changes nothing: all it has to say are rows, and of each task's rows
Spark uses one attempt's. Where a record goes depends on its pseudonym alone, so an attempt that is repeated fills the
same parts with the same records.
"""

import gc
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from shoal._arrays import Int64
from shoal.buckets import POINT, TRIP, Buckets, Records
from shoal.buckets.partition import partition
from shoal.engines._bucket import bounded
from shoal.engines._spark_keys import Box, Keys
from shoal.engines._spark_notes import RowCount, fault_of, guarded
from shoal.engines._spark_ship import Shipped, ShippedBarred
from shoal.engines._sparse import Slots, SparseSums, add_packed, pack_dense
from shoal.errors import DataError, PlanError
from shoal.intake import Intake
from shoal.sources._frame import CsvLines, NdjsonLines, concat, plain, to_ipc
from shoal.sources._reader import Rows
from shoal.sources.points import points
from shoal.sources.schema import columns_of
from shoal.sources.times import Clock
from shoal.sources.trips import trips

SEALED = "part int, segment binary"
SUMS = "slot int, sums binary"
NOTE = "note binary"
RECORDS, TALLY, FAULT, PLAIN_SUMS = b"r", b"t", b"f", b"s"  # the first byte of a row says what it is
PEEK_PLACE, DIGEST_PLACE, TALLY_PLACE, FAULT_PLACE = b"peek", b"digest", b"tally", b"fault"
PEEK_ROWS = 1000

_GATHER = 1 << 20  # rows that are worked on at once: Spark's batches are small
_GATHER_LINES = 1 << 19
_settled: set[type] = set()
"""Kinds of tasks that this process has finished one of."""


@dataclass(frozen=True)
class Shape:
    """How the rows of a frame come, all of it public.

    ending  .parquet: columns under their names, with types. Others: column `line` (bytes) and `begins` (int64: not 0
            in the first stretch of a file, and then another number for each file)
    name    what messages call the frame
    head    of CSV: the line that names the columns
    """

    ending: Literal[".parquet", ".csv", ".ndjson"]
    name: str
    head: bytes = b""


class Task(ABC):
    """A function for `mapInArrow`. Pickled into the plan: it holds keys, so it stays small and has no `repr`."""

    def __init__(self, design: Shipped, keys: Keys) -> None:
        self._design = design
        self._keys = keys

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from guarded(self._run(batches))
        _set_aside(type(self))

    @abstractmethod
    def _run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]: ...

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Reading(Task):
    """A task that reads rows of a frame of some shape."""

    def __init__(self, design: Shipped, keys: Keys, shape: Shape) -> None:
        super().__init__(design, keys)
        self._shape = shape

    def _rows(self, batches: Iterator[pa.RecordBatch]) -> Iterator[Rows]:
        """The rows, columns by our names, about a million at a time."""
        plan = self._design.get().plan
        columns = columns_of(plan)
        theirs = list(dict.fromkeys(columns.values()))
        pieces: Iterator[Rows]
        if self._shape.ending == ".parquet":
            pieces = (plain(plan, rows) for rows in _gathered(batches, _GATHER))
        else:
            pieces = self._parsed(batches, theirs)
        for piece in pieces:
            yield {ours: piece[name] for ours, name in columns.items()}

    def _parsed(self, batches: Iterator[pa.RecordBatch], theirs: list[str]) -> Iterator[Rows]:
        plan, shape = self._design.get().plan, self._shape
        lines: CsvLines | NdjsonLines
        lines = CsvLines(plan, shape.name, shape.head) if shape.ending == ".csv" else NdjsonLines(shape.name)
        last = 0
        for rows in _gathered(batches, _GATHER_LINES):
            begins: Int64 = rows["begins"].to_numpy()
            before = np.concatenate([np.array([last], np.int64), begins[:-1]])
            last = int(begins[-1])
            yield lines.parse(rows["line"].cast(pa.binary()), (begins != 0) & (begins != before), theirs)


class SealRecords(Reading):
    """Rows under pseudonyms, sealed by part: (part, segment).

    bits    2**bits parts
    piece   records of a segment, at most
    barred  whom the intake does not let in, sealed; None: nobody
    """

    def __init__(
        self,
        design: Shipped,
        keys: Keys,
        shape: Shape,
        bits: int,
        piece: int,
        barred: ShippedBarred | None = None,
    ) -> None:
        super().__init__(design, keys, shape)
        self._bits, self._piece, self._barred = bits, piece, barred

    def _run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        count, box = RowCount(), self._keys.box()
        try:
            for records, first in self._records(batches, count):
                yield self._segments(records, first)
        except (DataError, PlanError) as error:  # what the operator must mend: no repetition helps
            yield _rows(SEALED, [0], [FAULT + box.seal(fault_of(error), FAULT_PLACE)])
        yield _rows(SEALED, [0], [TALLY + box.seal(count.packed(), TALLY_PLACE)])

    def _records(self, batches: Iterator[pa.RecordBatch], count: RowCount) -> Iterator[tuple[Records, Int64]]:
        design = self._design.get()
        calendar = design.calendar
        clock = Clock.from_plan(design.plan, calendar)
        barred = None if self._barred is None else self._barred.get(self._keys)
        intake = Intake(self._keys.pseudonymizer(), design.plan.cleaning.max_accuracy, barred, design.sensitive)
        period = (calendar.start, calendar.end)
        for rows in self._rows(batches):
            admitted = (
                intake.admit_points(points(rows, clock, *period, count))
                if design.plan.source.kind == "points"
                else intake.admit_trips(trips(rows, clock, design.zones, *period, count))
            )
            for reason, number in admitted.dropped.items():
                count.add(reason, number)
            yield partition(admitted, self._bits, *period)

    def _segments(self, records: Records, first: Int64) -> pa.RecordBatch:
        sealer = self._keys.sealer()
        parts: list[int] = []
        segments: list[bytes] = []
        for part in np.flatnonzero(np.diff(first)).tolist():
            for begin in range(int(first[part]), int(first[part + 1]), self._piece):
                end = min(begin + self._piece, int(first[part + 1]))
                parts.append(part)
                segments.append(RECORDS + sealer.seal(records[begin:end], _place(part)))
        return _rows(SEALED, parts, segments)


class AddUp(Task):
    """All segments of one or more parts into bounded sums, sealed by slot: (slot, sums).

    bits    as in `SealRecords`
    memory  bytes that records may take; more go to disk, sealed
    """

    def __init__(self, design: Shipped, keys: Keys, bits: int, memory: int) -> None:
        super().__init__(design, keys)
        self._bits, self._memory = bits, memory

    def _run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        design, box, sealer = self._design.get(), self._keys.box(), self._keys.sealer()
        slots, kind = Slots(design), design.plan.source.kind
        notes = _Notes(box)
        buckets = Buckets(kind, design.calendar.unit_start, self._memory, _local_folder())
        try:
            for batch in batches:
                for part, row in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                    if row[:1] != RECORDS:
                        notes.take(row)
                        continue
                    records = sealer.open(row[1:], _place(part), POINT if kind == "points" else TRIP)
                    _turn(records, self._bits)
                    buckets.add_records(records)
            sums = SparseSums(design)
            for bucket in range(len(buckets)):
                for name, rows in bounded(design, buckets.take(bucket)):
                    for slot, packed in sums.add(name, rows):
                        yield _sealed_sums(box, slot, packed, b"part")
        finally:
            buckets.close()
        for slot, packed in sums.rest():
            yield _sealed_sums(box, slot, packed, b"part")
        yield from notes.rows(slots.number)


class MergeSums(Task):
    """All sums of one or more slots into one row each: (slot, sums)."""

    def _run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        box, slots = self._keys.box(), Slots(self._design.get())
        notes, totals = _Notes(box), dict[int, Int64]()
        for batch in batches:
            for slot, row in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                if row[:1] != PLAIN_SUMS:
                    notes.take(row)
                    continue
                if slot not in totals:
                    totals[slot] = np.zeros(slots.place(slot)[2], dtype=np.int64)
                add_packed(box.open(row[1:], sums_place(slot, b"part")), totals[slot])
        for slot in sorted(totals):
            yield _sealed_sums(box, slot, pack_dense(totals[slot]), b"whole")
        yield from notes.rows(slots.number)


class Peek(Task):
    """The first rows of each partition that is asked, sealed for the driver: nothing is read but these."""

    def _run(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                sealed = self._keys.box().seal(to_ipc(batch.slice(0, PEEK_ROWS)), PEEK_PLACE)
                yield note_row(sealed)
                return


class _Notes:
    """Counts and faults on their way to the driver: counts are added up, of several faults one is kept."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._count: RowCount | None = None
        self._faults: list[bytes] = []

    def take(self, row: bytes) -> None:
        if row[:1] == TALLY:
            self._count = self._count or RowCount()
            self._count.add_packed(self._box.open(row[1:], TALLY_PLACE))
        else:
            self._faults.append(self._box.open(row[1:], FAULT_PLACE))

    def rows(self, slot: int) -> Iterator[pa.RecordBatch]:
        if self._count is not None:
            yield _rows(SUMS, [slot], [TALLY + self._box.seal(self._count.packed(), TALLY_PLACE)])
        if self._faults:
            yield _rows(SUMS, [slot], [FAULT + self._box.seal(min(self._faults), FAULT_PLACE)])


def _set_aside(kind: type) -> None:
    """Take what is loaded by now, libraries and kernels, out of the sight of Python's garbage collector.

    The workers of PySpark collect after every task. To look at all that each time takes longer than a small task does:
    a tenth of a second. Once for each kind of task, as each has kernels of its own.
    """
    if kind not in _settled:
        _settled.add(kind)
        gc.collect()
        gc.freeze()


def note_row(sealed: bytes) -> pa.RecordBatch:
    """One note as the row that a task gives."""
    return _rows(NOTE, [sealed])


def sums_place(slot: int, stage: bytes) -> bytes:
    """Where sealed sums of a slot belong; `stage`: a part of the sum or the whole, so that none counts as the other."""
    return b"%b sums of slot %d" % (stage, slot)


def _sealed_sums(box: Box, slot: int, packed: bytes, stage: bytes) -> pa.RecordBatch:
    return _rows(SUMS, [slot], [PLAIN_SUMS + box.seal(packed, sums_place(slot, stage))])


def _place(part: int) -> bytes:
    return b"records of part %d" % part


def _turn(records: Records, bits: int) -> None:
    """Move the bits that all pseudonyms of a part share to the bottom: buckets are told apart by the top ones."""
    own = records["pseudonym"]
    records["pseudonym"] = (own << np.uint64(bits)) | (own >> np.uint64(64 - bits))


def _rows(schema: str, *columns: list[Any]) -> pa.RecordBatch:
    names = [field.split()[0] for field in schema.split(", ")]
    kinds = [pa.int32() if field.endswith(" int") else pa.binary() for field in schema.split(", ")]
    return pa.RecordBatch.from_arrays([pa.array(c, k) for c, k in zip(columns, kinds, strict=True)], names=names)


def _gathered(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[Rows]:
    """Columns by name, of so many rows or a batch more; never of none."""
    waiting: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        waiting.append(batch)
        size += batch.num_rows
        if size >= rows:
            yield _joined(waiting)
            waiting, size = [], 0
    if size:
        yield _joined(waiting)


def _joined(batches: list[pa.RecordBatch]) -> Rows:
    schema = batches[0].schema
    return {name: concat([b.column(i) for b in batches], schema.types[i]) for i, name in enumerate(schema.names)}


def _local_folder() -> Path | None:
    """A disk that the cluster sets aside for such things; None: the system's."""
    names = [name for name in os.environ.get("SPARK_LOCAL_DIRS", "").split(",") if name and Path(name).is_dir()]
    return Path(names[os.getpid() % len(names)]) if names else None
