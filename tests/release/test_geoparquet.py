"""Zones as GeoParquet: what the specification asks for, and what other tools read."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import pyproj
import shapely

from shoal.release import _geoparquet, _store
from shoal.release.read import Release
from tests.release.make import squares


def geo(data: bytes) -> dict[str, object]:
    metadata = pq.ParquetFile(io.BytesIO(data)).schema_arrow.metadata
    assert set(metadata) == {b"geo"}  # nothing of who wrote it
    found = json.loads(metadata[b"geo"])
    assert isinstance(found, dict)
    return found


def test_what_stands_beside_the_columns() -> None:
    """Every key that version 1.1.0 requires, of the types that it requires; nothing that it does not know."""
    said = geo(_geoparquet.to_bytes(squares()))
    assert said == {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": ["Polygon"],
                "crs": _geoparquet.WGS84,
                "bbox": [-103.4, 20.6, -103.4 + 0.01 * 3 + 0.01, 20.6 + 0.01 + 0.01],
            }
        },
    }


def test_geopandas_reads_it(tmp_path: Path) -> None:
    zones = squares()
    (tmp_path / "z.parquet").write_bytes(_geoparquet.to_bytes(zones))
    found = gpd.read_parquet(tmp_path / "z.parquet")
    assert list(found.columns) == ["zone", "name", "parent", "geometry"]
    assert found.crs == "EPSG:4326"
    assert found.geometry.name == "geometry" and found.geometry.geom_equals(gpd.GeoSeries(zones.shapes, crs=4326)).all()
    assert tuple(found["zone"]) == zones.ids
    assert tuple(None if name != name else name for name in found["name"]) == zones.names
    assert tuple(found["parent"]) == zones.parents


def test_shoal_reads_it(tmp_path: Path) -> None:
    zones = squares()
    (tmp_path / "z.parquet").write_bytes(_geoparquet.to_bytes(zones))
    found = _store.read_zones(tmp_path / "z.parquet")
    assert (found.ids, found.names, found.parents) == (zones.ids, zones.names, zones.parents)
    assert found.digest == zones.digest


def test_the_system_is_what_proj_calls_epsg_4326() -> None:
    """All that says where a place is; PROJ's database adds members of the ensemble and words as years go by."""
    mine, proj = pyproj.CRS.from_json_dict(_geoparquet.WGS84), pyproj.CRS("EPSG:4326")
    assert mine.equals(proj) and mine.to_epsg() == 4326
    assert not pyproj.CRS("EPSG:4258").equals(proj)
    ellipsoid = _geoparquet.WGS84["datum_ensemble"]["ellipsoid"]
    assert proj.ellipsoid is not None
    assert ellipsoid["semi_major_axis"] == proj.ellipsoid.semi_major_metre
    assert ellipsoid["inverse_flattening"] == proj.ellipsoid.inverse_flattening


def test_mixed_shapes_and_zones_without_names() -> None:
    zones = squares(2)
    parts = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
    mixed = replace(zones, names=(None, None), parents=(None, None), shapes=np.array([zones.shapes[0], parts]))
    data = _geoparquet.to_bytes(mixed)
    columns = geo(data)["columns"]
    assert isinstance(columns, dict) and columns["geometry"]["geometry_types"] == ["MultiPolygon", "Polygon"]
    table = pq.read_table(io.BytesIO(data))
    assert table["name"].to_pylist() == [None, None] and str(table.schema.field("name").type) == "large_string"


def test_the_same_zones_give_the_same_bytes() -> None:
    assert _geoparquet.to_bytes(squares()) == _geoparquet.to_bytes(squares())
    assert _geoparquet.to_bytes(squares()) != _geoparquet.to_bytes(squares(6))


def test_a_release_is_written_and_read_without_geopandas(release: Release) -> None:
    script = f"""
import sys
import shoal
from shoal.release import _geoparquet
found = shoal.open({str(release.folder)!r})
found["presence"].to_polars()
assert _geoparquet.to_bytes(found.places)
assert not {{"pandas", "geopandas", "pyogrio", "pyproj"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
