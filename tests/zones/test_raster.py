import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal._arrays import DEGREE, Float64, Int32
from shoal.zones._borders import from_borders
from shoal.zones._cuts import OUTSIDE, UNSURE
from shoal.zones._raster import Grid, Raster
from tests.zones.plans import scatter

BOX = np.array([[1.0, 1.0, 4.0, 1.5], [4.0, 1.5, 3.0, 4.0], [3.0, 4.0, 1.0, 1.0]])  # a triangle
ISLAND = np.array([[2.5, 1.8, 2.9, 1.8], [2.9, 1.8, 2.9, 2.4], [2.9, 2.4, 2.5, 1.8]])  # another one in it


def exact(lat: Int32, lon: Int32) -> Int32:
    def inside(lines: Float64) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        x, y = lon / DEGREE, lat / DEGREE
        sides = [(x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0 for x0, y0, x1, y1 in lines]
        every: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.logical_and.reduce(sides)
        return every

    return np.where(inside(ISLAND), 1, np.where(inside(BOX), 0, -1)).astype(np.int32)


def nowhere(lat: Int32, _: Int32) -> Int32:
    return np.zeros_like(lat)


def raster(lines: Float64, tiles: int = 1 << 14) -> Raster:
    return from_borders(Grid.over(1, 1, 4, 4, tiles), lines, np.zeros((len(lines), 2)), exact)


degrees = st.tuples(*[st.floats(-180, 180)] * 2, *[st.floats(-90, 90)] * 2)


@given(degrees, st.integers(1, 1 << 20))
def test_a_grid_covers_its_bounds_with_few_enough_tiles_on_earth(
    bounds: tuple[float, float, float, float], tiles: int
) -> None:
    west, east, south, north = *sorted(bounds[:2]), *sorted(bounds[2:])
    grid = Grid.over(south, west, north, east, tiles)
    assert 1 <= grid.rows * grid.columns <= tiles
    assert -90 * DEGREE <= grid.south <= south * DEGREE and -180 * DEGREE <= grid.west <= west * DEGREE
    assert grid.south + (grid.rows << grid.lat_shift) > north * DEGREE
    assert grid.west + (grid.columns << grid.lon_shift) > east * DEGREE
    lat, lon = grid.corner(np.array([0, grid.rows - 1]), np.array([0, grid.columns - 1]))
    assert abs(lat / DEGREE).max() <= 90 and abs(lon / DEGREE).max() <= 180


@pytest.mark.parametrize("tiles", [1, 2, 100, 1 << 10, 1 << 16])
def test_the_raster_says_what_the_rule_says(tiles: int) -> None:
    lat, lon = scatter(np.random.default_rng(tiles), (0, 0, 5, 5), 100_000)
    found = raster(np.vstack([BOX, ISLAND]), tiles).locate(lat, lon, exact)
    assert np.array_equal(found, exact(lat, lon))
    assert set(found.tolist()) == {-1, 0, 1}


def test_a_forgotten_border_would_be_noticed() -> None:
    lat, lon = scatter(np.random.default_rng(1), (0, 0, 5, 5), 100_000)
    assert not np.array_equal(raster(BOX).locate(lat, lon, exact), exact(lat, lon))


def test_a_run_whose_ends_disagree_is_not_believed() -> None:
    row = raster(BOX[1:2])  # without two of its sides most rows run out of the triangle
    lat, lon = scatter(np.random.default_rng(2), (1.6, 1.6, 2.4, 1.9), 1000)
    assert np.array_equal(row.locate(lat, lon, exact), exact(lat, lon))


def test_every_tile_that_a_line_touches_is_cut_or_unsure() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        line = rng.uniform(1, 4, (1, 4))
        if rng.random() < 0.3:
            line[0, 2 + rng.integers(2)] = line[0, rng.integers(2)]  # some upright, some level
        made = from_borders(Grid.over(1, 1, 4, 4, 4096), line, np.zeros((1, 2)), nowhere)
        share = rng.uniform(0, 1, (500, 1))
        xy = line[:, :2] * (1 - share) + line[:, 2:] * share
        grid = made.grid
        row = (np.floor(xy[:, 1] * DEGREE).astype(int) - grid.south) >> grid.lat_shift
        column = (np.floor(xy[:, 0] * DEGREE).astype(int) - grid.west) >> grid.lon_shift
        assert (made.tiles[row, column] <= UNSURE).all()
        assert made.sure > 0.9  # and few others


def test_the_margin_widens_a_border() -> None:
    grid = Grid.over(1, 1, 4, 4, 4096)
    thin, wide = (from_borders(grid, BOX[:1], np.full((1, 2), width), nowhere) for width in (0.0, 0.3))
    assert (wide.tiles[thin.tiles <= UNSURE] <= UNSURE).all()
    assert wide.sure < thin.sure - 0.1


def test_equal_points_in_a_row_cost_one_look_up() -> None:
    asked = []

    def count(lat: Int32, lon: Int32) -> Int32:
        asked.append(lat.size)
        return exact(lat, lon)

    asking = Raster(Grid.over(1, 1, 4, 4, 1), np.full((1, 1), UNSURE, dtype=np.int32), OUTSIDE)
    lat = np.repeat(np.array([20_000_000, 28_000_000, 20_000_000], dtype=np.int32), 50)
    lon = np.repeat(np.array([20_000_000, 20_000_000, 28_000_000], dtype=np.int32), 50)
    assert np.array_equal(asking.locate(lat, lon, count), exact(lat, lon))
    assert asked == [3]


def test_beyond_the_grid_is_outside_or_asked() -> None:
    grid = Grid.over(1, 1, 4, 4, 64)
    tiles = np.zeros((grid.rows, grid.columns), dtype=np.int32)
    far = np.array([800_000_000], dtype=np.int32)
    for beyond, answer in ((OUTSIDE, -1), (UNSURE, 7)):
        found = Raster(grid, tiles, beyond).locate(far, far, lambda lat, _: np.full_like(lat, 7))
        assert found.tolist() == [answer]


def test_no_points_give_no_zones() -> None:
    none = np.empty(0, dtype=np.int32)
    assert raster(BOX).locate(none, none, exact).size == 0
