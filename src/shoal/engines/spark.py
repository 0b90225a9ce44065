"""The Spark engine: the same kernels on a cluster, the same integers. PySpark is imported when it is used."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal.design import Design
from shoal.engines import _spark_digest as digest
from shoal.engines import _spark_session as spark
from shoal.engines import _spark_tasks as tasks
from shoal.engines._engine import Progress
from shoal.engines._spark_frames import Frames, open_frames
from shoal.engines._spark_keys import Keys
from shoal.engines._spark_notes import add_counts, fault
from shoal.engines._spark_ship import Shipped, ShippedBarred
from shoal.engines._sparse import Slots, add_packed
from shoal.errors import StateError, UsageError
from shoal.intake import Barred
from shoal.kept import Shelf
from shoal.privacy.sums import ExactSums
from shoal.sources import Tally
from shoal.sources._frame import from_ipc
from shoal.sources._reader import Rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PHASES = ("Reading records", "Following movements", "Adding up")
_MOST_BITS = 15
_PART = 64 << 20  # bytes of input that make a part: some five million records of Parquet
_LEAST, _MOST = 64, 1 << 16  # records of a segment
_RECORD = 29  # bytes that a sealed record takes at most
_BATCH = 256 << 20  # bytes that Spark may hand to a task at once
_USUAL_ROWS = 10_000


class SparkEngine:
    """Reads, pseudonymises and seals on the executors, maps the parts there, and adds up; only sums reach the driver.

    session     a session of PySpark 4, classic or Connect; default: the active one, else one by Spark's configuration.
                None of its settings is changed
    partitions  parts that the devices are divided into, rounded up to a power of two; default: by the input's size
    memory      bytes that the records of one task may take; more go to the executor's disk, sealed

    Raises `UsageError` for numbers that can't be meant.
    """

    def __init__(
        self, session: "SparkSession | None" = None, *, partitions: int | None = None, memory: int = 512 << 20
    ) -> None:
        if partitions is not None and not 1 <= partitions <= 1 << _MOST_BITS:
            raise UsageError(f"partitions must be a number from 1 to {1 << _MOST_BITS}, got {partitions}")
        if memory < 1 << 20:
            raise UsageError("a task needs at least 1 MiB of memory for records")
        self._session = session
        self.partitions = partitions
        self.memory = memory

    def open(self, design: Design) -> "SparkSource":
        """See `Engine.open`."""
        session = spark.find_session(self._session)
        shipped = _ship(session, design)
        keys = Keys.random()

        def peek(frame: "DataFrame", partitions: int) -> Sequence[Rows]:
            rows = spark.explained(lambda: frame.mapInArrow(tasks.Peek(shipped, keys), tasks.NOTE).take(partitions))
            return [from_ipc(keys.box().open(bytes(row[0]), tasks.PEEK_PLACE)) for row in rows]

        return SparkSource(session, design, shipped, open_frames(session, design, peek))

    def open_kept(self, design: Design, shelf: Shelf) -> "SparkSource":
        """See `Engine.open_kept`."""
        raise UsageError(
            f"{design.plan.file}: [source] kept: kept records lie on this machine; release them with --engine local"
        )

    def sums(
        self, design: Design, source: "SparkSource", tally: Tally, progress: Progress, barred: Barred | None = None
    ) -> Mapping[str, ExactSums]:
        """See `Engine.sums`."""
        keys, shipped, slots = Keys.random(), source.shipped, Slots(design)
        bits, piece = self._bits(source), _piece(source.session)
        told = _ship_barred(source.session, barred, keys)

        def build() -> "DataFrame":
            sealed = _union(
                part.frame.mapInArrow(tasks.SealRecords(shipped, keys, part.shape, bits, piece, told), tasks.SEALED)
                for part in source.frames.parts
            )
            added = _by_id(sealed, 1 << bits, "part").mapInArrow(
                tasks.AddUp(shipped, keys, bits, self.memory), tasks.SUMS
            )
            return _by_id(added, slots.number + 1, "slot").mapInArrow(tasks.MergeSums(shipped, keys), tasks.SUMS)

        def watch(stages: list[tuple[int, int]]) -> None:
            for phase, (done, number) in zip(_PHASES, stages, strict=False):
                progress(phase, done / number)

        progress(_PHASES[0], 0.0)
        rows = spark.collect(spark.explained(build), "statistics of places", watch)
        return _opened(design, slots, keys, rows, tally, progress)

    def _bits(self, source: "SparkSource") -> int:
        number = self.partitions
        if number is None:
            session, size = source.session, source.frames.size
            usual = int(spark.setting(session, "spark.sql.shuffle.partitions") or 200)
            number = max(usual if size is None else size // _PART, 2 * spark.cores(session))
        return max(1, min((number - 1).bit_length(), _MOST_BITS))


class SparkSource:
    """Frames of records that were found and checked."""

    def __init__(self, session: "SparkSession", design: Design, shipped: Shipped, frames: Frames) -> None:
        self.session, self.shipped, self.frames = session, shipped, frames
        self._design = design

    def fingerprint_along(self, key: bytes) -> None:
        """See `Opened.fingerprint_along`. The driver reads no file while the executors do: nothing to take along."""

    def fingerprint(self, key: bytes, progress: Callable[[float], None] | None = None) -> str:
        """See `Opened.fingerprint`. Files of this machine: as the local engine takes it. Else: a job over all rows."""
        if self.frames.files is not None:
            return self.frames.files.fingerprint(key, progress)
        keys, secret = Keys.random(), digest.secret_of(key)
        parts = self.frames.parts
        noted = spark.explained(
            lambda: _union(
                part.frame.mapInArrow(digest.Digest(self.shipped, keys, part.shape, secret), tasks.NOTE)
                for part in parts
            )
        )
        rows = spark.collect(noted, "recognising the records")
        return digest.combined([bytes(row[0]) for row in rows], keys.box(), key)

    def __repr__(self) -> str:
        return "<SparkSource>"


def _opened(
    design: Design, slots: Slots, keys: Keys, rows: Sequence[Any], tally: Tally, progress: Progress
) -> dict[str, ExactSums]:
    """The sums, opened on the driver; raises what the tasks found wrong with the input."""
    box = keys.box()
    totals = {name: np.zeros(cells, dtype=np.int64) for name, cells in slots.measures}
    faults, counted = [], False
    for slot, value in rows:
        row = bytes(value)
        if row[:1] == tasks.TALLY:
            add_counts(tally, box.open(row[1:], tasks.TALLY_PLACE))
            counted = True
        elif row[:1] == tasks.FAULT:
            faults.append(box.open(row[1:], tasks.FAULT_PLACE))
        else:
            name, begin, size = slots.place(slot)
            add_packed(box.open(row[1:], tasks.sums_place(slot, b"whole")), totals[name][begin : begin + size])
    if faults:
        raise fault(min(faults))
    if not counted:
        raise StateError("Spark gave no counts of rows back; look into its logs, and run again")
    tally.check(design.plan.source.max_bad_rows, design.plan)
    for phase in _PHASES:
        progress(phase, 1.0, tally.rows if phase == _PHASES[0] else None)
    return {name: ExactSums(array) for name, array in totals.items()}


def _ship(session: "SparkSession", design: Design) -> Shipped:
    if spark.is_remote(session):
        return Shipped(design)
    return spark.explained(lambda: Shipped(design, session.sparkContext.broadcast))


def _ship_barred(session: "SparkSession", barred: Barred | None, keys: Keys) -> ShippedBarred | None:
    if barred is None:
        return None
    if spark.is_remote(session):
        return ShippedBarred(barred, keys)
    return spark.explained(lambda: ShippedBarred(barred, keys, session.sparkContext.broadcast))


def _union(frames: Any) -> "DataFrame":
    first, *others = frames
    for other in others:
        first = first.unionAll(other)
    frame: DataFrame = first
    return frame


def _by_id(frame: "DataFrame", number: int, column: str) -> "DataFrame":
    """So many partitions, each with all rows of one or more ids. Spark 4.1 can give each id a partition of its own."""
    if hasattr(frame, "repartitionById"):
        return frame.repartitionById(number, column)
    return frame.repartition(number, column)


def _piece(session: "SparkSession") -> int:
    """Records of a segment: Spark hands a task so many segments at once, and together they must stay small.

    Spark 4.1 and later count the bytes themselves; earlier ones count rows, whatever is in them.
    """
    size = re.fullmatch(r"(\d+)b?", spark.setting(session, "spark.sql.execution.arrow.maxBytesPerBatch") or "")
    if size and 0 < int(size[1]) <= _BATCH:
        return _MOST
    rows = spark.setting(session, "spark.sql.execution.arrow.maxRecordsPerBatch") or ""
    number = int(rows) if rows.isdigit() and int(rows) > 0 else _USUAL_ROWS
    return max(_LEAST, min(_BATCH // (number * _RECORD), _MOST))
