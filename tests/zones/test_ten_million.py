"""Zones are what the libraries say: ten million points for H3, ten million for polygons, most of them at borders."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import shapely

from shoal._arrays import DEGREE, Bool, Float64, Int32
from shoal.zones import _borders, _cells, h3, load_zones
from shoal.zones._cells import cell_borders
from shoal.zones._cuts import Borders, Cuts, trim
from shoal.zones._located import LocatedZones
from shoal.zones.h3 import H3Zones
from shoal.zones.polygons import PolygonZones, _segments
from tests.zones.plans import hug, plan, scatter

AT_ONCE = 250_000
Box = tuple[float, float, float, float]
Wrong = Callable[[Int32, Int32], int]


def points(zones: LocatedZones, lines: Float64, box: Box, count: int) -> Iterator[tuple[Int32, Int32]]:
    """Lots of points: a third all over the box, half beside lines and their ends, the others at corners of tiles."""
    grid = zones._raster.grid
    for seed in range(max(1, count // AT_ONCE)):
        rng = np.random.default_rng(seed)
        few = min(count, AT_ONCE) // 6
        row, column = rng.integers(0, grid.rows, few), rng.integers(0, grid.columns, few)
        lat, lon = grid.corner(row, column)
        at = lat + rng.integers(-1, 2, few), lon + rng.integers(-1, 2, few)
        corner = [np.clip(part, -most * DEGREE, most * DEGREE) for part, most in zip(at, (90, 180), strict=True)]
        parts = (scatter(rng, box, 2 * few), hug(rng, lines, 3 * few), corner)
        yield tuple(np.concatenate(part).astype(np.int32) for part in zip(*parts, strict=True))  # type: ignore[misc]


def failures(zones: LocatedZones, wrong: Wrong, lines: Float64, box: Box, count: int) -> int:
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda part: wrong(*part), points(zones, lines, box, count)))


def cells(folder: Path, resolution: int, box: Box) -> H3Zones:
    zones = load_zones(plan(folder, f'kind = "h3"\nresolution = {resolution}\nbbox = {list(box)}\n'))
    assert isinstance(zones, H3Zones)
    return zones


def against_h3(zones: H3Zones) -> Wrong:
    from h3ronpy.vector import coordinates_to_cells

    def wrong(lat: Int32, lon: Int32) -> int:
        said = np.asarray(coordinates_to_cells(lat / DEGREE, lon / DEGREE, zones.resolution), dtype=np.uint64)
        found = zones.locate(lat, lon)
        other: Bool = zones.cells[found] != said
        lost = np.isin(said[found < 0], zones.cells)
        return int(other[found >= 0].sum()) + int(lost.sum())

    return wrong


CITY = (16.25, 48.11, 16.52, 48.29)
AREAS: list[tuple[int, Box, int]] = [
    (8, CITY, 4_000_000),
    (9, (-103.45, 20.6, -103.3, 20.75), 2_000_000),
    (6, (-12.0, 50.0, -5.0, 56.0), 1_000_000),
    (10, (139.7, 35.65, 139.72, 35.67), 750_000),
    (4, (100.0, -12.0, 130.0, 8.0), 750_000),
    (12, (28.0, -26.21, 28.005, -26.205), 500_000),
    (7, (178.5, -18.5, 180.0, -16.5), 250_000),  # the antimeridian
    (5, (-180.0, 60.0, -170.0, 66.0), 250_000),
    (5, (-30.0, 82.0, 20.0, 86.5), 250_000),  # where tiles end
    (3, (-180.0, 78.0, 180.0, 90.0), 250_000),  # the poles
    (4, (-180.0, -90.0, 180.0, -82.0), 250_000),
    (2, (-180.0, -90.0, 180.0, 90.0), 250_000),
    (15, (16.37, 48.2, 16.3702, 48.2002), 250_000),
]


FACES = [
    (0.803582649718989942, 1.248397419617396099),
    (1.307747883455638156, 2.536945009877921159),
    (1.054751253523952054, -1.347517358900396623),
    (-0.079066118549212831, -0.733429513380867741),
]
"""Latitude and longitude of middles of faces, radians; from `faceCenterGeo` of H3's faceijk.c."""


def middle_of(centre: tuple[float, float]) -> tuple[H3Zones, Box]:
    """The finest cells in the middle of a face, and a box in them."""
    import h3 as library

    lat, lon = np.degrees(centre)
    disk = library.grid_disk(library.latlng_to_cell(lat, lon, 15), 12)
    found = np.sort(np.array([library.str_to_int(cell) for cell in disk], dtype=np.uint64))
    ids = tuple(library.int_to_str(int(cell)) for cell in found)
    none = (None,) * found.size
    up = 3e-5
    side = up / np.cos(np.radians(lat))
    zones = H3Zones(ids, none, none, _cells.cell_polygons(found, 15), 15, found)
    return zones, (lon - side, lat - up, lon + side, lat + up)


def test_ten_million_points_are_tested() -> None:
    assert sum(count for _, _, count in AREAS) >= 10_000_000


