"""GeoPackage, opened with GDAL as QGIS does."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import polars as pl
import pyogrio
import pytest

from shoal.release.exports import export
from shoal.release.read import Release


def test_a_whole_release(release: Release, tmp_path: Path) -> None:
    file = export(release, None, tmp_path / "all.gpkg")
    layers = dict(pyogrio.list_layers(file))
    assert set(layers) == {
        *("zones", "flows_pairs", "about", "presence", "visits", "flows", "residents"),
        *("presence_map", "visits_map", "flows_map", "residents_map"),
    }
    assert layers["presence_map"] == layers["zones"] == "Polygon" and layers["flows_map"] == "LineString"
    assert layers["presence"] is None and layers["about"] is None


@pytest.mark.parametrize("name", ["presence", "flows"])
def test_numbers_lie_on_the_map(release: Release, tmp_path: Path, name: str) -> None:
    back = gpd.read_file(export(release, name, tmp_path / "t.gpkg"), layer=f"{name}_map", engine="pyogrio")
    expected = release[name].to_geopandas()
    assert back.crs.to_epsg() == 4326 and len(back) == len(expected)
    assert back.geometry.geom_equals_exact(expected.geometry, 1e-9).all()
    for column in ("estimate", "stderr", "lower", "upper", "consistent"):
        assert back[column].tolist() == expected[column].tolist()


def test_hours_are_utc_beside_local_time(release: Release, tmp_path: Path) -> None:
    file = export(release, "presence", tmp_path / "t.gpkg")
    with closing(sqlite3.connect(file)) as book:
        first = book.execute("SELECT hour, hour_local FROM presence ORDER BY fid").fetchone()
    assert first[0].endswith("Z") and datetime.fromisoformat(first[0]) == datetime(2026, 3, 2, 6, tzinfo=UTC)
    assert first[1] == "2026-03-02T00:00:00-06:00"
    days = gpd.read_file(export(release, "visits", tmp_path / "d.gpkg"), layer="visits", engine="pyogrio")["day"]
    assert f"{days.iloc[1]:%Y-%m-%d}" == "2026-03-03"


def test_what_the_numbers_are_is_said(release: Release, tmp_path: Path) -> None:
    file = export(release, "presence", tmp_path / "t.gpkg")
    about = gpd.read_file(file, layer="about", engine="pyogrio").set_index("name")["text"]
    assert "one device over one week" in about["privacy"] and about["noise"].startswith("±")
    for layer in ("presence", "presence_map"):
        assert about["privacy"] in pyogrio.read_info(file, layer=layer)["layer_metadata"]["DESCRIPTION"]


@pytest.mark.parametrize("name", ["presence", "flows"])
def test_suppressed_is_null(withheld: Release, tmp_path: Path, name: str) -> None:
    back = gpd.read_file(export(withheld, name, tmp_path / "t.gpkg"), layer=f"{name}_map", engine="pyogrio")
    gone = back["suppressed"]
    assert gone.sum() == withheld[name].to_polars()["suppressed"].sum() > 0
    assert back.loc[gone, ["estimate", "consistent"]].isna().all(axis=None)
    assert back.loc[~gone, ["estimate", "consistent"]].notna().all(axis=None)


def test_homes_classes_and_ends(more: Release, tmp_path: Path) -> None:
    file = export(more, None, tmp_path / "all.gpkg")
    for name in more.statistics:
        back = gpd.read_file(file, layer=f"{name}_map", engine="pyogrio")
        keys = [key for key in more[name].keys if key != "day"]
        assert pl.from_pandas(back[keys]).equals(more[name].to_polars().select(keys))
