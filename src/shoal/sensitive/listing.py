"""The list of sensitive places as a file: GeoJSON or GeoParquet, with who made it, its version and its review date.

A place has a class and a shape, perhaps an id, never a name. What the list is goes into GeoJSON as a member
`sensitive_places` of the collection and into Parquet as metadata under the same key:

    {"version": "2026-03", "reviewed": "2026-03-01", "source": "OpenStreetMap", "licence": "ODbL-1.0"}
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, cast

import numpy as np
import shapely

from shoal._sensitive import SensitiveClass
from shoal.errors import DataError, StateError, UsageError
from shoal.sensitive.classes import NAMES

Shapes = np.ndarray[tuple[int], np.dtype[np.object_]]

ENDINGS: Final = (".geojson", ".json", ".parquet")
_HEAD: Final = "sensitive_places"
_KINDS: Final = ("Point", "Polygon", "MultiPolygon")
_LONGEST: Final = 200


@dataclass(frozen=True)
class About:
    """What the list says of itself.

    reviewed  when somebody last looked whether it is complete
    """

    version: str
    reviewed: date
    source: str
    licence: str

    def as_json(self) -> dict[str, str]:
        return {
            "version": self.version,
            "reviewed": self.reviewed.isoformat(),
            "source": self.source,
            "licence": self.licence,
        }


@dataclass(frozen=True, eq=False)
class Listing:
    """n sensitive places.

    ids      text[n] or None
    classes  text[n]
    shapes   shapely geometries[n]: points, polygons and multipolygons, WGS 84 degrees
    """

    about: About
    ids: tuple[str | None, ...]
    classes: tuple[SensitiveClass, ...]
    shapes: Shapes

    def __len__(self) -> int:
        return len(self.classes)

    def only(self, classes: Iterable[str]) -> "Listing":
        """The places of these classes."""
        wanted = set(classes)
        rows = [row for row, name in enumerate(self.classes) if name in wanted]
        return Listing(
            self.about,
            tuple(self.ids[row] for row in rows),
            tuple(self.classes[row] for row in rows),
            self.shapes[rows],
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what the list says of itself and over its places, in whatever order and format they came.

        Hexadecimal. Coordinates count to 1e-7 degrees, as records do. Public.
        """
        rounded = shapely.transform(self.shapes, lambda xy: np.round(xy, 7) + 0.0)
        rows = zip(self.classes, (i or "" for i in self.ids), shapely.to_wkb(rounded, byte_order=1), strict=True)
        state = sha256(json.dumps(self.about.as_json(), sort_keys=True).encode())
        for name, own, shape in sorted(rows):
            for part in (name.encode(), own.encode(), shape):
                state.update(len(part).to_bytes(8, "little") + part)
        return state.hexdigest()


def read(file: Path) -> Listing:
    """The list in `file`. Raises `DataError`: one sentence on what is wrong, where, and what to do."""
    if file.suffix.lower() not in ENDINGS:
        raise DataError(
            f"{file}: a list of sensitive places ends in {', '.join(ENDINGS)}; see docs/sensitive-places.md"
        )
    if not file.is_file():
        raise DataError(f"{file}: there is no such file; `shoal sensitive convert` makes one")
    head, columns, shapes = _parquet(file) if file.suffix.lower() == ".parquet" else _geojson(file)
    about = _about(file, head)
    if not len(shapes):
        raise DataError(f'{file}: there is no place in it; a plan without a list says [sensitive] none = "why"')
    ids = tuple(_id(file, row, value) for row, value in enumerate(columns.get("id", [None] * len(shapes))))
    if "class" not in columns:
        raise DataError(f"{file}: its places have no `class`; give each one of {', '.join(NAMES)}")
    for row, name in enumerate(columns["class"]):
        if name not in NAMES:
            raise DataError(f"{file}: place {row + 1} has a `class` that is none of {', '.join(NAMES)}; mend it")
    _check(file, shapes)
    classes = cast("tuple[SensitiveClass, ...]", tuple(columns["class"]))
    return Listing(about, ids, classes, shapely.force_2d(shapes))


def write(listing: Listing, file: Path) -> None:
    """Write a list as GeoJSON or GeoParquet, by the ending of `file`; ids are left out where there are none.

    The file is there whole or not at all. Raises `UsageError` where no file can be, `StateError` where writing fails.
    """
    if not file.parent.is_dir() or file.is_dir():
        raise UsageError(f"{file}: no file can be made there; give a name in a folder that exists")
    if file.suffix.lower() == ".parquet":
        data = _to_parquet(listing)
    else:
        data = (json.dumps(_to_geojson(listing), ensure_ascii=False, indent=1) + "\n").encode()
    partial = file.with_name(f".{file.name}.{token_hex(4)}")
    try:
        partial.write_bytes(data)
        partial.replace(file)
    except OSError as error:
        reason = (error.strerror or "the disk failed").lower()
        raise StateError(f"{file}: can't be written ({reason}); make room or choose another folder") from None
    finally:
        partial.unlink(missing_ok=True)


