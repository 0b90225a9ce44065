import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import h3
import numpy as np
import pytest
import shapely

from shoal._arrays import Int32
from shoal.errors import DataError, PlanError
from shoal.zones import load_zones
from shoal.zones._cells import cell_borders
from shoal.zones.h3 import H3Zones
from tests.zones import naive
from tests.zones.plans import hug, plan, scatter

Box = tuple[float, float, float, float]
CITY = (16.25, 48.11, 16.52, 48.29)


def cells(folder: Path, resolution: int, box: Box) -> H3Zones:
    zones = load_zones(plan(folder, f'kind = "h3"\nresolution = {resolution}\nbbox = {list(box)}\n'))
    assert isinstance(zones, H3Zones)
    return zones


def wrong(zones: H3Zones, lat: Int32, lon: Int32) -> int:
    plain = naive.locate_cells(zones.ids, zones.resolution, lat, lon)
    return int((zones.locate(lat, lon) != plain).sum())


def test_what_a_city_is_made_of(tmp_path: Path) -> None:
    zones = cells(tmp_path, 8, CITY)
    assert len(zones) == len(zones.shapes) == len(zones.names) == len(zones.parents) > 400
    assert list(zones.ids) == sorted(set(zones.ids))
    assert set(zones.names) == {None}
    assert zones.parents == tuple(h3.cell_to_parent(zone, 7) for zone in zones.ids)
    for zone, shape in list(zip(zones.ids, zones.shapes, strict=True))[::50]:
        lat, lon = h3.cell_to_latlng(zone)
        assert shape.contains(shapely.Point(lon, lat)) and shapely.box(*CITY).contains(shapely.Point(lon, lat))
    centres = np.array([h3.cell_to_latlng(zone) for zone in zones.ids])
    assert np.abs(zones.centres - centres).max() < 1e-5


def test_resolution_zero_has_no_parents(tmp_path: Path) -> None:
    zones = cells(tmp_path, 0, (-180, -90, 180, 90))
    assert len(zones) == 122 and set(zones.parents) == {None}


def test_random_points(tmp_path: Path) -> None:
    zones = cells(tmp_path, 8, CITY)
    west, south, east, north = CITY
    around = (west - 0.05, south - 0.05, east + 0.05, north + 0.05)
    assert wrong(zones, *scatter(np.random.default_rng(1), around, 300_000)) == 0
    assert 0.7 < zones._raster.sure < 1 and zones._raster.bytes < 2_000_000


@pytest.mark.parametrize(
    ("resolution", "box"),
    [
        (8, CITY),
        (7, (178.5, -18.5, 180.0, -16.5)),
        (6, (-180.0, 60.0, -177.0, 63.0)),
        (5, (-30.0, 83.0, 20.0, 86.5)),
        (3, (-180.0, 80.0, 180.0, 90.0)),
        (4, (-180.0, -90.0, 180.0, -80.0)),
        (2, (-180.0, -90.0, 180.0, 90.0)),
        (0, (-180.0, -90.0, 180.0, 90.0)),
        (1, (-60.0, -90.0, 100.0, 45.0)),
        (15, (16.37, 48.2, 16.3702, 48.2002)),
        (11, (-100.01, 20.6, -100.0, 20.61)),
    ],
)
def test_points_that_hug_borders_and_points_far_away(tmp_path: Path, resolution: int, box: Box) -> None:
    zones = cells(tmp_path, resolution, box)
    rng = np.random.default_rng(resolution)
    lines, _ = cell_borders(zones.cells)
    assert wrong(zones, *hug(rng, lines, 100_000)) == 0
    west, south, east, north = box
    assert wrong(zones, *scatter(rng, box, 100_000)) == 0
    around = (max(-180, west - 1), max(-90, south - 1), min(180, east + 1), min(90, north + 1))
    assert wrong(zones, *scatter(rng, around, 20_000)) == 0
    assert wrong(zones, *scatter(rng, (-180, -90, 180, 90), 50_000)) == 0


def test_too_many_cells_for_a_raster_are_asked_for_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shoal.zones import h3 as module

    monkeypatch.setattr(module, "_MOST_CELLS_IN_RASTER", 10)
    zones = cells(tmp_path, 8, CITY)
    assert wrong(zones, *scatter(np.random.default_rng(2), CITY, 50_000)) == 0
    assert zones._raster.tiles.size == 1


