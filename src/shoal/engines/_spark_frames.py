"""From a plan's source to frames of Spark: files that this machine sees, addresses that only Spark reads, a table.

Files of this machine are checked as the local engine checks them, one by one. Of what only Spark can read, the types
come from Spark and a few rows from its first partitions, sealed on their way; the same checks look at those.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import pyarrow as pa

from shoal.design import Design
from shoal.engines._spark_session import condition, explained, setting
from shoal.engines._spark_tasks import PEEK_ROWS, Shape
from shoal.errors import DataError, PlanError
from shoal.plan import Plan
from shoal.sources import Source, files, open_source, schema
from shoal.sources._csv import CsvReader
from shoal.sources._frame import CsvLines, FrameReader, NdjsonLines, check_lines, has_scheme
from shoal.sources._parquet import ParquetReader
from shoal.sources._reader import Reader, Rows
from shoal.sources.swapped import check_order
from shoal.sources.times import Clock

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Ending = Literal[".parquet", ".csv", ".ndjson"]
PeekAt = Callable[["DataFrame", int], Sequence[Rows]]
"""The first rows of at most so many partitions of a frame, of those that have any."""
_LOOK_AT = 20
_TYPES = {
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "char": pa.string(),
    "varchar": pa.string(),
    "binary": pa.binary(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "void": pa.null(),
}
_NTZ = "spark.sql.parquet.inferTimestampNTZ.enabled"


@dataclass(frozen=True, repr=False)
class Part:
    """A frame of the plan's columns, or of lines, and how its rows come."""

    frame: "DataFrame"
    shape: Shape


@dataclass(frozen=True, repr=False)
class Frames:
    """All records of a plan. size: bytes of the input, None where nobody knows; files: what was checked here."""

    parts: tuple[Part, ...]
    size: int | None
    files: Source | None


def open_frames(session: "SparkSession", design: Design, peek: PeekAt) -> Frames:
    """The records of `design`, checked. Raises `PlanError` and `DataError`, one sentence."""
    plan = design.plan
    if plan.source.table is not None:
        table = _table(session, plan)
        _check_names(plan, table, f"the table {plan.source.table}")
        return _checked(design, [_columns(plan, table, f"the table {plan.source.table}")], [table], peek)
    if all(_is_file(plan, pattern) for pattern in plan.source.files):
        source = open_source(plan, design.calendar, design.zones)
        parts = [_of_files(session, plan, ending, group) for ending, group in _groups(plan, source)]
        return Frames(tuple(parts), source.size, source)
    return _open_addresses(session, design, peek)


def _open_addresses(session: "SparkSession", design: Design, peek: PeekAt) -> Frames:
    plan = design.plan
    by_ending: dict[Ending, list[str]] = {}
    for pattern in plan.source.files:
        by_ending.setdefault(_ending(pattern), []).append(pattern)
    parts, raw, seen = [], [], set[str]()
    for ending, patterns in by_ending.items():
        name = ", ".join(patterns)
        for pattern in patterns:
            own = set(_read(session, plan, ending, [_address(plan, pattern)], pattern).inputFiles())
            if not own:
                raise plan.error("source.files", f"{pattern!r} matches no file that Spark finds; check the address")
            if own & seen:
                raise plan.error("source.files", f"{pattern!r} names files that another pattern names; name each once")
            seen |= own
        frame = _read(session, plan, ending, [_address(plan, pattern) for pattern in patterns], name)
        raw.append(frame)
        if ending == ".parquet":
            _check_names(plan, frame, name)
            parts.append(_columns(plan, frame, name))
        else:
            head = b""
            if ending == ".csv":
                first = sorted(frame.inputFiles())[0]
                head = _head(peek(_lines(_read(session, plan, ending, [_escaped(first)], first)), 1))
            parts.append(Part(_lines(frame), Shape(ending, name, head)))
    return _checked(design, parts, raw, peek)


