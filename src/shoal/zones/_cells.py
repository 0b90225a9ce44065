"""What is drawn around H3 cells: their polygons for maps and tables, their true borders for the raster."""

from itertools import combinations

import numpy as np
import shapely
import shapely.affinity

from shoal._arrays import Bool, Float64, UInt64
from shoal.zones._geojson import Shapes

_ROUNDING = 1e-4
_LONGEST = 0.004  # radians; a border line is cut into parts no longer than this


def cell_polygons(cells: UInt64, resolution: int) -> Shapes:
    """The cells' polygons, valid in longitude and latitude: split at the antimeridian, closed over a pole."""
    shapes = _rings(cells)
    poles = _cells_at(np.array([90.0, -90.0]), np.array([0.0, 0.0]), resolution)
    for place in np.flatnonzero(_wraps(shapes) | np.isin(cells, poles)):
        xy = shapely.get_coordinates(shapes[place])[:-1]
        pole = 0 if cells[place] not in poles else 90 if xy[:, 1].mean() > 0 else -90
        shapes[place] = _over_pole(xy, pole) if pole else _split(xy)
    return shapes


def cell_borders(cells: UInt64) -> tuple[Float64, Float64]:
    """Lines along the cells' borders, and how far the true borders may run beside them, in degrees.

    float64[m, 4] from longitude, latitude to longitude, latitude; float64[m, 2] in longitude and latitude. Lines do
    not reach over the antimeridian; parts near a pole (above 86 degrees) have no meaning.

    Rule    A cell's sides are great circles between the corners of its boundary, to which H3 adds one wherever a
            side crosses an edge of the icosahedron: a point's cell is found on its own face, in a gnomonic
            projection, where great circles are straight. The margin is a ten-thousandth of a side, against rounding;
            twice what a part of p radians of a great circle may bend from a straight line of longitude and latitude,
            p^2/8 * tan(latitude) * sin(a) * (1 + cos(a)^2) at most, for a course a; and what H3 errs near the middle
            of a face, see `_blur`.
    Source  h3geo.org, "Overview of the H3 geospatial indexing system"; `tests/zones/test_cells.py` measures it.
    """
    xy, ring = shapely.get_coordinates(_rings(cells), return_index=True)
    same = ring[1:] == ring[:-1]
    start, end = _once(xy[:-1][same], xy[1:][same])
    a, b = _unit(start), _unit(end)
    length = np.linalg.norm(a - b, axis=1)
    parts = max(1, int(np.ceil(length.max() / _LONGEST)))
    steps = np.linspace(0, 1, parts + 1)[:, None, None]
    along = a * (1 - steps) + b * steps  # on the chord; seen from the centre, that is the great circle
    lat = np.degrees(np.arctan2(along[..., 2], np.hypot(along[..., 0], along[..., 1])))
    lon = np.degrees(np.arctan2(along[..., 1], along[..., 0]))
    lines = np.stack([lon[:-1], lat[:-1], lon[1:], lat[1:]], axis=-1).reshape(-1, 4)
    flattest = np.radians(np.minimum(np.abs(lines[:, [1, 3]]).max(axis=1), 86))
    bend = 0.3 * (length.max() / parts) ** 2 * np.tan(flattest)
    up = np.degrees(_ROUNDING * np.median(length) + bend + _blur(along[:-1].reshape(-1, 3), along[1:].reshape(-1, 3)))
    margin = np.column_stack([up / np.cos(flattest), up])
    return _unwrapped(lines, margin)


def _once(start: Float64, end: Float64) -> tuple[Float64, Float64]:
    """Sides that two cells share, drawn by both in opposite directions, only once; float64[m, 2] each.

    To 1e-11 degrees, a fiftieth of the smallest margin. What is not recognised is drawn twice, and nothing changes.
    """
    middle = np.rint((start + end) * 1e9)
    order = np.lexsort((middle[:, 0], middle[:, 1]))
    one, next_one = order[:-1], order[1:]
    apart = np.maximum(np.abs(start[one] - end[next_one]), np.abs(end[one] - start[next_one])).max(axis=1)
    kept: Bool = np.ones(len(start), dtype=np.bool_)
    kept[next_one[apart <= 1e-11]] = False
    return start[kept], end[kept]


