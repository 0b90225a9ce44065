"""NDJSON: one JSON object a line; numbers and text both arrive as text."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa

from shoal.errors import DataError
from shoal.sources import _text
from shoal.sources._reader import OnBytes, Piece, Rows

_PEEK = 1 << 16


class NdjsonReader:
    """See `Reader`. The columns are the keys that occur in the file's first lines; a key missing later is null."""

    headless = False
    twice: Set[str] = frozenset()

    def __init__(self, path: Path) -> None:
        self.path = path
        start = next(_text.blocks(path, lambda _: None, size=_PEEK), _text.Block(b"", 1))
        self._start = start.data
        first = self._objects(start)
        if not first:
            raise DataError(f"{path}: holds no rows; copy or export it again, or leave it out of [source] files")
        self.empty = False
        names = dict.fromkeys(key for row in first for key in row)
        self.types: Mapping[str, pa.DataType] = {name: _type([row.get(name) for row in first]) for name in names}

    def pieces(self, columns: Sequence[str], on_bytes: OnBytes) -> Iterator[Piece]:
        for block in _text.blocks(self.path, on_bytes):
            if block.data.strip():
                yield partial(self._read, block, columns)

    def _read(self, block: _text.Block, columns: Sequence[str]) -> Iterator[Rows]:
        yield self._parse(block, columns)

    def first(self, columns: Sequence[str]) -> Rows:
        return self._parse(_text.Block(self._start, 1), columns)

    def _parse(self, block: _text.Block, columns: Sequence[str]) -> Rows:
        try:
            table = pl.read_ndjson(io.BytesIO(block.data), schema=dict.fromkeys(columns, pl.String))
        except pl.exceptions.PolarsError:  # its text quotes the line
            self._objects(block)
            raise DataError(f"{self.path}: is not NDJSON after line {block.line}; export it again") from None
        return {name: table[name].to_arrow().cast(pa.large_string()) for name in columns}

    def _objects(self, block: _text.Block) -> list[dict[str, object]]:
        """Slow and strict: the objects of a block. Raises `DataError` with the line that is none."""
        found = []
        for number, line in enumerate(block.data.split(b"\n"), start=block.line):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise DataError(
                    f"{self.path}, line {number}: is not one JSON object, or was cut off; mend that line or export the "
                    "file again"
                )
            found.append(row)
        return found


def _type(values: list[object]) -> pa.DataType:
    """What the values are; they all arrive as text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds & {bool, list, dict}:
        return pa.bool_() if bool in kinds else pa.struct([])
    if str in kinds or not kinds:
        return pa.large_string()
    return pa.float64() if float in kinds else pa.int64()
