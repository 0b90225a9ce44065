"""CSV, plain or gzipped: every column that matters is read as text, so that no guess of a type can surprise."""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from shoal.errors import DataError
from shoal.plan import Plan
from shoal.sources import _text
from shoal.sources._reader import OnBytes, Piece, Rows, looks_like_a_value

_PEEK = 1 << 18


class CsvReader:
    """See `Reader`. The first row names the columns; every row must have as many values as it."""

    def __init__(self, path: Path, plan: Plan) -> None:
        self.path = path
        self._encoding, self._separator = _dialect(plan)
        start = next(self._blocks(_PEEK), None)
        if start is None:
            raise DataError(f"{path}: holds no text; copy or export it again, or leave it out of [source] files")
        names, body = self._split(start.data)
        self._names = names
        self.types: Mapping[str, pa.DataType] = dict.fromkeys(names, pa.large_string())
        self.headless = any(looks_like_a_value(name) for name in names)
        self.twice: Set[str] = {name for name in names if names.count(name) > 1}
        self.empty = not body.strip()

    def pieces(self, columns: Sequence[str], on_bytes: OnBytes) -> Iterator[Piece]:
        for block in self._blocks(_text.BLOCK, on_bytes):
            data, line = block.data, block.line
            if line == 1:
                _, data = self._split(data)
                line += block.data.count(b"\n", 0, len(block.data) - len(data))
            yield partial(self._read, data, line, columns)

    def _read(self, data: bytes, line: int, columns: Sequence[str]) -> Iterator[Rows]:
        yield self._parse(data, line, columns)

    def first(self, columns: Sequence[str]) -> Rows:
        start = next(self._blocks(_PEEK))
        return self._parse(self._split(start.data)[1], 2, columns)

    def _blocks(self, size: int, on_bytes: OnBytes = lambda _: None) -> Iterator[_text.Block]:
        return _text.blocks(self.path, on_bytes, encoding=self._encoding, separator=self._separator, size=size)

    def _split(self, data: bytes) -> tuple[list[str], bytes]:
        """Column names, and what follows their row."""
        lines = io.StringIO(data[:_PEEK].decode(errors="surrogateescape"), newline="")
        try:
            names = next(csv.reader(lines, delimiter=self._separator), [])
        except csv.Error:
            raise DataError(f"{self.path}, line 1: can't be read as names of columns; export the file again") from None
        if any("\udc80" <= c <= "\udcff" for name in names for c in name):
            raise self._not_text()
        return names, data[len(lines.getvalue()[: lines.tell()].encode(errors="surrogateescape")) :]

    def _parse(self, data: bytes, line: int, columns: Sequence[str]) -> Rows:
        # Columns are told apart by their place: names of columns that nobody asked for may be missing or double.
        if not data.strip(b"\r\n"):
            return {name: pa.array([], pa.large_string()) for name in columns}
        places = [str(self._names.index(name)) for name in columns]
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(data),
                pa.csv.ReadOptions(column_names=[str(i) for i in range(len(self._names))], block_size=4 << 20),
                pa.csv.ParseOptions(delimiter=self._separator, newlines_in_values=b'"' in data),
                pa.csv.ConvertOptions(
                    include_columns=places,
                    column_types=dict.fromkeys(places, pa.large_string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowException as error:  # its text quotes the row
            if "UTF8" in str(error):
                raise self._not_text() from None
            raise DataError(f"{self.path}{self._where(data, line)}; mend or remove that row") from None
        return {name: table.column(place).combine_chunks() for name, place in zip(columns, places, strict=True)}

    def _where(self, data: bytes, line: int) -> str:
        """Line and fault of the first row that has not as many values as there are columns."""
        before, width = 0, len(self._names)
        rows = csv.reader(io.StringIO(data.decode(errors="replace"), newline=""), delimiter=self._separator)
        try:
            for row in rows:
                if row and len(row) != width:
                    return f", line {line + before}: has {len(row)} values where the first row names {width} columns"
                before = rows.line_num
        except csv.Error:
            pass
        return f", near line {line + before}: can't be read as CSV"

    def _not_text(self) -> DataError:
        return DataError(f"{self.path}: is not {self._encoding} text; set [source] encoding to what it is")


def _dialect(plan: Plan) -> tuple[str, str]:
    encoding, separator = plan.source.encoding, plan.source.separator
    try:
        codecs.lookup(encoding)
        "".encode(encoding)
    except (LookupError, ValueError):
        raise plan.error("source.encoding", f"{encoding!r} is no encoding of text such as 'latin-1'") from None
    if not separator.isascii() or separator.isalnum() or separator in '"\r\n\0.:+-':
        raise plan.error("source.separator", "must be one ASCII character such as ',', ';' or '\\t'")
    return encoding, separator
