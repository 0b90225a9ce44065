"""Land, borders and names around a release, cut out of the explorer's basemap, for pages that stand alone."""

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from shoal._arrays import Float64
from shoal.serve import pages

Box = tuple[float, float, float, float]
"""west, south, east, north, degrees."""

REACH = 2.0
"""How far around the places a page's map goes, in widths of them."""
LEAST = 0.6
"""Degrees that it goes at least."""
MOST_TOWNS = 2000
TILE = 30
"""Degrees; as web/scripts/basemap.ts cuts its files."""


def surroundings(box: Box, static: Path = pages.STATIC) -> dict[str, Any]:
    """`bounds`, `land`, `borders` (GeoJSON) and `towns` (features), as web/src/data/carried.ts reads them.

    box     where the places lie
    static  the explorer's files
    """
    around = _grown(box)
    land, borders = _world(static / "basemap" / "world-10m.json", around)
    return {"bounds": around, "land": land, "borders": borders, "towns": _towns(static / "basemap", around)}


def _grown(box: Box) -> Box:
    west, south, east, north = box
    across, up = max(LEAST, REACH * (east - west)), max(LEAST, REACH * (north - south))
    return max(-180.0, west - across), max(-85.0, south - up), min(180.0, east + across), min(85.0, north + up)


def _world(file: Path, box: Box) -> tuple[Any, Any]:
    """Land as an area, borders as lines, both within the box."""
    import shapely

    polygons, borders = _outlines(file)
    near = shapely.intersects(shapely.box(*shapely.bounds(polygons).T), shapely.box(*box))
    # cut first: to mend and join whole continents takes seconds
    land = shapely.union_all(shapely.make_valid(shapely.clip_by_rect(polygons[near], *box)))
    return _geojson(land), _geojson(shapely.clip_by_rect(borders, *box))


@lru_cache(maxsize=1)
def _outlines(file: Path) -> tuple["np.ndarray[Any, Any]", Any]:
    """All land as polygons, and the borders between countries. The file is TopoJSON: outlines as shared arcs."""
    import shapely

    topology = json.loads(file.read_text(encoding="utf-8"))
    arcs = [_arc(arc, topology["transform"]) for arc in topology["arcs"]]
    rings = [
        [_ring(ring, arcs) for ring in polygon]
        for geometry in topology["objects"]["land"]["geometries"]
        for polygon in _polygons(geometry)
    ]
    polygons = [
        shapely.Polygon(outline, [hole for hole in holes if len(hole) > 3])
        for outline, *holes in rings
        if len(outline) > 3  # islands that the scale made points
    ]
    shared = [shapely.LineString(arcs[index]) for index in sorted(_shared(topology["objects"]["countries"]))]
    return np.array(polygons), shapely.MultiLineString(shared)


def _arc(arc: Sequence[Sequence[int]], transform: dict[str, Any]) -> Float64:
    """float64[n, 2] of one arc: steps of whole numbers, scaled."""
    steps = np.cumsum(np.array(arc, dtype=np.float64), axis=0)
    return np.asarray(steps * transform["scale"] + transform["translate"])


def _ring(indexes: Sequence[int], arcs: Sequence[Float64]) -> Float64:
    """One closed line; ~i means arc i backwards, and each arc begins where the one before ended."""
    parts = [arcs[at] if at >= 0 else arcs[~at][::-1] for at in indexes]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _polygons(geometry: dict[str, Any]) -> list[list[list[int]]]:
    if geometry["type"] == "Polygon":
        return [geometry["arcs"]]
    return list(geometry["arcs"]) if geometry["type"] == "MultiPolygon" else []


def _shared(countries: dict[str, Any]) -> set[int]:
    """Arcs that two countries have in common."""
    once: set[int] = set()
    twice: set[int] = set()
    for geometry in countries["geometries"]:
        own = {at if at >= 0 else ~at for rings in _polygons(geometry) for ring in rings for at in ring}
        twice |= once & own
        once |= own
    return twice


def _geojson(shape: Any) -> Any:
    import shapely

    rounded = shapely.transform(shape, lambda xy: np.round(xy, 4) + 0.0)
    return json.loads(shapely.to_geojson(rounded))


def _towns(folder: Path, box: Box) -> list[dict[str, Any]]:
    """The largest towns within the box, as features."""
    west, south, east, north = box
    found: list[tuple[int, str, float, float]] = []
    for x in range(int((west + 180) // TILE), int((east + 180) // TILE) + 1):
        for y in range(int((south + 90) // TILE), int((north + 90) // TILE) + 1):
            file = folder / f"places-{x % 12}-{y}.json"
            if not file.is_file():
                continue
            packed = json.loads(file.read_text(encoding="utf-8"))
            rows = zip(packed["thousands"], packed["names"], packed["lon"], packed["lat"], strict=True)
            found += [(size, name, lon / 1e4, lat / 1e4) for size, name, lon, lat in rows]
    inside = [town for town in found if west <= town[2] <= east and south <= town[3] <= north]
    return [
        {
            "type": "Feature",
            "properties": {"name": name, "thousands": size},
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
        }
        for size, name, lon, lat in sorted(inside, reverse=True)[:MOST_TOWNS]
    ]
