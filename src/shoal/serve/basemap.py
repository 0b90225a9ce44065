"""What the operator wants to see below the numbers: GeoJSON or PMTiles, drawn under the explorer's data."""

import json
from pathlib import Path

from shoal.errors import UsageError
from shoal.serve.answers import Answer
from shoal.serve.archive import MAGIC, Archive, archive_of

LARGEST = 64 << 20
"""Bytes; a browser draws no more in reasonable time."""
_KINDS = frozenset(
    (
        "FeatureCollection", "Feature", "GeometryCollection", "Point", "MultiPoint", "LineString", "MultiLineString",
        "Polygon", "MultiPolygon",
    )
)  # fmt: skip


def basemap_of(file: Path) -> Answer | Archive:
    """The file as it is, once it is found to be GeoJSON or PMTiles. It is public to all who may ask.

    Raises `UsageError`.
    """
    try:
        with file.open("rb") as opened:
            tiles = opened.read(len(MAGIC)) == MAGIC or file.suffix.lower() == ".pmtiles"
        size = file.stat().st_size
        data = file.read_bytes() if size <= LARGEST and not tiles else b""
    except OSError:
        raise UsageError(f"--basemap {file} can't be read; give a GeoJSON (RFC 7946) or PMTiles file") from None
    if tiles:
        return archive_of(file)
    if size > LARGEST:
        raise UsageError(
            f"--basemap {file} is larger than {LARGEST >> 20} MiB; make PMTiles of it for a browser to draw"
        )
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("type") not in _KINDS:
        raise UsageError(f"--basemap {file} is no GeoJSON; give a file as RFC 7946 describes it, in WGS 84")
    return Answer.of(data, "application/geo+json")
