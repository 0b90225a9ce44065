import pickle
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from shoal._arrays import Float64, Int32
from shoal.errors import DataError, PlanError
from shoal.zones import load_zones, points
from shoal.zones.points import EARTH_RADIUS, TIE, PointZones
from tests.zones import naive
from tests.zones.plans import plan, scatter, units

STATIONS = 'id = "id"\nname = "name"\nlat = "latitude"\nlon = "longitude"\nencoding = "latin-1"'


def load(folder: Path, text: str | bytes, more: str = "") -> PointZones:
    (folder / "s.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    zones = load_zones(plan(folder, f'kind = "points"\nfile = "s.csv"\n{more}\n'))
    assert isinstance(zones, PointZones)
    return zones


@pytest.fixture(autouse=True)
def _small_raster(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Few tiles: quick to build, and many of them unsure."""
    if request.node.get_closest_marker("real_data") is None:
        monkeypatch.setattr(points, "_TILES", 1 << 14)


def stations(places: Float64, within: float | None = None) -> PointZones:
    """Stations at (lat, lon)."""
    none = (None,) * len(places)
    ids = tuple(f"{n:04}" for n in range(len(places)))
    return PointZones(ids, none, none, np.asarray(shapely.points(places[:, 1], places[:, 0])), within)


def plain(zones: PointZones, lat: Int32, lon: Int32) -> Int32:
    places = [(point.y, point.x) for point in zones.shapes]
    return naive.locate_points(places, zones.within, lat, lon, EARTH_RADIUS, TIE)


def test_what_is_read(tmp_path: Path) -> None:
    zones = load(tmp_path, "id,lat,lon,label\n9,48.2,16.3,Nine\n10,48.1,16.4,\n\n", 'name = "label"')
    assert zones.ids == ("10", "9") and zones.names == (None, "Nine") and zones.parents == (None, None)
    assert [(p.y, p.x) for p in zones.shapes] == [(48.1, 16.4), (48.2, 16.3)]
    assert zones.locate(*(units(np.array([v])) for v in (48.19, 16.31))).tolist() == [1]


def test_a_byte_order_mark_and_quotes_are_read(tmp_path: Path) -> None:
    zones = load(tmp_path, b'\xef\xbb\xbfid,lat,lon\r\n"a,b",1,2\r\n')
    assert zones.ids == ("a,b",)


def test_a_vector_file_of_points_says_the_same(tmp_path: Path) -> None:
    csv = load(tmp_path, "id,lat,lon\n9,48.2,16.3\n10,48.1,16.4\n")
    frame = geopandas.GeoDataFrame({"id": [9, 10]}, geometry=shapely.points([16.3, 16.4], [48.2, 48.1]), crs=4326)
    for name in ("s.geojson", "s.gpkg", "s.parquet"):
        frame.to_parquet(tmp_path / name) if name.endswith("t") else frame.to_file(tmp_path / name)
        zones = load_zones(plan(tmp_path, f'kind = "points"\nfile = "{name}"\n'))
        assert zones.ids == csv.ids and zones.digest == csv.digest


@pytest.mark.parametrize("within", [None, 50.0, 2_000.0, 300_000.0])
@pytest.mark.parametrize("spread", [0.05, 5.0, 60.0])
def test_the_nearest_by_haversine(within: float | None, spread: float) -> None:
    rng = np.random.default_rng(7)
    zones = stations(rng.uniform(-spread, spread, (40, 2)), within)
    box = (-2 * spread, -1.4 * spread, 2 * spread, 1.4 * spread)
    lat, lon = scatter(rng, box, 800)
    assert np.array_equal(zones.locate(lat, lon), plain(zones, lat, lon))
    lat, lon = scatter(rng, box, 200_000)
    assert np.array_equal(zones.locate(lat, lon), zones.exact(lat, lon))


@pytest.mark.parametrize("within", [None, 800_000.0])
@pytest.mark.parametrize(
    "places",
    [
        np.array([[89.0, 0.0], [88.0, 180.0], [87.0, -90.0], [90.0, 0.0]]),
        np.array([[-89.9, 10.0], [-60.0, -179.9], [-61.0, 179.9]]),
        np.array([[10.0, 179.5], [11.0, -179.5], [10.5, 180.0]]),
        np.array([[0.0, 0.0]]),
        np.array([[0.0, 0.0], [0.0, 180.0]]),
    ],
)
def test_poles_and_the_date_line(places: Float64, within: float | None) -> None:
    zones = stations(places, within)
    rng = np.random.default_rng(8)
    for box in ((-180, -90, 180, 90), (-180, 85, 180, 90), (-180, -90, 180, -85), (178, 5, 180, 15)):
        lat, lon = scatter(rng, box, 1000)
        assert np.array_equal(zones.locate(lat, lon), plain(zones, lat, lon))
        lat, lon = scatter(rng, box, 50_000)
        assert np.array_equal(zones.locate(lat, lon), zones.exact(lat, lon))


def test_ties_go_to_the_smaller_id() -> None:
    zones = stations(np.array([[0.0, 1.0], [0.0, -1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]]))
    lat, lon = units(np.array([0.0, 0.0, 0.5, -0.3, 0.7])), units(np.array([0.0, 1.0, 0.5, -0.3, 0.7]))
    assert zones.locate(lat, lon).tolist() == [0, 0, 3, 4, 3]
    assert np.array_equal(zones.locate(lat, lon), plain(zones, lat, lon))
    backwards = stations(np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]]))
    assert backwards.locate(lat, lon).tolist() == [0, 3, 1, 0, 1]


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=12))
def test_ties_on_a_lattice(places: list[tuple[int, int]]) -> None:
    zones = stations(np.array(places, dtype=float))
    row, column = np.mgrid[-4:5, -4:5]
    lat, lon = units(row.ravel() / 2.0), units(column.ravel() / 2.0)
    assert np.array_equal(zones.exact(lat, lon), plain(zones, lat, lon))


def test_within_is_in_metres() -> None:
    zones = stations(np.array([[0.0, 0.0]]), 1000.0)
    metre = np.degrees(1 / EARTH_RADIUS)
    lat, lon = units(np.array([999.0, 1001.0, 0.0, 0.0]) * metre), units(np.array([0.0, 0.0, 999.9, 1000.1]) * metre)
    assert zones.locate(lat, lon).tolist() == [0, -1, 0, -1]


def test_a_raster_without_its_margin_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    zones = stations(np.random.default_rng(9).uniform(0, 1, (40, 2)))
    monkeypatch.setattr(points, "_of_corners", lambda _, lattice: lattice[:-1, :-1])  # one corner for four
    lat, lon = scatter(np.random.default_rng(9), (0, 0, 1, 1), 200_000)
    assert not np.array_equal(zones.locate(lat, lon), zones.exact(lat, lon))


@pytest.mark.real_data
def test_the_stations_of_guadalajara(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "mibici" / "stations.csv"
    zones = load_zones(plan(tmp_path, f'kind = "points"\nfile = "{file}"\n{STATIONS}\n'))
    assert isinstance(zones, PointZones)
    assert len(zones) == 312 and zones.ids[0] == "10" and "124" not in zones.ids
    assert zones.names[zones.ids.index("3")] == "(GDL-002) C. Colonias  / Av.  Niños héroes"
    lat, lon = units(np.array([p.y for p in zones.shapes])), units(np.array([p.x for p in zones.shapes]))
    assert np.array_equal(zones.locate(lat, lon), plain(zones, lat, lon))
    rng = np.random.default_rng(10)
    box = (-103.5, 20.5, -103.2, 20.8)
    lat, lon = scatter(rng, box, 1000)
    assert np.array_equal(zones.locate(lat, lon), plain(zones, lat, lon))
    lat, lon = scatter(rng, box, 300_000)
    assert np.array_equal(pickle.loads(pickle.dumps(zones)).locate(lat, lon), zones.exact(lat, lon))
    assert zones._raster.sure > 0.9
    assert zones.digest == "c11e77ae3a82ab75d41e1ca104b7a6d0eb1f43ae890c3f8bd2b5c3c4f294e0c6"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("id,lat,lon\n", "there is no zone in it"),
        ("id,lat,lon\na,1\n", "line 2: 2 fields where the first line has 3"),
        ("id,lat,lon\na,1,2\nb,x,2\n", r"column 'lat' \(zones.lat\): 1 of 2 values are no degrees.*zone 2"),
        ("id,lat,lon\na,1,181\n", "no degrees from -180 to 180"),
        ("id,lat,lon\na,91,1\n", "no degrees from -90 to 90"),
        ("id,lat,lon\na,nan,1\n", "no degrees"),
        ("id,lat,lon\na,inf,1\n", "no degrees"),
        ("id,lat,lon\na,,1\n", "no degrees"),
        ("id,lat,lon\na,1,1\na,2,2\nb,1,1\n", "1 ids occur more than once, 'a' is one"),
        ("id,lat,lon\n,1,1\n", "1 of 1 ids are missing"),
        ("id,lat,lon,lat\na,1,1,1\n", "column 'lat' occurs 2 times"),
        (b"id,lat,lon\n\xe9,1,1\n", "not in utf-8; say its encoding in zones.encoding"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_points(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(DataError, match=says) as error:
        load(tmp_path, text)
    assert "s.csv" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ("id,latitude,lon\na,1,1\n", "", r"\[zones\] lat: .*no column 'lat'; the nearest is 'latitude'"),
        ("ID,lat,lon\na,1,1\n", "", r"\[zones\] id: .*no column 'id'"),
        ("id,lat,lon\na,1,1\n", 'name = "nom"', r"\[zones\] name: .*no column 'nom'"),
        ("id,lat,lon\na,1,1\n", 'encoding = "klingon"', r"\[zones\] encoding: 'klingon' is no encoding"),
        ("id,lat,lon\na,1,1\n", 'layer = "x"', r"\[zones\] layer: means nothing"),
    ],
)
def test_a_plan_that_does_not_fit_its_file(tmp_path: Path, text: str, more: str, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        load(tmp_path, text, more)


@pytest.mark.parametrize(("name", "says"), [("none.csv", "there is no file"), ("s.xlsx", "ends in .csv, .geojson")])
def test_a_file_that_is_not_there(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        load_zones(plan(tmp_path, f'kind = "points"\nfile = "{name}"\n'))
