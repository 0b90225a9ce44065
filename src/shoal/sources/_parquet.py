"""Parquet: read by pyarrow, a row range at a time."""

from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shoal.errors import DataError
from shoal.sources._reader import OnBytes, Rows

_ROWS = 1 << 20


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
            leaves = [file.schema.column(i) for i in range(len(file.schema))]
            self._int96 = {leaf.path for leaf in leaves if leaf.physical_type == "INT96"}
        self.types: Mapping[str, pa.DataType] = {
            name: self._type(name, schema.field(i).type) for i, name in enumerate(schema.names)
        }
        self.twice: Set[str] = {name for name in schema.names if schema.names.count(name) > 1}

    def rows(self, columns: Sequence[str], on_bytes: OnBytes) -> Iterator[Rows]:
        size, seen, told = self._size, 0, 0
        for rows in self._pieces(columns, _ROWS):
            yield rows
            seen += len(rows[columns[0]])
            now = size * seen // max(self._rows, 1)
            on_bytes(now - told)
            told = now
        on_bytes(size - told)

    def first(self, columns: Sequence[str]) -> Rows:
        empty: Rows = {name: pa.array([], self.types[name]) for name in columns}
        return next(self._pieces(columns, 1000), empty)

    def _pieces(self, columns: Sequence[str], rows: int) -> Iterator[Rows]:
        with self._open() as file:
            pieces = file.iter_batches(rows, columns=list(columns), use_threads=False)
            while True:
                try:
                    piece = next(pieces, None)
                    if piece is not None:
                        piece.validate()
                except (pa.ArrowException, OSError):  # its text may quote the file
                    raise DataError(f"{self.path}: is damaged inside; copy or export it again") from None
                if piece is None:
                    return
                yield {name: self._plain(name, piece.column(name)) for name in columns}

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
