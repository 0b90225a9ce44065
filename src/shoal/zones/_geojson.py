"""Plain GeoJSON without GDAL, which takes a third of a second to load; whatever is not plain is left to GDAL."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import shapely

Shapes = np.ndarray[tuple[int], np.dtype[np.object_]]

_WGS84 = "urn:ogc:def:crs:OGC:1.3:CRS84"
_TIME = re.compile(r"\s*(\d{4}[-/]\d|\d{1,2}:\d)")
"""Text that GDAL may take for a date or a time, and give another form."""


def read_plain(file: Path, *, columns: bool) -> tuple[dict[str, Sequence[object]], Shapes] | None:
    """Columns and shapes of a feature collection in WGS 84, as GDAL would give them; None where that is not certain.

    columns  are wanted: each must hold values of one kind, text, whole numbers, fractions or truth; else they are empty
    returns  name -> n values, None where a feature has none; shapely geometries[n]

    Nothing is said of what is wrong with a file that is not plain: GDAL, which can read much more, is asked then.
    Source  RFC 7946; the member "crs" of the older GeoJSON 2008 is known only where it says WGS 84, too.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
        collection = json.loads(text, parse_constant=_no_number)
        features = collection["features"]
        if not (_is_plain(collection) and features and all(_has_shape(feature) for feature in features)):
            return None
        table: dict[str, Sequence[object]] | None = _columns(features) if columns else {}
        if table is None:
            return None
        shapes: Shapes = np.asarray(shapely.get_parts(shapely.from_geojson(text)), dtype=np.object_)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, shapely.errors.ShapelyError):
        return None
    return (table, shapes) if shapes.size == len(features) else None


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


def _is_plain(collection: dict[str, Any]) -> bool:
    crs = collection.get("crs")
    known = crs is None or (crs["type"] == "name" and crs["properties"]["name"] == _WGS84)
    return collection["type"] == "FeatureCollection" and "crs" not in collection.get("properties", {}) and known


def _has_shape(feature: dict[str, Any]) -> bool:
    shape = feature["geometry"]
    return feature["type"] == "Feature" and shape is not None and "crs" not in shape


def _columns(features: list[dict[str, Any]]) -> dict[str, Sequence[object]] | None:
    """The properties by name, in the order in which they first appear; None where GDAL might give other values."""
    if any("id" in feature for feature in features):  # GDAL makes a column of it, or not
        return None
    rows = [feature.get("properties") or {} for feature in features]
    names = dict.fromkeys(name for row in rows for name in row)
    table: dict[str, Sequence[object]] = {name: [row.get(name) for row in rows] for name in names}
    return table if "geometry" not in table and all(_is_kept(values) for values in table.values()) else None


def _is_kept(values: Sequence[object]) -> bool:
    """Does GDAL give these values as they stand?"""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {bool}:
        return None not in values
    if kinds == {int}:
        return all(value is None or (isinstance(value, int) and abs(value) < 2**53) for value in values)
    if kinds == {str}:
        return not any(isinstance(value, str) and _TIME.match(value) for value in values)
    return kinds <= {float}