def _about(file: Path, head: object) -> About:
    keys = ("version", "reviewed", "source", "licence")
    if not isinstance(head, Mapping) or any(not _is_text(head.get(key)) for key in keys):
        raise DataError(
            f"{file}: it does not say what it is; it needs {_HEAD!r} with {', '.join(keys)}, as "
            "`shoal sensitive convert` writes it"
        )
    try:
        reviewed = date.fromisoformat(head["reviewed"])
    except ValueError:
        raise DataError(f"{file}: {_HEAD!r}: reviewed must be a date such as 2026-03-01") from None
    return About(head["version"], reviewed, head["source"], head["licence"])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()


def _id(file: Path, row: int, value: object) -> str | None:
    if value is None:
        return None
    text = str(value)
    if not _is_text(text):
        raise DataError(f"{file}: place {row + 1} has an id that is no line of at most {_LONGEST} characters; mend it")
    return text


def _check(file: Path, shapes: Shapes) -> None:
    for row, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            raise DataError(f"{file}: place {row + 1} has no shape; give it one or remove it")
        if shape.geom_type not in _KINDS:
            raise DataError(f"{file}: place {row + 1} is a {shape.geom_type}; places are {', '.join(_KINDS)}")
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    if wrong.size:
        raise DataError(f"{file}: the shape of place {wrong[0] + 1} crosses itself; mend it, or convert the file again")
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    outside = ~(np.abs(xy) <= [180, 90]).all(axis=1)
    if outside.any():
        raise DataError(
            f"{file}: place {owner[outside.argmax()] + 1} lies outside -180..180, -90..90 degrees; give WGS 84 "
            "longitude and latitude"
        )


def _geojson(file: Path) -> tuple[object, dict[str, Sequence[object]], Shapes]:
    try:
        collection = json.loads(file.read_bytes().decode("utf-8-sig"))
        features = collection["features"]
        rows = [feature["properties"] or {} for feature in features]
        shapes = [None if f["geometry"] is None else shapely.from_geojson(json.dumps(f["geometry"])) for f in features]
        names = dict.fromkeys(name for row in rows for name in row)
        columns: dict[str, Sequence[object]] = {name: [row.get(name) for row in rows] for name in names}
        head = collection.get(_HEAD)
    except OSError as error:
        raise DataError(f"{file}: can't be read ({error.strerror}); check its permissions") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, shapely.errors.ShapelyError):
        raise DataError(f"{file}: this is no GeoJSON feature collection that can be read; export it again") from None
    array = np.empty(len(shapes), dtype=np.object_)
    array[:] = shapes
    return head, columns, array


def _parquet(file: Path) -> tuple[object, dict[str, Sequence[object]], Shapes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with file.open("rb") as source:
            table = pq.ParquetFile(source).read()
        shapes = np.asarray(shapely.from_wkb(table.column("geometry").to_pylist()), dtype=np.object_).reshape(-1)
        columns = {name: table.column(name).to_pylist() for name in ("id", "class") if name in table.column_names}
        head = json.loads((table.schema.metadata or {}).get(_HEAD.encode(), b"null"))
        crs = json.loads((table.schema.metadata or {}).get(b"geo", b"{}")).get("columns", {}).get("geometry", {})
    except OSError as error:
        raise DataError(f"{file}: can't be read ({error.strerror or 'it is damaged'}); export it again") from None
    except (pa.ArrowException, KeyError, ValueError, TypeError, AttributeError, shapely.errors.ShapelyError):
        raise DataError(
            f"{file}: this is no GeoParquet file with a column `geometry` in WKB that can be read; export it again"
        ) from None
    if crs.get("crs") is not None and "CRS84" not in json.dumps(crs["crs"]) and "4326" not in json.dumps(crs["crs"]):
        raise DataError(f"{file}: its coordinates are not in WGS 84 degrees; convert it")
    return head, columns, shapes


def _to_geojson(listing: Listing) -> dict[str, Any]:
    rows = zip(listing.ids, listing.classes, listing.shapes, strict=True)
    features = [
        {
            "type": "Feature",
            "properties": ({} if own is None else {"id": own}) | {"class": name},
            "geometry": json.loads(shapely.to_geojson(shape)),
        }
        for own, name, shape in rows
    ]
    return {"type": "FeatureCollection", _HEAD: listing.about.as_json(), "features": features}


def _to_parquet(listing: Listing) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {"id": pa.array(listing.ids, pa.string())} if any(listing.ids) else {}
    columns |= {
        "class": pa.array(listing.classes, pa.string()),
        "geometry": pa.array(shapely.to_wkb(listing.shapes).tolist(), pa.binary()),
    }
    kinds = sorted({shape.geom_type for shape in listing.shapes})
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB", "geometry_types": kinds}},
    }
    metadata = {"geo": json.dumps(geo), _HEAD: json.dumps(listing.about.as_json())}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), sink)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]
