"""Reading a release back, as every kind of table, and what it says of itself."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely

from shoal.errors import UsageError, VerificationError
from shoal.release.read import Release, open_release
from tests.release import make


def test_opening_verifies_first(spoilt: Path) -> None:
    with (spoilt / "README.md").open("a") as file:
        file.write("trust me")
    with pytest.raises(VerificationError, match=r"README\.md was changed"):
        open_release(spoilt)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    zones = make.squares()
    manifest, tables = make.parts(make.plan_in(tmp_path), zones, tmp_path)
    folder = make.written(tmp_path / "r", manifest=manifest, tables=tables, zones=zones)
    release = open_release(folder)
    assert release.id == manifest.id and release.folder == folder and list(release) == list(tables)
    for name, table in tables.items():
        assert release[name].to_polars().equals(table)
        assert len(release[name]) == table.height
    assert release.places.digest == zones.digest


def test_tables_of_every_kind(release: Release) -> None:
    presence = release["presence"]
    assert presence.to_arrow().num_rows == 7 * 168
    assert str(presence.to_polars().schema["hour"]) == "Datetime(time_unit='us', time_zone='America/Mexico_City')"
    frame = presence.to_pandas()
    assert frame["hour"].iloc[0].isoformat() == "2026-03-02T00:00:00-06:00"
    assert frame["suppressed"].dtype == bool


def test_geometry_follows_the_zone(release: Release) -> None:
    zones = make.squares()
    frame = release["visits"].to_geopandas()
    assert frame.crs.to_epsg() == 4326
    expected = zones.shapes[zones.index_of(list(frame["zone"]))]
    assert bool(np.all(shapely.equals(frame.geometry.to_numpy(), expected)))


def test_flows_are_lines_from_origin_to_destination(release: Release) -> None:
    frame = release["flows"].to_geopandas().set_index(["origin", "destination", "daypart"])
    line = frame.loc[("z00", "z05", "night"), "geometry"]
    assert np.array(line.coords) == pytest.approx(np.array([(-103.395, 20.605), (-103.385, 20.615)]))


def test_keys_of_homes_and_classes(more: Release) -> None:
    assert more["dwell"].places == ("zone",) and more["distance"].places == ("home",)
    assert more["catchment"].places == ("home", "zone")
    classes = more["distance"].to_polars()["class"].to_list()
    assert tuple(classes[:7]) == tuple(c.label for c in more["distance"].facts.classes) and classes[7] == "0-1 km"


def test_zones_as_geopandas(release: Release) -> None:
    zones = release.zones
    assert list(zones.columns) == ["zone", "name", "parent", "geometry"] and len(zones) == 7
    assert zones["name"].isna().tolist() == [False, False, True, False, False, False, False]


def test_an_unknown_statistic_names_the_nearest(release: Release) -> None:
    with pytest.raises(
        UsageError, match=r"^2026-03-02-ride-app has no statistic 'presense'; the nearest is 'presence'"
    ):
        release["presense"]
    with pytest.raises(KeyError):
        release["zzz"]
    assert "presence" in release and "presense" not in release


def test_what_it_says_of_itself(release: Release) -> None:
    assert repr(release) == (
        "<Release 2026-03-02-ride-app: presence, visits, flows, residents; epsilon 1 for one device over one week>"
    )
    assert repr(release["presence"]).startswith("<Table presence: zone × hour, 1,176 rows, noise ±")
    assert "<td><code>flows</code></td>" in release._repr_html_()
    assert release["visits"]._repr_html_().count("<tr>") == 6


def test_names_are_not_markup(tmp_path: Path) -> None:
    zones = make.squares(2)
    bad = make.Squares(("<b>0", "<b>1"), zones.names, zones.parents, zones.shapes)
    folder = make.release_in(tmp_path / "r", make.plan_in(tmp_path, statistics={"visits": ("zone",)}), bad)
    assert "<b>0" not in open_release(folder)["visits"]._repr_html_()


def test_a_synthetic_release_says_so(tmp_path: Path) -> None:
    folder = make.release_in(tmp_path / "r", make.plan_in(tmp_path, synthetic=True, statistics={"visits": ("zone",)}))
    release = open_release(folder)
    assert "SYNTHETIC" in repr(release) and "SYNTHETIC" in release._repr_html_()


def test_plain_polars_reads_the_files(made: Path) -> None:
    assert pl.read_parquet(made / "tables" / "presence.parquet").equals(open_release(made)["presence"].to_polars())
