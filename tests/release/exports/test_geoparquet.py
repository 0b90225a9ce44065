"""GeoParquet 1.1: what the specification asks of the metadata, and that boxes lead readers to the right rows."""

import json
from pathlib import Path

import geopandas as gpd
import pyarrow.parquet as pq
import pytest
import shapely

from shoal.release.exports import export
from shoal.release.read import Release


@pytest.mark.parametrize("name", ["presence", "flows"])
def test_metadata_are_of_version_1_1(release: Release, tmp_path: Path, name: str) -> None:
    file = export(release, name, tmp_path / "t.parquet")
    schema = pq.read_schema(file)
    geo = json.loads(schema.metadata[b"geo"])
    assert geo["version"] == "1.1.0" and geo["primary_column"] == "geometry"
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB" and column["crs"]["id"] == {"authority": "EPSG", "code": 4326}
    assert column["geometry_types"] == ["LineString" if name == "flows" else "Polygon"]
    assert column["bbox"] == pytest.approx(shapely.total_bounds(release[name].to_geopandas().geometry.values).tolist())
    edges = ("xmin", "ymin", "xmax", "ymax")
    assert column["covering"] == {"bbox": {edge: ["bbox", edge] for edge in edges}}
    assert [field.name for field in schema.field("bbox").type] == list(edges)
    boxes = pq.read_table(file, columns=["bbox"])["bbox"].to_pylist()
    shapes = release[name].to_geopandas().geometry
    assert [tuple(box[edge] for edge in edges) for box in boxes] == [shape.bounds for shape in shapes]


def test_a_box_leads_to_its_rows(release: Release, tmp_path: Path) -> None:
    file = export(release, "visits", tmp_path / "t.parquet")
    found = gpd.read_parquet(file, bbox=(-103.399, 20.601, -103.391, 20.609))
    assert set(found["zone"]) == {"z00"} and len(found) == 7


def test_what_the_numbers_are_is_said(release: Release, tmp_path: Path) -> None:
    about = gpd.read_parquet(export(release, "presence", tmp_path / "t.parquet")).attrs
    assert "one device over one week" in about["privacy"] and about["unit"] == "devices"


def test_suppressed_is_null(withheld: Release, tmp_path: Path) -> None:
    back = gpd.read_parquet(export(withheld, "presence", tmp_path / "t.parquet"))
    assert back["estimate"].isna().tolist() == back["suppressed"].tolist() == (back["zone"] == "z03").tolist()