def test_poles_date_line_and_null_island(tmp_path: Path) -> None:
    zones = cells(tmp_path, 2, (-180, -90, 180, 90))
    lat = np.array([90, 90, -90, -90, 0, 0, 0, 65, 65, 89.9999999, -89.9999999]) * 10**7
    lon = np.array([0, 180, 0, -180, 180, -180, 0, 180, -180, 179.9999999, -179.9999999]) * 10**7
    found = zones.locate(lat.astype(np.int32), lon.astype(np.int32))
    assert wrong(zones, lat.astype(np.int32), lon.astype(np.int32)) == 0
    assert found[4] == found[5] and found[0] == found[1] and found[2] == found[3] and (found >= 0).all()


def test_a_raster_that_ignores_cells_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shoal.zones import h3 as module

    zones = cells(tmp_path, 8, CITY)
    honest = cell_borders(zones.cells)
    monkeypatch.setattr(module, "cell_borders", lambda _: (honest[0] + 0.0002, honest[1]))  # 20 metres aside
    assert wrong(zones, *scatter(np.random.default_rng(1), CITY, 200_000)) > 100


def test_an_area_from_a_file(tmp_path: Path) -> None:
    area = shapely.Polygon([(16.25, 48.1), (16.5, 48.1), (16.3, 48.3)])
    (tmp_path / "area.geojson").write_text(shapely.to_geojson(area))
    zones = load_zones(plan(tmp_path, 'kind = "h3"\nresolution = 8\narea = "area.geojson"\n'))
    boxed = cells(tmp_path, 8, (16.25, 48.1, 16.5, 48.3))
    inside = [area.contains(shapely.Point(h3.cell_to_latlng(zone)[::-1])) for zone in boxed.ids]
    assert zones.ids == tuple(zone for zone, kept in zip(boxed.ids, inside, strict=True) if kept)


def test_the_digest_does_not_depend_on_the_processor(tmp_path: Path) -> None:
    zones = cells(tmp_path, 5, CITY)
    assert zones.digest == "6a872db5c999143f4aee36612db0baa93da876e1e6150f204cf6b1488b72cd5a"
    other_processor = replace(zones, shapes=shapely.transform(zones.shapes, lambda xy: xy * (1 + 1e-15)))
    assert other_processor.digest == zones.digest
    assert cells(tmp_path, 6, CITY).digest != zones.digest


def test_zones_travel_and_serve_many_threads(tmp_path: Path) -> None:
    zones = cells(tmp_path, 7, CITY)
    copy = pickle.loads(pickle.dumps(zones))
    points = [scatter(np.random.default_rng(seed), CITY, 20_000) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda p: copy.locate(*p), points))
    assert all(np.array_equal(f, zones.exact(*p)) for f, p in zip(found, points, strict=True))
    assert copy.digest == zones.digest and len(pickle.dumps(copy)) < 200_000


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("resolution = 3\nbbox = [16.2, 48.1, 16.3, 48.2]", "holds no zone: no cell of resolution 3"),
        ("resolution = 12\nbbox = [9, 46, 17, 49]", "zones of resolution 12, and at most 2,000,000 are possible"),
        ('resolution = 3\narea = "none.geojson"', "there is no file"),
        ('resolution = 3\narea = "area.shp"', "must be a file that ends in .geojson"),
    ],
)
def test_a_plan_that_can_not_be_meant(tmp_path: Path, lines: str, says: str) -> None:
    with pytest.raises(PlanError, match=says) as error:
        load_zones(plan(tmp_path, f'kind = "h3"\n{lines}\n'))
    assert "line 1" in str(error.value) or "line 2" in str(error.value)


def test_an_area_of_lines_is_no_area(tmp_path: Path) -> None:
    (tmp_path / "area.geojson").write_text(shapely.to_geojson(shapely.LineString([(0, 0), (1, 1)])))
    with pytest.raises(DataError, match=r"area\.geojson: feature 1 is a LineString"):
        load_zones(plan(tmp_path, 'kind = "h3"\nresolution = 8\narea = "area.geojson"\n'))
