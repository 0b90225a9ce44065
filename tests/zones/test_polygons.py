import json
import pickle
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from shoal._arrays import Int32
from shoal.errors import DataError, PlanError
from shoal.zones import load_zones
from shoal.zones.polygons import PolygonZones, _segments
from tests.zones import naive
from tests.zones.plans import hug, plan, scatter, units

SQUARES = {
    "b": shapely.box(1, 0, 3, 2),
    "a": shapely.box(0, 0, 2, 2),  # overlaps b
    "c": shapely.union(shapely.box(4, 0, 5, 1), shapely.box(6, 0, 7, 1)),
    "d": shapely.box(0, 3, 4, 6).difference(shapely.box(1, 4, 2, 5)),  # with a hole
    "e": shapely.box(1.25, 4.25, 1.75, 4.75),  # in the hole
}


def write(
    folder: Path, shapes: Sequence[shapely.Geometry], crs: object = 4326, name: str = "z.geojson", **columns: object
) -> None:
    frame = geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs)
    if name.endswith(".parquet"):
        frame.to_parquet(folder / name)
    else:
        frame.to_file(folder / name)


def load(folder: Path, name: str = "z.geojson", more: str = "") -> PolygonZones:
    zones = load_zones(plan(folder, f'kind = "polygons"\nfile = "{name}"\n{more}\n'))
    assert isinstance(zones, PolygonZones)
    return zones


def squares(folder: Path, name: str = "z.geojson") -> PolygonZones:
    write(folder, list(SQUARES.values()), name=name, id=list(SQUARES), label=[*"BACD", None], upper=[7, 8, 7, 8, 7])
    return load(folder, name, 'name = "label"\nparent = "upper"')


def at(zones: PolygonZones, *places: tuple[float, float]) -> list[str | None]:
    """Ids of the zones at (lon, lat)."""
    xy = np.array(places)
    found = zones.locate(units(xy[:, 1]), units(xy[:, 0]))
    assert np.array_equal(found, naive.locate_polygons(list(zones.shapes), units(xy[:, 1]), units(xy[:, 0])))
    return [None if index < 0 else zones.ids[index] for index in found]


@pytest.mark.parametrize("name", ["z.geojson", "z.gpkg", "z.parquet"])
def test_three_formats_say_the_same(tmp_path: Path, name: str) -> None:
    zones = squares(tmp_path, name)
    assert zones.ids == ("a", "b", "c", "d", "e")
    assert zones.names == ("A", "B", "C", "D", None)
    assert zones.parents == ("8", "7", "7", "8", "7")
    assert all(shape.equals(SQUARES[zone]) for zone, shape in zip(zones.ids, zones.shapes, strict=True))


def test_ties_go_to_the_smaller_id_and_borders_belong(tmp_path: Path) -> None:
    zones = squares(tmp_path)
    assert at(zones, (1.5, 1), (2, 1), (2.0000001, 1), (3, 2), (3.0000001, 2)) == ["a", "a", "b", "b", None]
    assert at(zones, (4.5, 0.5), (5.5, 0.5), (6.5, 1)) == ["c", None, "c"]
    assert at(zones, (0.5, 4.5), (1.1, 4.1), (1, 4.5), (1.5, 4.5), (1.25, 4.5)) == ["d", None, "d", "e", "e"]


def test_the_rule_in_exact_arithmetic(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    stars = []
    for _ in range(30):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 12))
        reach = rng.uniform(0.2, 1.0, 12)
        centre = rng.uniform(0, 4, 2)
        stars.append(
            shapely.Polygon(np.column_stack([np.cos(angle), np.sin(angle)]) * reach[:, None] + centre).buffer(0)
        )
    write(tmp_path, stars, id=[f"{n:02}" for n in range(30)])
    zones = load(tmp_path)
    for lat, lon in (scatter(rng, (-1, -1, 5, 5), 300), hug(rng, _segments(zones.shapes), 300)):
        assert np.array_equal(zones.locate(lat, lon), naive.locate_polygons(list(zones.shapes), lat, lon))
    for lat, lon in (scatter(rng, (-1, -1, 5, 5), 200_000), hug(rng, _segments(zones.shapes), 200_000)):
        assert np.array_equal(zones.locate(lat, lon), zones.exact(lat, lon))


