""".geojson: rows with their geometry (RFC 7946), times as text; a pair of zones with the line between their centres."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.release.exports._format import of_table
from shoal.release.exports._notes import lines, notes
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import geopandas as gpd


def with_text_times(frame: "gpd.GeoDataFrame") -> "gpd.GeoDataFrame":
    """Times as ISO 8601: hours with their offset, days and weeks as dates."""
    if "hour" in frame:
        frame["hour"] = [hour.isoformat() for hour in frame["hour"]]
    for key in ("day", "week"):
        if key in frame:
            frame[key] = [f"{day:%Y-%m-%d}" for day in frame[key]]
    return frame


def _write(release: Release, table: Table, to: Path) -> None:
    import pyogrio

    about = notes(release, table, f"local time of {release.manifest.period.timezone}, with its offset")
    sink = io.BytesIO()  # not to the file itself: GDAL may keep a full disk to itself
    pyogrio.write_dataframe(
        with_text_times(table.to_geopandas()),
        sink,
        driver="GeoJSON",
        layer=table.name,
        RFC7946="YES",
        WRITE_NAME="NO",
        DESCRIPTION=lines(about),
    )
    to.write_bytes(sink.getvalue())


GEOJSON = of_table(".geojson", _write)
