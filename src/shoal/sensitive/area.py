"""The sensitive area: polygons as they are, and circles around points; and which zones it isolates."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

from shoal._arrays import Bool, Float64, Int32
from shoal.sensitive.listing import Listing, Shapes
from shoal.zones import Zones
from shoal.zones._located import once
from shoal.zones.polygons import PolygonZones

CORNERS: Final = 64
"""Of a circle. It is drawn around the true one, at most 0.12 % wider: 64 cm of 533 m."""
_SMALLEST_EARTH: Final = 6_300_000.0  # metres: below every radius of curvature of the ellipsoid
HALF: Final = 0.5
"""A zone is isolated where the area covers so much of it: then a point of it that one knows nothing else of is more
likely in the area than not, and its number would be read as that of the listed place. With less, most of the zone is
elsewhere, and what it says, without the records of the area, is about that."""


@dataclass(frozen=True, eq=False)
class Area:
    """Where no record is used.

    shapes  shapely polygons[p], WGS 84: one a listed place, or two where it lies on both sides of the antimeridian
    place   int32[p]  the listed place that each of them is about
    """

    shapes: Shapes
    place: Int32

    @classmethod
    def of(cls, listing: Listing, buffer: float) -> "Area":
        """The area of the listed places; `buffer` is the radius in metres of the circles around points."""
        kinds = shapely.get_type_id(listing.shapes)
        points = np.flatnonzero(kinds == 0)
        circles, owner = _circles(shapely.get_x(listing.shapes[points]), shapely.get_y(listing.shapes[points]), buffer)
        others = np.flatnonzero(kinds != 0)
        shapes = np.concatenate([circles, listing.shapes[others]])
        return cls(shapes, np.concatenate([points[owner], others]).astype(np.int32))

    def covers(self, lat: Int32, lon: Int32) -> Bool:
        """Which of n points in 1e-7 degrees lie in the area, borders included: bool[n]. Safe to call from threads."""
        return self._located.locate(lat, lon) >= 0

    def of_zones(self, zones: Zones) -> Bool:
        """Which zones the area isolates: it covers at least half of them, or holds them where they are points. bool[z].

        By geometry alone, in the cylindrical equal-area projection.
        """
        return self._share(zones.shapes)[0] >= HALF

    def first_place(self, shape: shapely.Geometry) -> int:
        """The listed place that covers most of a shape."""
        _, found = self._share(np.array([shape], dtype=np.object_))
        return int(found[0])

    def _share(self, shapes: Shapes) -> tuple[Float64, Int32]:
        """What part of each shape the area covers, float64[n]; and the place that covers most of it, -1 for none."""
        tree = shapely.STRtree(self.shapes)
        of, piece = tree.query(shapes, predicate="intersects")
        share, place = np.zeros(len(shapes)), np.full(len(shapes), -1, dtype=np.int32)
        order = np.argsort(of, kind="stable")
        of, piece = of[order], piece[order]
        for number in np.unique(of):
            pieces = piece[np.searchsorted(of, number) : np.searchsorted(of, number, side="right")]
            shape = shapes[number]
            if shapely.get_type_id(shape) == 0:
                share[number], place[number] = 1.0, self.place[pieces[0]]
                continue
            parts = shapely.intersection(_flat(self.shapes[pieces]), _flat(shape))
            areas = shapely.area(parts)
            share[number] = shapely.union_all(parts).area / _flat(shape).area
            place[number] = self.place[pieces[areas.argmax()]]
        return share, place

    @once
    def _located(self) -> PolygonZones:
        """The same in one piece, as zones: what a record lies in is found as its zone is."""
        parts = shapely.get_parts(shapely.union_all(self.shapes))
        parts = parts[shapely.get_type_id(parts) == 3]
        nobody = (None,) * len(parts)
        return PolygonZones(tuple(f"{number:08d}" for number in range(len(parts))), nobody, nobody, parts)

    def __reduce__(self) -> tuple[type["Area"], tuple[Shapes, Int32]]:
        """It travels without what is worked out from it."""
        return type(self), (self.shapes, self.place)


def _circles(lon: Float64, lat: Float64, radius: float) -> tuple[Shapes, Int32]:
    """Polygons around points, degrees; and the point of each, int32: on the antimeridian a circle is two.

    The corners are geodesics on the WGS 84 ellipsoid from the point; they lie on the circle around which the true one
    is inscribed, so that each side touches it from outside.
    """
    if not lon.size:
        return np.empty(0, dtype=np.object_), np.empty(0, dtype=np.int32)
    from pyproj import Geod

    wide = radius / np.cos(np.pi / CORNERS)
    course = np.tile(np.arange(CORNERS) * (360 / CORNERS), lon.size)
    middle = np.repeat(lon, CORNERS)
    east, north, _ = Geod(ellps="WGS84").fwd(middle, np.repeat(lat, CORNERS), course, np.full(middle.size, wide))
    east = middle + (np.asarray(east) - middle + 180) % 360 - 180  # no jump within a circle
    corners = np.column_stack([east, north]).reshape(lon.size, CORNERS, 2)
    polar = np.abs(lat) + np.degrees(wide / _SMALLEST_EARTH) >= 90
    shapes: list[shapely.Geometry] = []
    owner: list[int] = []
    for row, ring in enumerate(corners):
        pieces = [_cap(ring, float(lat[row]))] if polar[row] else _within_map(ring)
        shapes += pieces
        owner += [row] * len(pieces)
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return array, np.array(owner, dtype=np.int32)


def _cap(ring: Float64, lat: float) -> shapely.Geometry:
    """The pole is in the circle, or near: everything from its farthest parallel on."""
    edge = float(np.abs(ring[:, 1]).min())
    return shapely.box(-180, edge, 180, 90) if lat > 0 else shapely.box(-180, -90, 180, -edge)


def _within_map(ring: Float64) -> list[shapely.Geometry]:
    """A circle as polygons between -180 and 180 degrees."""
    if np.abs(ring[:, 0]).max() <= 180:
        return [shapely.Polygon(ring)]
    turned = (shapely.Polygon(ring + np.array([turn, 0.0])) for turn in (-360, 0, 360))
    inside = (shapely.clip_by_rect(shape, -180, -90, 180, 90) for shape in turned)
    return [piece for piece in inside if isinstance(piece, shapely.Polygon) and not piece.is_empty]


def _flat(shapes: Any) -> Any:
    """In the cylindrical equal-area projection: areas of parts and wholes compare."""
    return shapely.transform(shapes, lambda xy: np.column_stack([xy[:, 0], np.degrees(np.sin(np.radians(xy[:, 1])))]))
