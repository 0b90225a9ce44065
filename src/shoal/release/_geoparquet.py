"""Zones as GeoParquet, written with PyArrow alone: GeoPandas takes a third of a second to load."""

import io
import json
from collections.abc import Sequence
from typing import Any, Final

from shoal.zones._base import Zones

VERSION: Final = "1.1.0"
_MEMBERS: Final = {
    "Transit": 1166, "G730": 1152, "G873": 1153, "G1150": 1154,
    "G1674": 1155, "G1762": 1156, "G2139": 1309, "G2296": 1383,
}  # fmt: skip
WGS84: Final[dict[str, Any]] = {
    "$schema": "https://proj.org/schemas/v0.7/projjson.schema.json",
    "type": "GeographicCRS",
    "name": "WGS 84",
    "datum_ensemble": {
        "name": "World Geodetic System 1984 ensemble",
        "members": [
            {"name": f"World Geodetic System 1984 ({name})", "id": {"authority": "EPSG", "code": code}}
            for name, code in _MEMBERS.items()
        ],
        "ellipsoid": {"name": "WGS 84", "semi_major_axis": 6378137, "inverse_flattening": 298.257223563},
        "accuracy": "2.0",
        "id": {"authority": "EPSG", "code": 6326},
    },
    "coordinate_system": {
        "subtype": "ellipsoidal",
        "axis": [
            {"name": "Geodetic latitude", "abbreviation": "Lat", "direction": "north", "unit": "degree"},
            {"name": "Geodetic longitude", "abbreviation": "Lon", "direction": "east", "unit": "degree"},
        ],
    },
    "scope": "Horizontal component of 3D system.",
    "area": "World.",
    "bbox": {"south_latitude": -90, "west_longitude": -180, "north_latitude": 90, "east_longitude": 180},
    "id": {"authority": "EPSG", "code": 4326},
}
"""EPSG:4326 as PROJJSON. GeoParquet writes longitude first whatever the axes of the system say."""


def to_bytes(zones: Zones, columns: Sequence[str] = ("zone", "name", "parent", "geometry")) -> bytes:
    """Zones in their order: text zone, name, parent; geometry as WKB. The same zones give the same bytes.

    columns  what the four are called

    Source  GeoParquet 1.1.0, geoparquet.org/releases/v1.1.0
    """
    import polars as pl
    import pyarrow.parquet as pq
    import shapely

    text = [pl.Series(values, dtype=pl.String) for values in (zones.ids, zones.names, zones.parents)]
    shapes = pl.Series(shapely.to_wkb(zones.shapes, byte_order=1).tolist(), dtype=pl.Binary)
    geometry = {
        "encoding": "WKB",
        "geometry_types": sorted({shape.geom_type for shape in zones.shapes}),
        "crs": WGS84,
        "bbox": [float(edge) for edge in shapely.total_bounds(zones.shapes)],
    }
    geo = {"version": VERSION, "primary_column": columns[-1], "columns": {columns[-1]: geometry}}
    # by way of Polars: `pyarrow.array` loads pandas to ask whether a list is one of its own
    table = (
        pl.DataFrame(dict(zip(columns, [*text, shapes], strict=True)))
        .to_arrow()
        .replace_schema_metadata({"geo": json.dumps(geo)})
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
