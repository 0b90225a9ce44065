"""Where no record is used, to the metre; and which zones that isolates."""

import pickle

import numpy as np
import pytest
import shapely
from pyproj import Geod

from shoal._arrays import DEGREE, Float64, Int32
from shoal.sensitive.area import Area
from shoal.zones import Zones
from tests.sensitive.make import listing

GEOD = Geod(ellps="WGS84")


def units(degrees: Float64) -> Int32:
    return np.rint(degrees * DEGREE).astype(np.int32)


def covered(area: Area, lon: Float64, lat: Float64) -> list[bool]:
    found: list[bool] = area.covers(units(lat), units(lon)).tolist()
    return found


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(-103.35, 20.67), (0.0, 0.0), (25.5, 66.5), (179.9999, 10.0), (-180.0, -45.0), (12.0, 89.9), (0.0, -90.0)],
    ids=["a city", "the equator", "far north", "by the antimeridian", "on it", "by the pole", "the pole"],
)
def test_a_circle_ends_at_its_radius(lon: float, lat: float) -> None:
    area = Area.of(listing([shapely.Point(lon, lat)]), 533)
    course = np.linspace(0, 360, 97)
    for metres, inside in ((0.0, True), (532.0, True), (534.0, False), (5000.0, False)):
        east, north, _ = GEOD.fwd(np.full(97, lon), np.full(97, lat), course, np.full(97, metres))
        found = covered(area, (np.asarray(east) + 180) % 360 - 180, np.asarray(north))
        if inside or abs(lat) < 89:  # at a pole more is covered: everything north of a parallel
            assert found == [inside] * 97, metres


def test_another_radius() -> None:
    area = Area.of(listing([shapely.Point(10, 50)]), 2000)
    east, north, _ = GEOD.fwd(np.full(4, 10.0), np.full(4, 50.0), np.arange(4) * 90, [1999.0, 2003, 1999, 2003])
    assert covered(area, np.asarray(east), np.asarray(north)) == [True, False, True, False]


def test_says_what_shapely_says_of_random_and_border_hugging_points() -> None:
    dice = np.random.default_rng(5)
    points = [shapely.Point(*xy) for xy in dice.uniform([-103.5, 20.5], [-103.3, 20.7], (150, 2))]
    boxes = [shapely.box(x, y, x + 0.004, y + 0.003) for x, y in dice.uniform([-103.5, 20.5], [-103.3, 20.7], (40, 2))]
    rings = [shapely.Point(-103.4, 20.6).buffer(0.02).difference(shapely.Point(-103.4, 20.6).buffer(0.015))]
    area = Area.of(listing([*points, *boxes, *rings]), 533)
    anywhere = dice.uniform([-103.52, 20.48], [-103.28, 20.72], (60_000, 2))
    corners = shapely.get_coordinates(area.shapes)[dice.integers(0, 9_000, 6_000)]
    hugging = np.concatenate([corners, corners + dice.integers(-3, 4, corners.shape) / DEGREE])
    xy = np.concatenate([anywhere, hugging])
    lat, lon = units(xy[:, 1]), units(xy[:, 0])
    whole = shapely.union_all(area.shapes)
    expected = shapely.intersects_xy(whole, lon / DEGREE, lat / DEGREE)
    found = area.covers(lat, lon)
    assert np.array_equal(found, expected) and 0.1 < found[:60_000].mean() < 0.9
    clear = shapely.distance(shapely.boundary(whole), shapely.points(lon / DEGREE, lat / DEGREE)) > 1e-9
    each = np.zeros(len(xy), dtype=bool)
    for shape in area.shapes:  # one place at a time, without putting them together
        each |= shapely.intersects_xy(shape, lon / DEGREE, lat / DEGREE)
    assert np.array_equal(found[clear], each[clear])
    again = pickle.loads(pickle.dumps(area))
    assert np.array_equal(again.covers(lat, lon), found)


class Drawn(Zones):
    def locate(self, lat: Int32, lon: Int32) -> Int32:
        raise NotImplementedError


def zones(*shapes: shapely.Geometry) -> Zones:
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return Drawn(tuple(f"z{i}" for i in range(len(shapes))), (None,) * len(shapes), (None,) * len(shapes), array)


def test_a_zone_is_isolated_from_half_on() -> None:
    area = Area.of(listing([shapely.box(0, 0, 1, 1), shapely.box(0.5, 0, 1, 1)]), 533)
    found = area.of_zones(
        zones(
            shapely.box(0.2, 0.2, 0.4, 0.4),  # inside
            shapely.box(0.6, 0.3, 1.4, 0.5),  # half
            shapely.box(0.6, 0.3, 1.401, 0.5),  # a little less
            shapely.box(0.4, 0.3, 1.5, 0.5),  # more than half by one, and by the other again: counted once
            shapely.box(2, 0, 3, 1),  # elsewhere
            shapely.Point(0.5, 0.5),  # points lie in it or not
            shapely.Point(1.5, 0.5),
        )
    )
    assert found.tolist() == [True, True, False, True, False, True, False]


def test_half_is_of_the_ground_not_of_the_map() -> None:
    # from the equator to 60 degrees: half of the ground lies below 25.7 degrees, not below 30
    zone = zones(shapely.box(0, 0, 10, 60))
    for top, isolated in ((25.5, False), (25.8, True)):
        assert Area.of(listing([shapely.box(0, 0, 10, top)]), 533).of_zones(zone).tolist() == [isolated]


def test_two_listed_places_isolate_together() -> None:
    area = Area.of(listing([shapely.box(0, 0, 0.3, 1), shapely.box(0.7, 0, 1, 1)]), 533)
    assert area.of_zones(zones(shapely.box(0, 0, 1, 1))).tolist() == [True]
    assert area.first_place(shapely.box(0.6, 0, 1, 1)) == 1
