"""Tables and zones as bytes on disk, and back. Reading raises `ValueError` for whatever is not as it should be."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

from shoal._arrays import Int32
from shoal.zones._base import Zones

if TYPE_CHECKING:
    import geopandas as gpd
    import polars as pl

ZONE_COLUMNS = ("zone", "name", "parent", "geometry")
PLACE_COLUMNS = ("place", "name", "category", "geometry")
"""Named places are stored as zones are; their parents are their categories."""


@dataclass(frozen=True, eq=False)
class PublicZones(Zones):
    """Zones read back from a release: ids, names and shapes, but no way to locate a record."""

    def locate(self, lat: Int32, lon: Int32) -> NoReturn:
        raise NotImplementedError("the zones of a release locate no records")


def table_to_bytes(frame: "pl.DataFrame") -> bytes:
    """A table as Parquet; the same table gives the same bytes."""
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(frame.rechunk().to_arrow(), sink, compression="zstd")
    return sink.getvalue()


def read_table(file: Path) -> "pl.DataFrame":
    """A table of a release. PyArrow reads it: on malformed bytes Polars may panic, which is no ordinary exception."""
    with file.open("rb") as source:
        return _frame(source)


def read_bytes(data: bytes, columns: Sequence[str] | None = None) -> "pl.DataFrame":
    """The same of a table's bytes; only `columns`, where they are given."""
    return _frame(io.BytesIO(data), columns)


def _frame(source: BinaryIO, columns: Sequence[str] | None = None) -> "pl.DataFrame":
    import polars as pl
    import pyarrow.parquet as pq

    frame = pl.from_arrow(pq.ParquetFile(source).read(columns))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101  # from_arrow gives a Series only for an array
    return frame


def rows_and_columns(file: Path) -> tuple[int, list[str]]:
    """What a Parquet file says it holds, before anything of it is unpacked."""
    import pyarrow.parquet as pq

    with file.open("rb") as source:
        parquet = pq.ParquetFile(source)
        return int(parquet.metadata.num_rows), list(parquet.schema_arrow.names)


def zone_frame(zones: Zones, columns: Sequence[str] = ZONE_COLUMNS) -> "gpd.GeoDataFrame":
    """Zones as a GeoDataFrame: zone, name, parent, geometry; WGS 84. Of named places with `PLACE_COLUMNS`."""
    import geopandas as gpd
    import pandas as pd

    values = (zones.ids, zones.names, zones.parents)
    text: dict[str, Any] = {
        column: pd.array(list(each), dtype="string") for column, each in zip(columns, values, strict=False)
    }
    return gpd.GeoDataFrame(text, geometry=list(zones.shapes), crs="EPSG:4326")


def read_zones(file: Path | BinaryIO, columns: Sequence[str] = ZONE_COLUMNS) -> PublicZones:
    """The zones of a release, of a file or its bytes; its named places with `PLACE_COLUMNS`."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    import shapely

    with file.open("rb") if isinstance(file, Path) else file as source:
        table = pq.ParquetFile(source).read()
    if table.column_names != list(columns):
        raise ValueError(f"its columns must be {', '.join(columns)}")
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        if not (binary if name == "geometry" else text):
            raise ValueError(f"column {name} is of the wrong type, {kind}")
    table.validate(full=True)
    ids, names, parents, wkb = (table.column(name).to_pylist() for name in columns)
    if None in ids or None in wkb or any(a >= b for a, b in pairwise(ids)):
        raise ValueError(f"its {columns[0]}s must be unique and ascending, each with a geometry")
    shapes = np.array(shapely.from_wkb(wkb), dtype=object).reshape(len(ids))
    if bool(shapely.is_empty(shapes).any()) or not bool(np.isfinite(shapely.bounds(shapes)).all()):
        raise ValueError("it holds an empty geometry or a coordinate that is no number")
    return PublicZones(tuple(ids), tuple(names), tuple(parents), shapes)
