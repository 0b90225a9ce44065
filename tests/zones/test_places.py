"""Named places: read and located as polygons are, with the category as parent; bad files are said of `places`."""

import re
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from shoal.errors import DataError, PlanError
from shoal.plan import Plan
from shoal.zones import Zones, load_places, load_zones
from tests.zones import naive
from tests.zones.plans import plan, scatter

SHAPES = {
    "m2": shapely.box(1, 0, 3, 2),
    "m1": shapely.box(0, 0, 2, 2),  # overlaps m2
    "s": shapely.union(shapely.box(4, 0, 5, 1), shapely.box(6, 0, 7, 1)),
}
ZONES = 'kind = "h3"\nresolution = 3\nbbox = [0, 0, 3, 3]\n'


def asked(folder: Path, places: str) -> Plan:
    return plan(folder, f"{ZONES}[places]\n{places}\n")


def write(folder: Path, name: str = "p.geojson", shapes: object = None, crs: object = 4326, **columns: object) -> None:
    labels = {"id": list(SHAPES), "label": ["Market 2", None, "School"], "kind": ["market", "market", "school"]}
    frame = geopandas.GeoDataFrame(
        columns or labels, geometry=list(SHAPES.values()) if shapes is None else shapes, crs=crs
    )
    frame.to_parquet(folder / name) if name.endswith(".parquet") else frame.to_file(folder / name)


def places(folder: Path, text: str = 'file = "p.geojson"\nname = "label"\ncategory = "kind"') -> Zones:
    found = load_places(asked(folder, text))
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["p.geojson", "p.gpkg", "p.parquet"])
def test_places_and_their_categories(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    found = places(tmp_path, f'file = "{name}"\nname = "label"\ncategory = "kind"')
    assert found.ids == ("m1", "m2", "s")
    assert found.names == (None, "Market 2", "School")
    assert found.parents == ("market", "market", "school")
    assert all(shape.equals(SHAPES[each]) for each, shape in zip(found.ids, found.shapes, strict=True))


def test_name_and_category_are_optional(tmp_path: Path) -> None:
    write(tmp_path)
    found = places(tmp_path, 'file = "p.geojson"')
    assert found.names == found.parents == (None, None, None)
    assert found.digest != places(tmp_path).digest


def test_they_are_located_as_polygons_are(tmp_path: Path) -> None:
    """Where two overlap the smaller id counts; borders belong."""
    write(tmp_path)
    found = places(tmp_path)
    lat, lon = scatter(np.random.default_rng(1), (-1, -1, 8, 3), 2_000)
    where = found.locate(lat, lon)
    assert np.array_equal(where, naive.locate_polygons(list(found.shapes), lat, lon))
    assert set(where.tolist()) == {-1, 0, 1, 2}
    edge = np.array([1.5, 2, 2.0000001, 3, 5.5])
    at = found.locate(np.full(5, 10_000_000, np.int32), np.round(edge * 1e7).astype(np.int32))
    assert at.tolist() == [0, 0, 1, 1, -1]


def test_zones_stay_what_they_are(tmp_path: Path) -> None:
    write(tmp_path)
    with_places = asked(tmp_path, 'file = "p.geojson"')
    zones = load_zones(with_places)
    assert zones.digest == load_zones(plan(tmp_path, ZONES)).digest
    assert load_places(plan(tmp_path, ZONES)) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('file = "none.geojson"', "there is no file"),
        ('file = "p.csv"', r"p\.csv must be a file that ends in"),
        ('file = "p.gpkg"\nlayer = "zz"', "has no layer 'zz'; the nearest is 'p'"),
        ('file = "p.gpkg"\nid = "lable"', "has no column 'lable'; the nearest is 'label'"),
        ('file = "p.gpkg"\nname = "lable"', "has no column 'lable'"),
        ('file = "p.gpkg"\ncategory = "kid"', "has no column 'kid'"),
    ],
)
def test_a_key_that_cannot_be_meant(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, "p.gpkg")
    (tmp_path / "p.csv").touch()
    key = text.rsplit("\n", maxsplit=1)[-1].split(" ", maxsplit=1)[0]
    with pytest.raises(PlanError, match=rf"line \d+: \[places\] {key}: .*{says}") as error:
        places(tmp_path, text)
    assert "zone" not in str(error.value).lower()


BOX = shapely.box(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("shapes", "crs", "columns", "says"),
    [
        ([BOX, BOX], 4326, {"id": ["x", "x"]}, "(places.id): 1 ids occur more than once, 'x' is one"),
        ([BOX, BOX], 4326, {"id": ["x", None]}, "1 of 2 ids are missing; give every place an id"),
        ([BOX, shapely.Point(0, 0)], 4326, {"id": ["x", "y"]}, "feature 2 is a Point; every place must be Polygon"),
        ([shapely.Point(0, 0)], 4326, {"id": ["x"]}, "feature 1 is a Point; places must be Polygon"),
        ([BOX], 3857, {"id": ["x"]}, "not in WGS 84 degrees; convert it"),
        ([], 4326, {"id": []}, "there is no feature in it; places are one feature each"),
    ],
)
def test_a_file_that_is_no_places(
    tmp_path: Path, shapes: list[shapely.Geometry], crs: object, columns: dict[str, object], says: str
) -> None:
    write(tmp_path, "p.parquet", shapes, crs, **columns)
    with pytest.raises(DataError, match=re.escape(says)) as error:
        places(tmp_path, 'file = "p.parquet"')
    assert str(error.value).startswith(f"places.file: {tmp_path / 'p.parquet'}") and "\n" not in str(error.value)
    assert "zone" not in str(error.value).lower().replace(str(tmp_path), "")


def test_a_file_that_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.geojson").write_bytes(b"nonsense")
    with pytest.raises(DataError, match=r"^places\.file: .*p\.geojson"):
        places(tmp_path)
