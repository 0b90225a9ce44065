"""From an extract of OpenStreetMap or Overture to a list of sensitive places; names are left behind.

OpenStreetMap: GeoJSON whose properties are tags, GeoPackage, .osm.pbf and .osm as GDAL reads them (columns, and further
tags in `other_tags`). Overture: places as GeoParquet or GeoJSON, with `categories`, `taxonomy` or `basic_category`.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely

from shoal._sensitive import SensitiveClass
from shoal.errors import DataError
from shoal.sensitive.classes import NAMES, OSM_KEYS, of_osm, of_overture
from shoal.sensitive.listing import About, Listing

ENDINGS: Final = (".geojson", ".json", ".parquet", ".gpkg", ".fgb", ".pbf", ".osm")
_OVERTURE: Final = ("categories", "taxonomy", "basic_category")
_PAIR: Final = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')
_LAYERS: Final = ("points", "lines", "multipolygons")
"""Of a file of OpenStreetMap's own: the others hold relations without a place of their own."""
_AT_ONCE: Final = 1 << 16

Place = tuple[SensitiveClass, str | None, shapely.Geometry]
Row = tuple[Mapping[str, Any], shapely.Geometry | None]


def convert(file: Path, reviewed: date, version: str) -> Listing:
    """The sensitive places of an extract, as a list with this review date and version.

    A place that is a point stays one, an area keeps its shape, a closed line becomes the area in it; other lines are
    left out. Raises `DataError`: one sentence.
    """
    if file.suffix.lower() not in ENDINGS:
        raise DataError(f"{file}: an extract ends in {', '.join(ENDINGS)}; export it as one of these")
    if not file.is_file():
        raise DataError(f"{file}: there is no such file; give an extract of OpenStreetMap or of Overture's places")
    overture, rows = _rows(file)
    found: dict[tuple[str, bytes], Place] = {}
    for fields, shape in rows:
        name = of_overture(_categories(fields)) if overture else of_osm(_tags(fields))
        if name is None or shape is None:
            continue
        for part in _parts(shape):
            own = fields.get("id") if overture else _osm_id(fields)
            found.setdefault((name, shapely.to_wkb(part)), (name, own, part))
    if not found:
        raise DataError(f"{file}: no place in it has a tag or category of the list; see docs/sensitive-places.md")
    order = {name: place for place, name in enumerate(NAMES)}
    places = [found[key] for key in sorted(found, key=lambda key: (order[key[0]], key[1]))]  # type: ignore[index]
    source, licence = ("Overture Maps places", "CDLA-Permissive-2.0") if overture else ("OpenStreetMap", "ODbL-1.0")
    shapes = np.empty(len(places), dtype=np.object_)
    shapes[:] = [shape for *_, shape in places]
    about = About(version, reviewed, source, licence)
    return Listing(about, tuple(own for _, own, _ in places), tuple(name for name, *_ in places), shapes)


def _rows(file: Path) -> tuple[bool, Iterable[Row]]:
    """Whether the extract is Overture's, and its features."""
    match file.suffix.lower():
        case ".geojson" | ".json":
            rows = _of_geojson(file)
            return any(key in fields for fields, _ in rows[:1000] for key in _OVERTURE), rows
        case ".parquet":
            return True, _of_parquet(file)
        case _:
            return False, _of_gdal(file)


def _of_geojson(file: Path) -> list[Row]:
    try:
        features = json.loads(file.read_bytes().decode("utf-8-sig"))["features"]
        return [
            (
                (feature.get("properties") or {}) | ({"id": feature["id"]} if "id" in feature else {}),
                None if feature["geometry"] is None else shapely.from_geojson(json.dumps(feature["geometry"])),
            )
            for feature in features
        ]
    except OSError as error:
        raise DataError(f"{file}: can't be read ({error.strerror}); check its permissions") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, shapely.errors.ShapelyError):
        raise DataError(f"{file}: this is no GeoJSON feature collection that can be read; export it again") from None


