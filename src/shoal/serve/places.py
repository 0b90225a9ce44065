"""The zones of a release, or what another of its tables is counted by, for a map."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from shoal.release._geoparquet import to_bytes
from shoal.release._store import ZONE_COLUMNS, PublicZones
from shoal.serve.cube import meets
from shoal.serve.encode import arrow
from shoal.serve.question import Versioned, box_of

if TYPE_CHECKING:
    from shoal.zones._base import Zones

ZoneFormat = Literal["geojson", "json", "arrow", "parquet"]
MEDIA_TYPES: dict[ZoneFormat, str] = {
    "geojson": "application/geo+json",
    "json": "application/json",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
DIGITS = 7
"""Of a degree, about a centimetre: as many as a record's coordinates have."""


class ZonesQuestion(Versioned):
    """The parameters of the zones."""

    format: Annotated[ZoneFormat | None, Field(description="Goes before the Accept header.")] = None
    of: Annotated[
        str | None,
        Field(max_length=100, description="The places of this table, such as presence.region; else the zones."),
    ] = None
    bbox: Annotated[str | None, Field(max_length=200, description="west,south,east,north in degrees.")] = None
    geometry: Annotated[
        Literal["shape", "centre", "none"] | None, Field(description="What to draw: default shape.")
    ] = None


def encode_zones(zones: "Zones", question: ZonesQuestion, format_: ZoneFormat) -> bytes:
    """Zones as GeoJSON (RFC 7946), GeoParquet 1.1 or an Arrow stream with WKB. Raises `Problem` (422)."""
    import shapely

    box = box_of(question.bbox)
    if box is not None:
        zones = _where(zones, np.flatnonzero(meets(shapely.bounds(zones.shapes), box)))
    if question.geometry == "centre":
        zones = PublicZones(zones.ids, zones.names, zones.parents, shapely.centroid(zones.shapes))
    bare = question.geometry == "none"
    if format_ == "parquet":
        return to_bytes(zones) if len(zones) and not bare else _bare_parquet(zones)
    if format_ == "arrow":
        return arrow(_table(zones, bare=bare))
    return _geojson(zones, bare=bare)


def _where(zones: "Zones", chosen: "np.ndarray[Any, Any]") -> "Zones":
    def some(values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(values[at] for at in chosen)

    return PublicZones(some(zones.ids), some(zones.names), some(zones.parents), zones.shapes[chosen])


def _table(zones: "Zones", *, bare: bool) -> Any:
    import pyarrow as pa
    import shapely

    text = [pa.array(list(values), pa.string()) for values in (zones.ids, zones.names, zones.parents)]
    if bare:
        return pa.table(dict(zip(ZONE_COLUMNS, text, strict=False)))
    shapes = pa.array(shapely.to_wkb(zones.shapes, byte_order=1).tolist(), pa.binary())
    # the extension's name alone: readers that know GeoArrow see a geometry, others plain WKB
    kind = pa.field("geometry", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"})
    schema = pa.schema([*(pa.field(name, pa.string()) for name in ZONE_COLUMNS[:-1]), kind])
    return pa.Table.from_arrays([*text, shapes], schema=schema)


def _bare_parquet(zones: "Zones") -> bytes:
    import io

    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(_table(zones, bare=True), sink, compression="zstd")
    return sink.getvalue()


def _geojson(zones: "Zones", *, bare: bool) -> bytes:
    import shapely

    shapes = ["null"] * len(zones)
    if not bare and len(zones):
        rounded = shapely.transform(zones.shapes, lambda xy: np.round(xy, DIGITS) + 0.0)
        shapes = list(shapely.to_geojson(rounded))
    features = []
    for zone, name, parent, shape in zip(zones.ids, zones.names, zones.parents, shapes, strict=True):
        properties = {"zone": zone, "name": name, "parent": parent}
        head = json.dumps({"type": "Feature", "id": zone, "properties": properties}, ensure_ascii=False)
        features.append(f'{head[:-1]}, "geometry": {shape}}}')
    return f'{{"type": "FeatureCollection", "features": [{",".join(features)}]}}'.encode()
