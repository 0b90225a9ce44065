"""Parquet: read by pyarrow, some row groups at a time."""

from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shoal.errors import DataError
from shoal.sources._reader import OnBytes, Piece, Rows

_ROWS = 1 << 20
_STRETCH = 1 << 18


class ParquetReader:
    """See `Reader`. Timestamps stored as INT96 are instants (UTC), as Spark and Hive write them."""

    headless = False

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as file:
            self._size = path.stat().st_size
            schema = file.schema_arrow
            self.empty = file.metadata.num_rows == 0
            self._rows = file.metadata.num_rows
            self._groups = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
            leaves = [file.schema.column(i) for i in range(len(file.schema))]
            self._int96 = {leaf.path for leaf in leaves if leaf.physical_type == "INT96"}
        self.types: Mapping[str, pa.DataType] = {
            name: self._type(name, schema.field(i).type) for i, name in enumerate(schema.names)
        }
        self.twice: Set[str] = {name for name in schema.names if schema.names.count(name) > 1}

    def pieces(self, columns: Sequence[str], on_bytes: OnBytes) -> Iterator[Piece]:
        rest = self._size
        for groups, rows in self._stretches():
            size = self._size * rows // max(self._rows, 1)
            rest -= size
            yield partial(self._read, groups, rows, columns, size, on_bytes)
        on_bytes(rest)

    def first(self, columns: Sequence[str]) -> Rows:
        with self._open() as file:
            for piece in self._guarded(file.iter_batches(1000, columns=list(columns), use_threads=False)):
                return self._plain_all(piece, columns)
        return {name: pa.nulls(0, self.types[name]) for name in columns}

    def _stretches(self) -> Iterator[tuple[list[int], int]]:
        """Row groups that are read together: neighbours up to about a million rows; and how many rows they are."""
        groups: list[int] = []
        rows = 0
        for group, size in enumerate(self._groups):
            if groups and rows + size > _ROWS:
                yield groups, rows
                groups, rows = [], 0
            groups.append(group)
            rows += size
        if groups:
            yield groups, rows

    def _read(
        self, groups: list[int], rows: int, columns: Sequence[str], size: int, on_bytes: OnBytes
    ) -> Iterator[Rows]:
        """The rows of some row groups; `size` is what they stand for in the file."""
        with self._open() as file:
            if rows > _ROWS:  # one large group: a stretch at a time, slower, in bounded memory
                pieces = file.iter_batches(_STRETCH, groups, list(columns), use_threads=False)
            else:
                try:
                    table = file.read_row_groups(groups, columns=list(columns), use_threads=False)
                except (pa.ArrowException, OSError):
                    raise self._damaged() from None
                pieces = iter(table.to_batches())
            done = 0
            for piece in self._guarded(pieces):
                before, done = done, done + piece.num_rows
                on_bytes(size * done // rows - size * before // rows)
                yield self._plain_all(piece, columns)

    def _guarded(self, pieces: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The pieces, checked; a broken file is told without the text of Arrow, which may quote it."""
        while True:
            try:
                piece = next(pieces, None)
                if piece is not None:
                    piece.validate()
            except (pa.ArrowException, OSError):
                raise self._damaged() from None
            if piece is None:
                return
            yield piece

    def _damaged(self) -> DataError:
        return DataError(f"{self.path}: is damaged inside; copy or export it again")

    def _plain_all(self, piece: pa.RecordBatch, columns: Sequence[str]) -> Rows:
        return {name: self._plain(name, piece.column(name)) for name in columns}

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path, coerce_int96_timestamp_unit="us")
        except (pa.ArrowException, OSError):
            raise DataError(
                f"{self.path}: is not a Parquet file, or was cut off; copy or export it again, or mend its ending"
            ) from None

    def _type(self, name: str, kind: pa.DataType) -> pa.DataType:
        if name in self._int96:
            return pa.timestamp("us", "UTC")
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        return kind.value_type if pa.types.is_dictionary(kind) else kind

    def _plain(self, name: str, array: pa.Array) -> pa.Array:
        """The array as `types` says: no dictionaries, no extensions such as arrow.uuid."""
        if name in self._int96:
            return array.view(self.types[name])
        if isinstance(array.type, pa.BaseExtensionType):
            array = array.storage
        return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