def _checked(design: Design, parts: list[Part], raw: "list[DataFrame]", peek: PeekAt) -> Frames:
    """The checks of `open_source`, on the first rows of each frame; of more partitions where those look wrong."""
    plan = design.plan
    clock = Clock.from_plan(plan, design.calendar)
    readers: list[Reader] = []
    kinds = []
    for part, frame in zip(parts, raw, strict=True):
        found = [_reader(plan, part, frame, rows) for rows in peek(part.frame, 1)]
        for reader in found:
            kinds.append((reader.path, schema.check_file(plan, clock, reader, reader.path)))
        readers += found
    schema.check_kinds(kinds)
    if not readers:
        raise DataError(f"{parts[0].shape.name}: holds no rows; check [source] in {plan.file}")
    if not _in_order(plan, readers, design):
        many = [_reader(plan, p, f, rows) for p, f in zip(parts, raw, strict=True) for rows in peek(p.frame, _LOOK_AT)]
        check_order(plan, many, design.zones)
    return Frames(tuple(parts), _size(raw), None)


def _in_order(plan: Plan, readers: Sequence[Reader], design: Design) -> bool:
    try:
        check_order(plan, readers, design.zones)
    except DataError:
        return False
    return True


def _reader(plan: Plan, part: Part, raw: "DataFrame", rows: Rows) -> Reader:
    shape = part.shape
    if shape.ending == ".parquet":
        return FrameReader(plan, shape.name, _types(plan, raw), rows)
    lines = b"\n".join(line for line in rows["line"].to_pylist() if line)
    if shape.ending == ".ndjson":
        return NdjsonLines(shape.name, lines)
    begins = rows["begins"][0].as_py() != 0  # the first line of these names the columns
    return CsvLines(plan, shape.name, shape.head, lines.partition(b"\n")[2] if begins else lines)


def _check_names(plan: Plan, frame: "DataFrame", name: str) -> None:
    """Before any column is asked for: what is missing, and what has a type that can't be used."""
    from shoal.calendar import Calendar

    clock = Clock.from_plan(plan, Calendar.from_plan(plan))
    reader = FrameReader(plan, name, _types(plan, frame))
    schema.check_file(plan, clock, reader, reader.path)
    kinds = {reader.types[theirs] for theirs in schema.columns_of(plan).values()}
    stamps = any(pa.types.is_timestamp(kind) and kind.tz is not None for kind in kinds)
    if stamps and setting(frame.sparkSession, _NTZ) == "false":
        raise PlanError(f"{_NTZ} is off, so that Spark takes local times for instants; switch it on")


def _types(plan: Plan, frame: "DataFrame") -> dict[str, pa.DataType]:
    """The Arrow type of each column that the plan names; the others are only names."""
    wanted = set(schema.columns_of(plan).values())
    return {
        field.name: _arrow_type(field.dataType.simpleString()) if field.name in wanted else pa.null()
        for field in frame.schema.fields
    }


def _arrow_type(name: str) -> pa.DataType:
    """What a type of Spark's arrives as; anything that can't be used, as a table."""
    if sizes := re.fullmatch(r"decimal\((\d+),(\d+)\)", name):
        return pa.decimal128(int(sizes[1]), int(sizes[2]))
    return _TYPES.get(re.split(r"[ (<]", name)[0], pa.struct([]))


def _columns(plan: Plan, frame: "DataFrame", name: str) -> Part:
    names = dict.fromkeys(schema.columns_of(plan).values())
    quoted = [f"`{column.replace('`', '``')}`" for column in names]
    return Part(explained(lambda: frame.select(*quoted)), Shape(".parquet", name))


def _lines(frame: "DataFrame") -> "DataFrame":
    """(line, begins); see `Shape`."""
    from pyspark.sql import functions as f

    own = f.when(f.col("_metadata.file_block_start") == 0, f.xxhash64(f.col("_metadata.file_path"))).otherwise(f.lit(0))
    return frame.select(f.col("value").cast("binary").alias("line"), own.alias("begins"))


def _of_files(session: "SparkSession", plan: Plan, ending: Ending, readers: Sequence[Reader]) -> Part:
    """A frame of files of this machine that are alike."""
    paths = [reader.path for reader in readers]
    for path in paths:
        if path.name.startswith(("_", ".")):
            raise plan.error("source.files", f"{path}: Spark passes over files whose names begin so; rename it")
    name = str(paths[0]) if len(paths) == 1 else f"{paths[0]} and other files"
    frame = _read(session, plan, ending, ["file:" + _escaped(str(path.absolute())) for path in paths], name)
    if ending == ".parquet":
        _check_names(plan, frame, name)
        return _columns(plan, frame, name)
    head = _head_line(plan, cast(CsvReader, readers[0])) if ending == ".csv" else b""
    return Part(_lines(frame), Shape(ending, name, head))


