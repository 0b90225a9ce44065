"""Vector files (GeoJSON, GeoPackage, GeoParquet): every way to be unusable becomes one sentence.

Plain GeoJSON is read without GDAL; all else through geopandas, which is loaded only then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from shoal.errors import DataError
from shoal.zones._asked import Asked
from shoal.zones._geojson import Shapes, read_plain

ENDINGS = (".geojson", ".json", ".gpkg", ".parquet")
_SAME_AS_WGS84 = {
    ("EPSG", "4326"), ("EPSG", "4979"), ("OGC", "CRS84"), ("OGC", "CRS84h"),  # WGS 84
    ("EPSG", "4269"), ("OGC", "CRS83"), ("EPSG", "6318"),  # NAD83, NAD83(2011)
    ("EPSG", "4258"), ("EPSG", "4674"), ("EPSG", "6365"), ("EPSG", "4483"),  # ETRS89, SIRGAS 2000, Mexico ITRF
    ("EPSG", "4283"), ("EPSG", "7844"), ("EPSG", "4167"), ("EPSG", "6668"),  # GDA94, GDA2020, NZGD2000, JGD2011
}  # fmt: skip
"""Coordinate systems in degrees that differ from WGS 84 by two metres at most."""

_WGS84 = object()
"""The coordinate system of plain GeoJSON, without `pyproj`."""


@dataclass(frozen=True)
class Features:
    """n features of a vector file.

    file     where they come from
    columns  name -> n values
    shapes   shapely geometries[n], two-dimensional, WGS 84 degrees, none missing or empty
    """

    file: Path
    columns: dict[str, Sequence[object]]
    shapes: Shapes


def read_features(asked: Asked, key: str, kinds: tuple[str, ...]) -> Features:
    """The features of the file that `key` of the table names; `kinds` are the geometry types that may occur.

    Raises `PlanError` where the key names no such file or layer, `DataError` where the file can't be used.
    """
    file = asked.plan.folder / str(asked.get(key))
    if file.suffix.lower() not in ENDINGS:
        raise asked.error(key, f"{file.name} must be a file that ends in {', '.join(ENDINGS)}")
    if not file.is_file():
        raise asked.error(key, f"there is no file {file}; check the path")
    columns, shapes, crs = _plain(asked, file, key) or _through_geopandas(asked, file)
    if not shapes.size:
        raise DataError(f"{file}: there is no feature in it; {asked.table} are one feature each")
    _check_shapes(asked, file, shapes, kinds)
    _check_crs(file, crs, shapes)
    return Features(file, columns, shapely.force_2d(shapes))


def as_polygons(file: Path, shapes: Shapes) -> Shapes:
    """Polygons and multipolygons in which every shape is valid; what is not is repaired, keeping its area.

    Raises `DataError` where nothing with an area is left.
    """
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    if not wrong.size:
        return shapes
    mended = shapes.copy()
    for row in wrong:
        parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shapes[row])))
        areas = parts[shapely.get_type_id(parts) == 3]
        if not areas.size:
            why = shapely.is_valid_reason(shapes[row]).split("[")[0].strip().lower()
            raise DataError(f"{file}: the shape of feature {row + 1} has no area ({why}); mend or remove it")
        mended[row] = areas[0] if areas.size == 1 else shapely.multipolygons(areas)
    return mended


def _plain(asked: Asked, file: Path, key: str) -> tuple[dict[str, Sequence[object]], Shapes, Any] | None:
    """Columns, shapes and coordinate system of plain GeoJSON; None: it has to be read the long way."""
    if file.suffix.lower() not in (".geojson", ".json") or asked.get("layer") is not None:
        return None
    found = read_plain(file, columns=key != "area")  # an area is a shape, whatever else stands there
    return None if found is None else (*found, _WGS84)


def _through_geopandas(asked: Asked, file: Path) -> tuple[dict[str, Sequence[object]], Shapes, Any]:
    table = _parquet(asked, file) if file.suffix.lower() == ".parquet" else _gdal(asked, file)
    names = [str(name) for name in table.columns if name != table.geometry.name]
    shapes: Shapes = np.array(table.geometry.array, dtype=np.object_)
    return {name: table[name].tolist() for name in names}, shapes, table.crs


def _gdal(asked: Asked, file: Path) -> Any:
    import geopandas
    import pyogrio

    broken = (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        pyogrio.errors.FieldError,
        pyogrio.errors.GeometryError,
        pyogrio.errors.CRSError,
        ValueError,
    )
    try:
        layers = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
    except broken:
        raise DataError(f"{file}: this is no {file.suffix[1:]} file that can be read; export it again") from None
    layer = _layer(asked, file, layers)
    try:
        table = geopandas.read_file(file, layer=layer, engine="pyogrio")
    except broken:
        raise DataError(f"{file}: its features can't be read; export the file again") from None
    if not isinstance(table, geopandas.GeoDataFrame):
        raise DataError(f"{file}: there are no shapes in it; {asked.table} need geometries")
    return table


def _layer(asked: Asked, file: Path, layers: list[str]) -> str:
    known = ", ".join(repr(name) for name in layers[:5]) + (", ..." if len(layers) > 5 else "")
    wanted = asked.get("layer")
    if wanted is not None:
        if wanted not in layers:
            near = get_close_matches(wanted, layers, 1, 0.0)
            hint = f"; the nearest is {near[0]!r}" if near else ""
            raise asked.error("layer", f"{file} has no layer {wanted!r}{hint}")
        return wanted
    if not layers:
        raise DataError(f"{file}: there is no layer in it")
    if len(layers) > 1:
        raise asked.error("layer", f"is missing; {file} has {len(layers)} layers ({known}), name one")
    return layers[0]


def _parquet(asked: Asked, file: Path) -> Any:
    import geopandas
    import pyproj

    if asked.get("layer") is not None:
        raise asked.error("layer", "means nothing for a Parquet file")
    try:
        return geopandas.read_parquet(file)
    except (ValueError, KeyError, TypeError, OSError, pyproj.exceptions.CRSError, shapely.errors.ShapelyError):
        raise DataError(f"{file}: this is no GeoParquet file that can be read; export it again") from None


def _check_shapes(asked: Asked, file: Path, shapes: Shapes, kinds: tuple[str, ...]) -> None:
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if missing.any():
        raise DataError(
            f"{file}: {missing.sum()} of {shapes.size} features have no shape, feature {missing.argmax() + 1} is one;"
            " give each one or remove it"
        )
    types = np.array([shape.geom_type for shape in shapes])
    other = ~np.isin(types, kinds)
    if other.any():
        raise DataError(
            f"{file}: feature {other.argmax() + 1} is a {types[other.argmax()]}; "
            f"{asked.table if other.all() else f'every {asked.one}'} must be {' or '.join(kinds)}"
        )


def _check_crs(file: Path, crs: Any, shapes: Shapes) -> None:
    advice = f"convert it, for example with `ogr2ogr -t_srs EPSG:4326 {file.stem}_wgs84.geojson {file.name}`"
    if crs is not None and crs is not _WGS84 and not _is_wgs84(crs):
        authority = crs.to_authority()
        label = f"{crs.name} ({':'.join(authority)})" if authority else crs.name
        raise DataError(f"{file}: its coordinates are in {label}, not in WGS 84 degrees; {advice}")
    xy = shapely.get_coordinates(shapes)
    if not np.isfinite(xy).all():
        raise DataError(f"{file}: some coordinates are no numbers; export the file again")
    if (np.abs(xy) > [180, 90]).any():
        told = "in WGS 84" if crs is not None else "without a coordinate system"
        raise DataError(f"{file}: it is {told}, but has coordinates outside -180..180, -90..90 degrees; {advice}")


def _is_wgs84(crs: Any) -> bool:
    if not crs.is_geographic:
        return False
    for authority in ("EPSG", "OGC"):
        found = crs.to_authority(auth_name=authority)
        if found is not None and tuple(found) in _SAME_AS_WGS84:
            return True
    return False