@pytest.mark.real_data
def test_the_counties_of_new_york(tmp_path: Path, real_data: Path) -> None:
    file = real_data / "newyork" / "counties_2011.geojson"
    zones = load(tmp_path, str(file), 'id = "tile_id"\nname = "population"')
    assert len(zones) == 62 and zones.ids[0] == "36001" and zones.ids[-1] == "36123"
    assert at(zones, (-73.9712, 40.7831), (-78.8784, 42.8864), (-70, 40)) == ["36061", "36029", None]
    rng = np.random.default_rng(6)
    for lat, lon in (scatter(rng, (-80, 40, -71, 45.5), 200_000), hug(rng, _segments(zones.shapes), 100_000)):
        assert np.array_equal(zones.locate(lat, lon), zones.exact(lat, lon))
    assert zones.digest == "f8a7440a46c28ded2f68d4307e33b90b4c618ff89d679c31b6b379acf321cbe9"


def test_threads_and_processes_find_the_same(tmp_path: Path) -> None:
    zones = pickle.loads(pickle.dumps(squares(tmp_path)))
    points = [scatter(np.random.default_rng(seed), (-1, -1, 8, 7), 20_000) for seed in range(8)]

    def both(part: tuple[Int32, Int32]) -> bool:
        return np.array_equal(zones.locate(*part), zones.exact(*part))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(both, points))


def test_ids_are_sorted_as_text_and_whole_numbers_are_decimal(tmp_path: Path) -> None:
    write(tmp_path, [shapely.box(n, 0, n + 1, 1) for n in range(4)], id=[10, 9, 2**53 + 1, -3])
    assert load(tmp_path).ids == ("-3", "10", "9", "9007199254740993")


def test_broken_shapes_are_repaired_and_the_digest_is_of_what_is_used(tmp_path: Path) -> None:
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    write(tmp_path, [bow], id=["x"])
    zones = load(tmp_path)
    assert shapely.is_valid(zones.shapes).all() and zones.shapes[0].area == 2
    assert at(zones, (0.2, 1), (1, 0.2)) == ["x", None]
    write(tmp_path, [zones.shapes[0]], id=["x"])
    mended = load(tmp_path)
    assert mended.shapes[0].equals(zones.shapes[0]) and mended.digest == zones.digest


def test_the_digest_sees_everything_and_nothing_else(tmp_path: Path) -> None:
    first = squares(tmp_path)
    assert first.digest == squares(tmp_path).digest == pickle.loads(pickle.dumps(first)).digest
    write(tmp_path, list(SQUARES.values()), id=[*"bacde"], label=[*"BACDE"], upper=[7, 8, 7, 8, 7])
    assert load(tmp_path, more='name = "label"\nparent = "upper"').digest != first.digest


@pytest.mark.parametrize("crs", [4326, 4269, 4258, "OGC:CRS84", None])
def test_coordinates_that_are_as_good_as_wgs84(tmp_path: Path, crs: object) -> None:
    write(tmp_path, [shapely.box(0, 0, 1, 1)], crs=crs, name="z.parquet", id=["x"])
    assert load(tmp_path, "z.parquet").ids == ("x",)