@pytest.mark.parametrize(("resolution", "box", "count"), AREAS, ids=lambda value: str(value).replace(" ", ""))
def test_cells_are_what_h3_says(tmp_path: Path, resolution: int, box: Box, count: int) -> None:
    zones = cells(tmp_path, resolution, box)
    lines = np.clip(cell_borders(zones.cells)[0], [-180, -90] * 2, [180, 90] * 2)
    assert failures(zones, against_h3(zones), lines, box, count) == 0


@pytest.mark.parametrize("centre", FACES, ids=str)
def test_the_finest_cells_in_the_middle_of_a_face(centre: tuple[float, float]) -> None:
    """There H3 itself errs by centimetres, and what it says counts."""
    zones, box = middle_of(centre)
    assert against_h3(zones)(*scatter(np.random.default_rng(1), box, 50_000)) == 0


def test_a_blur_forgotten_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cells, "_blur", lambda start, _: np.zeros(len(start)))
    wrong = 0
    for centre in FACES:
        zones, box = middle_of(centre)
        wrong += against_h3(zones)(*scatter(np.random.default_rng(1), box, 50_000))
    assert wrong > 10


def squares() -> PolygonZones:
    """Overlaps, shared borders, a hole and an island in it, slivers, parts far off, corners on whole units and not."""
    tenth = shapely.box(0, 0, 1, 1)
    rng = np.random.default_rng(11)
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    coast = np.column_stack([np.cos(angle), np.sin(angle)]) * (1 + 0.3 * rng.random(400))[:, None] + 5
    shapes = [
        tenth,
        shapely.box(1, 0, 2, 1),  # beside it
        shapely.box(0.5, 0.5, 1.5, 1.5),  # over both
        shapely.box(0, 2, 3, 5).difference(shapely.box(1, 3, 2, 4)),  # with a hole
        shapely.Point(1.5, 3.5).buffer(0.3),  # an island in it
        shapely.Polygon([(3, 0), (6, 1), (6, 1.000001)]),  # slivers
        shapely.Polygon([(3, 0), (6, 1.000001), (6, 1.000002)]),
        shapely.Polygon(coast),
        shapely.Polygon(coast[100:300]).buffer(0),  # shares half of its border
        shapely.union_all([shapely.Point(x, 6.5).buffer(0.01) for x in np.linspace(0, 3, 40)]),
        shapely.Polygon([(0, 5.1), (1 / 3, 6.2), (2 / 3, 5.1)]),
    ]
    none = (None,) * len(shapes)
    return PolygonZones(tuple(f"{n:02}" for n in range(len(shapes))), none, none, np.array(shapes, dtype=np.object_))


def against_shapely(zones: PolygonZones) -> Wrong:
    shapely.prepare(zones.shapes)
    for shape in zones.shapes:
        shapely.intersects_xy(shape, 1.0, 1.0)  # what GEOS prepares, it prepares now

    def wrong(lat: Int32, lon: Int32) -> int:
        said = np.full(lat.size, -1, dtype=np.int32)
        x, y = lon / DEGREE, lat / DEGREE
        for zone in range(len(zones) - 1, -1, -1):  # the smallest that covers the point is written last
            west, south, east, north = zones.shapes[zone].bounds
            near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
            said[near[shapely.intersects_xy(zones.shapes[zone], x[near], y[near])]] = zone
        return int((zones.locate(lat, lon) != said).sum())

    return wrong


SEA = (-0.5, -0.5, 7.0, 7.0)


def test_ten_million_points_in_polygons() -> None:
    zones = squares()
    assert failures(zones, against_shapely(zones), _segments(zones.shapes), SEA, 10_000_000) == 0
    assert zones._raster.bytes < 2_000_000


def test_a_margin_of_nothing_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        h3, "cell_borders", lambda cells: (cell_borders(cells)[0], np.zeros_like(cell_borders(cells)[1]))
    )
    for resolution, box, _ in AREAS[:3]:
        zones = cells(tmp_path, resolution, box)
        assert failures(zones, against_h3(zones), cell_borders(zones.cells)[0], box, 250_000) > 0


@pytest.mark.parametrize("kind", ["h3", "polygons"])
def test_swapped_sides_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def swapped(borders: Borders, nodes: Int32) -> Cuts:
        nodes[::50] = nodes[::50, [0, 2, 1]]
        return trim(borders, nodes)

    monkeypatch.setattr(_borders, "trim", swapped)
    if kind == "h3":
        zones = cells(tmp_path, 8, CITY)
        assert failures(zones, against_h3(zones), cell_borders(zones.cells)[0], CITY, 250_000) > 100
    else:
        areas = squares()
        assert failures(areas, against_shapely(areas), _segments(areas.shapes), SEA, 250_000) > 100


def test_strips_of_no_width_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def thin(borders: Borders, nodes: Int32) -> Cuts:
        made = trim(borders, nodes)
        made.lines[:, 3] = -1e-9
        return made

    monkeypatch.setattr(_borders, "trim", thin)
    zones = squares()
    assert failures(zones, against_shapely(zones), _segments(zones.shapes), SEA, 250_000) > 10