def _of_parquet(file: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open("rb") as source:
            parquet = pq.ParquetFile(source)
            names = [name for name in ("id", "geometry", *_OVERTURE) if name in parquet.schema_arrow.names]
            if "geometry" not in names or not set(names) & set(_OVERTURE):
                raise DataError(
                    f"{file}: it has no column `geometry`, or none of {', '.join(_OVERTURE)}; give Overture's places"
                )
            for batch in parquet.iter_batches(_AT_ONCE, columns=names):
                for row in batch.to_pylist():
                    yield row, shapely.from_wkb(row.pop("geometry"))
    except OSError as error:
        raise DataError(f"{file}: can't be read ({error.strerror or 'it is damaged'}); export it again") from None
    except (pa.ArrowException, ValueError, TypeError, shapely.errors.ShapelyError):
        raise DataError(f"{file}: this is no GeoParquet file that can be read; export it again") from None


def _of_gdal(file: Path) -> Iterator[Row]:
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
        if file.suffix.lower() in (".pbf", ".osm"):
            layers = [name for name in layers if name in _LAYERS]
        for layer in layers:
            columns = [str(name) for name in pyogrio.read_info(file, layer=layer)["fields"]]
            frame = geopandas.read_file(file, layer=layer, engine="pyogrio", where=_where(columns))
            if not isinstance(frame, geopandas.GeoDataFrame) or frame.empty:
                continue
            if frame.crs is not None:
                frame = frame.to_crs(4326)
            shapes = frame.geometry.array
            records = frame.drop(columns=frame.geometry.name).to_dict("records")
            yield from (({"_layer": layer, **fields}, shape) for fields, shape in zip(records, shapes, strict=True))
    except broken:
        raise DataError(f"{file}: this is no file that can be read here; convert it to GeoJSON") from None


def _where(columns: list[str]) -> str | None:
    """A condition that lets through what has any of the keys; None: there is nothing to tell it by."""
    conditions = [f'"{key}" IS NOT NULL' for key in sorted(OSM_KEYS) if key in columns]
    if "other_tags" in columns:
        conditions += [f"other_tags LIKE '%\"{key}\"=>%'" for key in sorted(OSM_KEYS)]
    return " OR ".join(conditions) or None


def _tags(fields: Mapping[str, Any]) -> dict[str, str]:
    tags = {key: value for key, value in fields.items() if isinstance(value, str) and value}
    for key, value in _PAIR.findall(tags.pop("other_tags", "")):
        tags.setdefault(re.sub(r"\\(.)", r"\1", key), re.sub(r"\\(.)", r"\1", value))
    return tags


def _osm_id(fields: Mapping[str, Any]) -> str | None:
    """Of exports by GDAL (osm_id, or osm_way_id of an area), Overpass (@id) and others (id)."""
    kind = {"points": "node/", "lines": "way/", "multipolygons": "relation/"}.get(str(fields.get("_layer")), "")
    for key, prefix in (("osm_way_id", "way/"), ("osm_id", kind), ("@id", ""), ("id", "")):
        if isinstance(value := fields.get(key), (str, int)) and value != "":
            return f"{prefix}{value}"[:200]
    return None


def _categories(fields: Mapping[str, Any]) -> Iterator[str]:
    """All categories of a place of Overture, those above them in the hierarchy among them."""
    for key in _OVERTURE:
        value = fields.get(key)
        if isinstance(value, str) and value.startswith("{"):  # GDAL writes structures as text
            try:
                value = json.loads(value)
            except ValueError:
                continue
        yield from _texts(value)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


def _parts(shape: shapely.Geometry) -> Iterator[shapely.Geometry]:
    """The shape as points, and polygons that are valid."""
    flat: Any = shapely.force_2d(shape)
    match flat.geom_type:
        case "Point":
            if not flat.is_empty:
                yield flat
        case "MultiPoint" | "GeometryCollection" | "MultiLineString":
            for part in shapely.get_parts(flat):
                yield from _parts(part)
        case "LineString":
            if flat.is_closed and len(shapely.get_coordinates(flat)) >= 4:
                yield from _parts(shapely.Polygon(flat))
        case "Polygon" | "MultiPolygon":
            valid = flat if flat.is_valid else shapely.make_valid(flat)
            pieces = shapely.get_parts(shapely.get_parts(valid))
            areas = pieces[shapely.get_type_id(pieces) == 3]
            if areas.size:
                yield areas[0] if areas.size == 1 else shapely.multipolygons(areas)
