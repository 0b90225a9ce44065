"""The named places of the city: polygons around the largest sites of some kinds, where most of its people go."""

from dataclasses import dataclass

import numpy as np
import shapely

from shoal.simulate import frame, geography
from shoal.simulate.arrays import Float64, Int64
from shoal.simulate.city import GATES, LEISURE, SCHOOLS, SHOPS, WORK, City
from shoal.simulate.write import degrees

KINDS = (  # category, kind of its sites, how many, half axes in metres, whether its corners are cut
    ("university", SCHOOLS, 1, 220.0, 180.0, False),
    ("station", GATES, 3, 150.0, 90.0, False),
    ("stadium", LEISURE, 3, 130.0, 110.0, True),
    ("park", LEISURE, 8, 170.0, 130.0, True),
    ("hospital", WORK, 4, 100.0, 80.0, False),
    ("market", SHOPS, 12, 80.0, 60.0, False),
    ("school", SCHOOLS, 12, 70.0, 70.0, False),
)


@dataclass(frozen=True)
class Venues:
    """p places that lie apart from each other, ascending by id."""

    id: list[str]
    name: list[str]
    category: list[str]
    shape: list[shapely.Polygon]
    """In the city's frame, metres."""

    published: list[shapely.Polygon]
    """The same as a reader of `places.geojson` has them, degrees."""
    box: list[tuple[float, float, float, float]]
    """West, south, east and north of each of these. Threads share them, and GEOS works them out when first asked."""

    def of(self, x: Float64, y: Float64) -> Int64:
        """`int64[n]`: the place that holds each point, metres, borders included; -1 for none."""
        found = np.full(x.size, -1, np.int64)
        east, north = frame.longitude(x, y), frame.latitude(x, y)
        for number, (shape, (west, south, right, top)) in enumerate(zip(self.published, self.box, strict=True)):
            near = np.flatnonzero((east >= west) & (east <= right) & (north >= south) & (north <= top))
            found[near[shapely.intersects_xy(shape, east[near], north[near])]] = number
        return found


def venues(city: City) -> Venues:
    """Of each category the largest sites within the study area that keep apart from those before; always the same."""
    out, area = Venues([], [], [], [], [], []), geography.area()
    for category, kind, number, half_x, half_y, cut in KINDS:
        named = 0
        for x, y in _largest(city, kind):
            shape = _outline(x, y, half_x, half_y, cut=cut)
            if area.contains(shape) and not any(shape.intersects(other) for other in out.shape):
                named += 1
                out.id.append(f"P{len(out.id) + 1:02d}")
                out.name.append(f"{category.capitalize()} {named}")
                out.category.append(category)
                out.shape.append(shape)
                out.published.append(shapely.Polygon(degrees(shape)))
                out.box.append(out.published[-1].bounds)
            if named == number:
                break
    return out


def _largest(city: City, kind: int) -> list[tuple[float, float]]:
    """x, y of the sites of a kind, the largest first."""
    site = city.site[city.first[kind] : city.first[kind + 1]]
    order = np.argsort(-np.diff(site["upto"], prepend=0.0), kind="stable")
    return list(zip(site["x"][order].tolist(), site["y"][order].tolist(), strict=True))


def _outline(x: float, y: float, half_x: float, half_y: float, *, cut: bool) -> shapely.Polygon:
    """Along the streets: a rectangle, or an octagon in it."""
    if not cut:
        return shapely.box(x - half_x, y - half_y, x + half_x, y + half_y)
    u, v = half_x / 2, half_y / 2
    corners = [
        (half_x, v),
        (u, half_y),
        (-u, half_y),
        (-half_x, v),
        (-half_x, -v),
        (-u, -half_y),
        (u, -half_y),
        (half_x, -v),
    ]
    return shapely.Polygon([(x + east, y + north) for east, north in corners])
