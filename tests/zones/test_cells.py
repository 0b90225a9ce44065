import h3
import numpy as np
import pytest
import shapely

from shoal._arrays import Float64, UInt64
from shoal.zones._cells import _face_centres, cell_borders, cell_polygons


def everywhere(resolution: int) -> UInt64:
    cells = [c for coarse in h3.get_res0_cells() for c in h3.cell_to_children(coarse, resolution)]
    return np.array(sorted(h3.str_to_int(c) for c in cells), dtype=np.uint64)


@pytest.mark.parametrize("resolution", [0, 1, 2, 3])
def test_polygons_are_valid_and_tile_the_map(resolution: int) -> None:
    cells = everywhere(resolution)
    shapes = cell_polygons(cells, resolution)
    assert shapely.is_valid(shapes).all()
    assert np.isin(shapely.get_type_id(shapes), (3, 6)).all()
    bounds = shapely.total_bounds(shapes)
    assert bounds.tolist() == [-180, -90, 180, 90]
    # Straight lines on the map instead of great circles: neighbours share them, so the sum is exact.
    assert shapely.area(shapes).sum() == pytest.approx(360 * 180, abs=1e-6)


@pytest.mark.parametrize("place", [(10.0, 179.9999), (65.0, 180.0), (0.0, -180.0), (-17.0, 179.99)])
def test_a_cell_over_the_date_line_has_a_part_on_each_side(place: tuple[float, float]) -> None:
    cell = h3.latlng_to_cell(*place, 4)
    shape = cell_polygons(np.array([h3.str_to_int(cell)], dtype=np.uint64), 4)[0]
    west, _, east, _ = shape.bounds
    assert (west, east) == (-180, 180) and shape.geom_type == "MultiPolygon"
    assert shape.area * np.cos(np.radians(place[0])) == pytest.approx(0.15, rel=0.4) and shape.is_valid


@pytest.mark.parametrize("pole", [90, -90])
@pytest.mark.parametrize("resolution", [0, 3, 8])
def test_the_cell_at_a_pole_is_closed_along_it(pole: int, resolution: int) -> None:
    cell = h3.latlng_to_cell(pole, 0, resolution)
    shape = cell_polygons(np.array([h3.str_to_int(cell)], dtype=np.uint64), resolution)[0]
    assert shape.is_valid and shape.bounds[0] == -180 and shape.bounds[2] == 180
    assert pole in (shape.bounds[1], shape.bounds[3])


def outer_failures(resolution: int, cells: UInt64, aside: float) -> int:
    """How often H3 puts a point a little inside of a side of a cell, by great circles, into another cell."""
    from h3ronpy.vector import coordinates_to_cells

    failures = 0
    for cell in cells:
        ring = np.array(h3.cell_to_boundary(h3.int_to_str(int(cell))))
        a = unit(ring)
        b = np.roll(a, -1, axis=0)
        inward = np.cross(a, b)
        inward /= np.linalg.norm(inward, axis=1)[:, None]
        centre = unit(np.array([h3.cell_to_latlng(h3.int_to_str(int(cell)))]))
        inward *= np.sign(inward @ centre.T)
        side = np.median(np.linalg.norm(a - b, axis=1))
        for share in (0.1, 0.35, 0.65, 0.9):
            p = a * (1 - share) + b * share
            p = p / np.linalg.norm(p, axis=1)[:, None] + inward * side * aside
            lat, lon = (
                np.degrees(np.arctan2(p[:, 2], np.hypot(p[:, 0], p[:, 1]))),
                np.degrees(np.arctan2(p[:, 1], p[:, 0])),
            )
            found = np.asarray(coordinates_to_cells(lat, lon, resolution), dtype=np.uint64)
            failures += int((found != cell).sum())
    return failures


def unit(places: Float64) -> Float64:
    lat, lon = np.radians(places[:, 0]), np.radians(places[:, 1])
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


@pytest.mark.parametrize("resolution", [0, 1, 2, 3, 5, 8, 9])
def test_sides_are_great_circles_to_a_millionth(resolution: int) -> None:
    """The raster's margin is a thousandth. Cells on edges of the icosahedron (more than six corners) come first."""
    cells = everywhere(min(resolution, 3))
    if resolution > 2:
        many = [c for c in cells if len(h3.cell_to_boundary(h3.int_to_str(int(c)))) > 6]
        cells = np.array(many[:: max(1, len(many) // 300)], dtype=np.uint64)
    if resolution > 3:
        below = [
            h3.cell_to_children(h3.int_to_str(int(c)), resolution) for c in cells[:: 100 if resolution > 5 else 10]
        ]
        odd = [c for kids in below for c in list(kids)[:: 7 ** (resolution - 3) // 49 + 1]]
        cells = np.array([h3.str_to_int(c) for c in odd[:300]], dtype=np.uint64)
    cells = cells[:300] if resolution > 3 else cells[:: len(cells) // 300 + 1]
    assert outer_failures(resolution, cells, 1e-6) == 0
    assert outer_failures(resolution, cells, -1e-6) > 4 * len(cells)  # and a little outside is another cell


def test_lines_over_the_date_line_are_drawn_at_both_ends() -> None:
    cell = h3.latlng_to_cell(10.0, 179.9999, 5)
    lines, margin = cell_borders(np.array([h3.str_to_int(cell)], dtype=np.uint64))
    assert np.abs(lines[:, 0] - lines[:, 2]).max() < 1
    assert len(lines) == len(margin) > 6
    assert (lines[:, [0, 2]] > 180).any() and (lines[:, [0, 2]] < -180).any()


def test_the_middles_of_faces() -> None:
    centres = _face_centres()
    assert centres.shape == (20, 3)
    said = unit(
        np.degrees([[0.803582649718989942, 1.248397419617396099], [-0.230961644455383637, 0.506495587332349035]])
    )
    assert (np.linalg.norm(centres[:, None] - said[None], axis=2).min(axis=0) < 1e-14).all()


def test_a_side_of_two_cells_is_drawn_once() -> None:
    disk = h3.grid_disk(h3.latlng_to_cell(48.2, 16.3, 8), 3)
    lines, _ = cell_borders(np.array([h3.str_to_int(cell) for cell in disk], dtype=np.uint64))
    outer = 6 * (2 * 3 + 1)
    assert len(disk) == 37 and len(lines) == (6 * 37 + outer) // 2
