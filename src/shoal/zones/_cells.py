"""What is drawn around H3 cells: their polygons for maps and tables, their true borders for the raster."""

import numpy as np
import shapely
import shapely.affinity

from shoal._arrays import Bool, Float64, UInt64
from shoal.zones._read import Shapes

_LONGEST = 0.002  # radians; a border line is cut into parts no longer than this


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
            projection, where great circles are straight. The margin is a thousandth of a side, against rounding, and
            what a part of p radians of a great circle may bend from a straight line of longitude and latitude:
            p^2/8 * tan(latitude), which up to 86 degrees is less than 2 p^2.
    Source  h3geo.org, "Overview of the H3 geospatial indexing system"; `tests/zones/test_cells.py` measures it.
    """
    xy, ring = shapely.get_coordinates(_rings(cells), return_index=True)
    same = ring[1:] == ring[:-1]
    start, end = xy[:-1][same], xy[1:][same]
    a, b = _unit(start), _unit(end)
    length = np.linalg.norm(a - b, axis=1)
    parts = max(1, int(np.ceil(length.max() / _LONGEST)))
    steps = np.linspace(0, 1, parts + 1)[:, None, None]
    along = a * (1 - steps) + b * steps  # on the chord; seen from the centre, that is the great circle
    lat = np.degrees(np.arctan2(along[..., 2], np.hypot(along[..., 0], along[..., 1])))
    lon = np.degrees(np.arctan2(along[..., 1], along[..., 0]))
    lines = np.stack([lon[:-1], lat[:-1], lon[1:], lat[1:]], axis=-1).reshape(-1, 4)
    beside = np.degrees(0.001 * np.median(length) + 2 * (length.max() / parts) ** 2)
    flattest = np.minimum(np.abs(lines[:, [1, 3]]).max(axis=1), 86)
    margin = beside * np.column_stack([1 / np.cos(np.radians(flattest)), np.ones(len(lines))])
    return _unwrapped(lines, margin)


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

    shapes: Shapes = shapely.from_wkb(pa.array(cells_to_wkb_polygons(cells)).to_numpy(zero_copy_only=False))
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