def _blur(start: Float64, end: Float64) -> Float64:
    """How far H3 may misplace points along lines, from float64[m, 3] to float64[m, 3] on the unit sphere: radians.

    H3 takes the distance r of a point from the middle of its face as acos(1 - d^2/2), in which the last digit of 1 is
    worth 1e-16 / r: nothing in general, centimetres within a metre of the middle, where cells of resolution 15 are
    half a metre wide. No border is nearer than 5e-8.
    """
    least = np.full(len(start), 0.001)
    for centre in _face_centres():
        near = np.flatnonzero(start @ centre > 1 - (_LONGEST + 0.001) ** 2)
        away, along = centre - start[near], end[near] - start[near]
        share = np.clip((away * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-300), 0, 1)
        least[near] = np.minimum(least[near], np.linalg.norm(away - share[:, None] * along, axis=1))
    return np.asarray(5e-16 / np.maximum(least, 1e-8), dtype=np.float64)


def _face_centres() -> Float64:
    """The middles of the 20 faces of H3's icosahedron, whose 12 corners are its pentagons: float64[20, 3]."""
    import h3

    corners = _unit(np.array([h3.cell_to_latlng(cell)[::-1] for cell in h3.get_pentagons(0)]))
    beside = corners @ corners.T > 0.4  # 0.447, or -0.447 and -1 further on
    faces = [sum(corners[list(t)]) for t in combinations(range(12), 3) if beside[np.ix_(t, t)].all()]
    return np.array([face / np.linalg.norm(face) for face in faces])


def _unwrapped(lines: Float64, margin: Float64) -> tuple[Float64, Float64]:
    """Lines over the antimeridian are drawn twice, once at each end of the map."""
    turn = 360.0 * np.sign(lines[:, 0] - lines[:, 2]) * (np.abs(lines[:, 0] - lines[:, 2]) > 180)
    wraps = turn != 0
    onward, back = lines.copy(), lines[wraps].copy()
    onward[:, 2] += turn
    back[:, 0] -= turn[wraps]
    return np.vstack([onward, back]), np.vstack([margin, margin[wraps]])


def _rings(cells: UInt64) -> Shapes:
    """Boundaries as H3 gives them, longitudes from -180 to 180 without regard for the antimeridian."""
    import pyarrow as pa
    from h3ronpy.vector import cells_to_wkb_polygons

    shapes: Shapes = shapely.from_wkb(np.array(pa.array(cells_to_wkb_polygons(cells)).to_pylist(), dtype=object))
    return shapes


def _cells_at(lat: Float64, lon: Float64, resolution: int) -> UInt64:
    from h3ronpy.vector import coordinates_to_cells

    return np.asarray(coordinates_to_cells(lat, lon, resolution), dtype=np.uint64)


def _wraps(shapes: Shapes) -> Bool:
    bounds = shapely.bounds(shapes)
    wide: Bool = bounds[:, 2] - bounds[:, 0] > 180
    return wide


def _split(xy: Float64) -> shapely.Geometry:
    """A ring over the antimeridian as one part on each side of it."""
    east = np.where(xy[:, 0] < 0, xy[:, 0] + 360, xy[:, 0])
    whole = shapely.Polygon(np.column_stack([east, xy[:, 1]]))
    left = whole.intersection(shapely.box(-180, -90, 180, 90))
    right = shapely.affinity.translate(whole.intersection(shapely.box(180, -90, 540, 90)), -360)
    parts = [part for part in (left, right) if isinstance(part, shapely.Polygon) and part.area > 0]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _over_pole(xy: Float64, pole: int) -> shapely.Geometry:
    """The ring around a pole, from -180 to 180 and closed along the pole."""
    ring = xy[np.argsort(xy[:, 0])]
    first, last = ring[0], ring[-1]
    share = (180 - last[0]) / (first[0] + 360 - last[0])
    lat = last[1] + share * (first[1] - last[1])  # where it crosses the antimeridian
    return shapely.Polygon(np.vstack([[-180, pole], [-180, lat], ring, [180, lat], [180, pole]]))


def _unit(xy: Float64) -> Float64:
    lon, lat = np.radians(xy[:, 0]), np.radians(xy[:, 1])
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
