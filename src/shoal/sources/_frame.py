"""Rows that another system reads for us (Spark): the same checks and the same parsing as for files of our own."""

import codecs
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shoal._arrays import Bool
from shoal.errors import DataError
from shoal.plan import Plan
from shoal.sources import _text
from shoal.sources._csv import CsvReader, _dialect
from shoal.sources._ndjson import NdjsonReader, _type
from shoal.sources._reader import OnBytes, Piece, Rows, looks_like_a_value

_WHOLE = ("time", "start", "end", "origin", "destination")
"""Columns of ours for which a decimal number without a fraction is a whole number."""


class FrameReader:
    """See `Reader`: the beginning of a table, of which some rows are at hand. Reads nothing itself.

    name   what messages call it
    types  of all its columns, as they come
    rows   the first rows of the plan's columns, as they come; default: none
    """

    twice: Set[str] = frozenset()
    headless = False
    empty = False

    def __init__(self, plan: Plan, name: str, types: Mapping[str, pa.DataType], rows: Rows | None = None) -> None:
        self.path = cast(Path, name)
        roles = _roles(plan)
        self.types: Mapping[str, pa.DataType] = {
            theirs: _plain_type(kind, roles.get(theirs, set())) for theirs, kind in types.items()
        }
        self._rows = None if rows is None else plain(plan, rows)

    def pieces(self, columns: Sequence[str], on_bytes: OnBytes) -> Iterator[Piece]:
        raise NotImplementedError("the rows of a table are read by whoever holds it")

    def first(self, columns: Sequence[str]) -> Rows:
        if self._rows is None:
            return {name: pa.array([], self.types[name]) for name in columns}
        return {name: self._rows[name] for name in columns}


def plain(plan: Plan, rows: Rows) -> Rows:
    """Rows (columns by their names) of a system that knows fewer types than files do, as files would give them.

    Identifiers in bytes become UUIDs of 16 bytes, since Spark has no type of fixed width; and unsigned 64-bit numbers,
    which arrive as decimals, become whole numbers again where times and ids of zones are expected. (An identifier's
    decimal text is that of the whole number.) Raises `DataError` for bytes that are no UUIDs.
    """
    roles = _roles(plan)
    out: Rows = {}
    for name, array in rows.items():
        kind = _plain_type(array.type, roles.get(name, set()))
        if kind != array.type:
            try:
                array = array.cast(kind, safe=not pa.types.is_decimal(array.type))  # noqa: PLW2901
            except pa.ArrowException:  # its text may quote a value
                raise DataError(
                    f"the column {name!r} ([source.columns] device) holds bytes that are no UUIDs of 16 bytes; convert "
                    "them to text, or name another column"
                ) from None
        out[name] = array
    return out


class CsvLines(CsvReader):
    """CSV whose lines come one by one, from any place of any of several files that all begin with the line `head`.

    name  what messages call the files
    head  the first line as it stands in the file: the names of the columns
    rest  some lines behind it, for `first`
    """

    def __init__(self, plan: Plan, name: str, head: bytes, rest: bytes = b"") -> None:
        self.path = cast(Path, name)
        self._encoding, self._separator = _dialect(plan)
        self._names, _ = self._split(self._utf8(_bare(head) + b"\n"))
        self._rest = rest
        self.types = dict.fromkeys(self._names, pa.large_string())
        self.headless = any(looks_like_a_value(column) for column in self._names)
        self.twice = {column for column in self._names if self._names.count(column) > 1}
        self.empty = not rest.strip()

    def first(self, columns: Sequence[str]) -> Rows:
        return self.parse(pa.array(self._rest.split(b"\n"), pa.binary()), None, columns)

    def parse(self, lines: pa.Array, begins: Bool | None, columns: Sequence[str]) -> Rows:
        """The rows of n lines (Arrow binary[n], without line breaks).

        begins  bool[n]: which of them is the first of its file; default: none

        Raises `DataError` for a line that is no row: nothing that came with it is used.
        """
        if begins is not None and begins.any():
            heads = set(lines.filter(pa.array(begins)).to_pylist())
            if any(self._split(self._utf8(_bare(head) + b"\n"))[0] != self._names for head in heads):
                raise DataError(
                    f"{self.path}: its CSV files don't all begin with the same names of columns in the same order; for "
                    "Spark they must: export them alike, or use Parquet"
                )
            lines = lines.filter(pa.array(~begins))
        data = self._utf8(_joined(lines))
        rows = self._parse(data, 0, columns)
        # A quoted value may hold a line break in a file; here its parts would lie apart, perhaps on two machines.
        if b'"' in data and len(rows[columns[0]]) != _count(lines):
            raise DataError(
                f"{self.path}: a quoted value holds a line break, or a quote stands alone, which Spark's splitting of "
                "files into lines does not allow; remove it, or use Parquet"
            )
        return rows

    def _utf8(self, data: bytes) -> bytes:
        if codecs.lookup(self._encoding).name in ("utf-8", "ascii", "utf-8-sig"):
            return data
        try:
            return data.decode(self._encoding).encode()
        except UnicodeError:
            raise self._not_text() from None

    def _where(self, data: bytes, line: int) -> str:
        return f": a line has not as many values as the {len(self._names)} columns that the first line names"