def _groups(plan: Plan, source: Source) -> list[tuple[Ending, list[Reader]]]:
    """Files that can be one frame: of one format, whose columns have the same types, or the same names in one order."""
    groups: dict[Any, list[Reader]] = {}
    wanted = schema.columns_of(plan).values()
    for reader in source._readers:
        key: tuple[Any, ...]
        if isinstance(reader, ParquetReader):
            key = (".parquet", *(str(reader.types[name]) for name in wanted))
        elif isinstance(reader, CsvReader):
            key = (".csv", *reader.types, *reader.twice)
        else:
            key = (".ndjson",)
        if not reader.empty:
            groups.setdefault(key, []).append(reader)
    return [(key[0], group) for key, group in groups.items()]


def _head_line(plan: Plan, reader: CsvReader) -> bytes:
    """The names of a file's columns as a line of CSV."""
    line = io.StringIO()
    csv.writer(line, delimiter=plan.source.separator).writerow(reader._names)
    return line.getvalue().encode(plan.source.encoding)


def _head(rows: Sequence[Rows]) -> bytes:
    return bytes(rows[0]["line"][0].as_py()) if rows else b""


def _read(session: "SparkSession", plan: Plan, ending: Ending, paths: Iterable[str], name: str) -> "DataFrame":
    """A frame of files, as rows or as lines. Only looks at names and schemas."""
    with _found(plan, "source.files", name):
        if ending == ".parquet":
            # Old dates stay as they are, whatever the session says, and all files must agree on their types.
            options = {"mergeSchema": "true", "datetimeRebaseMode": "CORRECTED", "int96RebaseMode": "CORRECTED"}
            return session.read.options(**options).parquet(*paths)
        check_lines(plan)
        return session.read.option("lineSep", "\n").text(list(paths))


def _table(session: "SparkSession", plan: Plan) -> "DataFrame":
    with _found(plan, "source.table", str(plan.source.table)):
        frame = session.table(str(plan.source.table))
        frame.schema  # noqa: B018 - a session of Connect asks only now
        return frame


class _found:  # noqa: N801 - a context manager
    """Turns what Spark says about things that don't exist into a sentence about the plan."""

    def __init__(self, plan: Plan, key: str, name: str) -> None:
        self._plan, self._key, self._name = plan, key, name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception):
            return
        named, text = condition(error), str(error)
        if "PATH_NOT_FOUND" in named or "TABLE_OR_VIEW_NOT_FOUND" in named or "UNABLE_TO_INFER_SCHEMA" in named:
            why = "is not there, as far as Spark sees; check the name and the rights"
        elif "NANOS" in text:
            why = "holds times in nanoseconds, which Spark does not read; write them in microseconds"
        elif "UUID" in text and "Parquet" in text:
            why = "holds identifiers of Parquet's type UUID, which Spark does not read; write them as text or bytes"
        elif "MERGE" in named:
            why = "holds files whose columns have different types; write them alike, or name those of one kind only"
        else:
            why = f"can't be read by Spark ({named}); see Spark's log"
        raise self._plan.error(self._key, f"{self._name!r} {why}") from None


def _is_file(plan: Plan, pattern: str) -> bool:
    """Does a pattern name plain files of this machine, or nothing (which is then refused as elsewhere)?"""
    if has_scheme(pattern):
        return False
    return not any((plan.folder / name).is_dir() for name in files._match(plan, pattern))


def _ending(pattern: str) -> Ending:
    ending = files.ending(Path(pattern))
    return ".csv" if ending == ".csv.gz" else ending or ".parquet"


def _address(plan: Plan, pattern: str) -> str:
    return pattern if has_scheme(pattern) else f"file:{plan.folder.absolute()}/{pattern}"


def _escaped(path: str) -> str:
    """A path in which nothing is a pattern."""
    return "".join("\\" + c if c in "{}[]*?\\" else c for c in path)


def _size(frames: "Sequence[DataFrame]") -> int | None:
    """Bytes, as Spark plans with them; a session of Connect does not say."""
    try:
        plans: list[Any] = [cast(Any, frame)._jdf.queryExecution().optimizedPlan() for frame in frames]
        return sum(int(str(plan.stats().sizeInBytes())) for plan in plans)
    except Exception:
        return None


__all__ = ["PEEK_ROWS", "Frames", "Part", "PeekAt", "open_frames"]
