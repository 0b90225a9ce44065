"""What the operator wants to see below the numbers: a GeoJSON file of their own, drawn under the explorer's data."""

import json
from pathlib import Path

from shoal.errors import UsageError
from shoal.serve.answers import Answer

LARGEST = 64 << 20
"""Bytes; a browser draws no more in reasonable time."""
_KINDS = frozenset(
    (
        "FeatureCollection", "Feature", "GeometryCollection", "Point", "MultiPoint", "LineString", "MultiLineString",
        "Polygon", "MultiPolygon",
    )
)  # fmt: skip


def basemap_of(file: Path) -> Answer:
    """The file as it is, once it is found to be GeoJSON. It is public to all who may ask. Raises `UsageError`."""
    try:
        size = file.stat().st_size
        data = file.read_bytes() if size <= LARGEST else b""
    except OSError:
        raise UsageError(f"--basemap {file} can't be read; give a GeoJSON file (RFC 7946)") from None
    if size > LARGEST:
        raise UsageError(f"--basemap {file} is larger than {LARGEST >> 20} MiB; simplify it, browsers draw no more")
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("type") not in _KINDS:
        raise UsageError(f"--basemap {file} is no GeoJSON; give a file as RFC 7946 describes it, in WGS 84")
    return Answer.of(data, "application/geo+json")