class NdjsonLines(NdjsonReader):
    """NDJSON whose lines come one by one; `start` are some from the beginning of a file."""

    def __init__(self, name: str, start: bytes | None = None) -> None:
        self.path = cast(Path, name)
        if start is None:
            return
        self._start = start
        self.empty = False
        first = self._objects(_text.Block(start, 1))
        names = dict.fromkeys(key for row in first for key in row)
        self.types = {column: _type([row.get(column) for row in first]) for column in names}

    def first(self, columns: Sequence[str]) -> Rows:
        return self._parse(_text.Block(self._start, 1), columns)

    def parse(self, lines: pa.Array, begins: Bool | None, columns: Sequence[str]) -> Rows:
        """The rows of n lines (Arrow binary[n]); see `CsvLines.parse`."""
        data = _joined(lines)
        if not data.strip():
            return {name: pa.array([], pa.large_string()) for name in columns}
        return self._parse(_text.Block(data, 1), columns)

    def _parse(self, block: _text.Block, columns: Sequence[str]) -> Rows:
        try:
            return super()._parse(block, columns)
        except DataError:  # it names a line, which here is none of the file
            raise self._broken() from None

    def _objects(self, block: _text.Block) -> list[dict[str, object]]:
        try:
            return super()._objects(block)
        except DataError:
            raise self._broken() from None

    def _broken(self) -> DataError:
        return DataError(
            f"{self.path}: a line is not one JSON object, or was cut off; mend it or export the files again"
        )


def refuse_remote(plan: Plan) -> None:
    """Raise `PlanError` where the plan's records can be read by Spark only."""
    if plan.source.table is not None:
        raise plan.error("source.table", "a table by name can be read by Spark only; say --engine spark")
    for pattern in plan.source.files:
        if has_scheme(pattern):
            raise plan.error("source.files", f"{pattern!r} can be read by Spark only; say --engine spark")


def has_scheme(pattern: str) -> bool:
    """Is it an address such as s3a://bucket/folder, not a path of this machine?"""
    scheme, colon, rest = pattern.partition(":")
    return bool(colon) and rest.startswith("/") and len(scheme) > 1 and scheme.replace("+", "").isalnum()


def check_lines(plan: Plan) -> None:
    """Raise `PlanError` where text in the plan's encoding can't be cut into lines before it is decoded."""
    encoding, _ = _dialect(plan)
    if "\n".encode(encoding) != b"\n":
        raise plan.error("source.encoding", f"Spark can't cut text in {encoding} into lines; convert it to utf-8")


def _roles(plan: Plan) -> dict[str, set[str]]:
    """theirs -> ours, of which there may be several."""
    roles: dict[str, set[str]] = {}
    for ours, theirs in plan.source.columns:
        if theirs is not None:
            roles.setdefault(theirs, set()).add(ours)
    return roles


def _plain_type(kind: pa.DataType, roles: set[str]) -> pa.DataType:
    if "device" in roles and (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        return pa.binary(16)
    if roles & set(_WHOLE) and pa.types.is_decimal(kind) and kind.scale == 0:
        return pa.uint64()
    return kind


def _bare(line: bytes) -> bytes:
    """A file's first line without what may stand around it."""
    return line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")


def _joined(lines: pa.Array) -> bytes:
    """The lines with their line breaks."""
    if not len(lines):
        return b""
    together: Any = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    return bytes(pc.binary_join(together, b"\n")[0].as_buffer()) + b"\n"


def _count(lines: pa.Array) -> int:
    """Lines that hold anything."""
    sizes = pc.binary_length(lines).to_numpy(zero_copy_only=False)
    blank = pc.equal(lines, pa.scalar(b"\r", lines.type)).to_numpy(zero_copy_only=False)
    return int(np.count_nonzero((sizes > 0) & ~blank))


def from_ipc(data: bytes) -> Rows:
    """Columns by name, of one or more batches of an Arrow stream."""
    table = pa.ipc.open_stream(data).read_all().combine_chunks()
    return {name: concat(table.column(name).chunks, table.schema.field(name).type) for name in table.schema.names}


def to_ipc(batch: pa.RecordBatch) -> bytes:
    """One batch as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def concat(chunks: Sequence[pa.Array], kind: pa.DataType) -> pa.Array:
    """One array of several, which may be none."""
    if len(chunks) == 1:
        return chunks[0]
    return pa.concat_arrays(chunks) if chunks else pa.array([], kind)