BOX = shapely.box(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("shapes", "crs", "columns", "says"),
    [
        ([BOX, BOX], 4326, {"id": ["x", "x"]}, r"column 'id' \(zones.id\): 1 ids occur more than once, 'x' is one"),
        ([BOX, BOX], 4326, {"id": ["x", None]}, "1 of 2 ids are missing"),
        ([BOX, BOX], 4326, {"id": ["x", ""]}, "1 of 2 ids are missing"),
        ([BOX, BOX], 4326, {"id": [1.5, 2]}, "ids must be text or whole numbers"),
        ([BOX, BOX], 4326, {"id": [True, False]}, "ids must be text or whole numbers"),
        ([BOX], 4326, {"id": ["x" * 201]}, "1 ids are longer than 200 characters"),
        ([BOX, shapely.Point(0, 0)], 4326, {"id": ["x", "y"]}, "feature 2 is a Point; every zone must be Polygon"),
        ([BOX, None], 4326, {"id": ["x", "y"]}, "1 of 2 features have no shape, feature 2"),
        ([shapely.Polygon()], 4326, {"id": ["x"]}, "1 of 1 features have no shape"),
        ([shapely.Polygon([(0, 0), (1, 1), (0, 0)])], 4326, {"id": ["x"]}, "feature 1 has no area"),
        ([BOX], 3857, {"id": ["x"]}, r"Mercator \(EPSG:3857\), not in WGS 84 degrees; convert it.*ogr2ogr -t_srs"),
        ([BOX], 4230, {"id": ["x"]}, r"ED50 \(EPSG:4230\)"),
        ([shapely.box(0, 0, 500000, 1)], None, {"id": ["x"]}, "without a coordinate system, but has coord"),
        ([shapely.box(0, 0, 200, 1)], 4326, {"id": ["x"]}, "in WGS 84, but has coordinates outside -180..180"),
        ([], 4326, {"id": []}, "there is no feature in it"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_zones(
    tmp_path: Path, shapes: list[shapely.Geometry], crs: object, columns: dict[str, object], says: str
) -> None:
    write(tmp_path, shapes, crs=crs, name="z.parquet", **columns)
    with pytest.raises(DataError, match=says) as error:
        load(tmp_path, "z.parquet")
    assert "z.parquet" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["z.geojson", "z.json", "z.gpkg", "z.parquet"])
@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b'{"type": "FeatureCollection", "features": [{]}', b"PAR1\x00PAR1"]
)
def test_a_file_that_is_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        load(tmp_path, name)


def test_parquet_without_geometry_and_geojson_without_shapes(tmp_path: Path) -> None:
    import polars as pl

    pl.DataFrame({"id": ["x"]}).write_parquet(tmp_path / "z.parquet")
    with pytest.raises(DataError, match=r"z\.parquet: this is no GeoParquet"):
        load(tmp_path, "z.parquet")
    feature = {"type": "Feature", "properties": {"id": "x"}, "geometry": None}
    (tmp_path / "z.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(DataError, match=r"z\.geojson"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('id = "lable"', r"\[zones\] id: .* has no column 'lable'; the nearest is 'label'"),
        ('name = "lab"', r"\[zones\] name: .* has no column 'lab'; the nearest is 'label'"),
        ('parent = "up"', r"\[zones\] parent: .* has no column 'up'; the nearest is 'upper'"),
        ('layer = "zz"', r"\[zones\] layer: .* has no layer 'zz'; the nearest is 'z'"),
    ],
)
def test_a_column_or_layer_that_is_not_there(tmp_path: Path, more: str, says: str) -> None:
    squares(tmp_path, "z.gpkg")
    with pytest.raises(PlanError, match=says):
        load(tmp_path, "z.gpkg", more)


def test_a_geopackage_of_two_layers_needs_a_name(tmp_path: Path) -> None:
    for layer, zone in (("one", "x"), ("two", "y")):
        frame = geopandas.GeoDataFrame({"id": [zone]}, geometry=[BOX], crs=4326)
        frame.to_file(tmp_path / "z.gpkg", layer=layer)
    with pytest.raises(PlanError, match=r"2 layers \('one', 'two'\), name one"):
        load(tmp_path, "z.gpkg")
    assert load(tmp_path, "z.gpkg", 'layer = "two"').ids == ("y",)
