"""A release, or one table of it, as a file for another tool; the file's ending chooses the format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from shoal.errors import UsageError
from shoal.release._file import ending_of, write_file
from shoal.release.exports import (
    arrow,
    dcat,
    delimited,
    excel,
    flowmap,
    geojson,
    geopackage,
    geoparquet,
    kepler,
    sdmx,
)
from shoal.release.exports._format import Format
from shoal.release.read import Release

FORMATS: Final[Mapping[str, Format]] = {
    one.ending: one
    for one in (
        delimited.CSV,
        geoparquet.PARQUET,
        geojson.GEOJSON,
        arrow.ARROW,
        excel.XLSX,
        geopackage.GPKG,
        sdmx.SDMX_CSV,
        sdmx.SDMX_XML,
        flowmap.FLOWMAP,
        kepler.KEPLER_CSV,
        kepler.KEPLER_JSON,
        dcat.DCAT,
    )
}
"""Every format by its ending. docs/exports.md says of each what it is for."""


def export(release: Release, statistic: str | None, to: str | Path) -> Path:
    """Write the file `to`, replacing it, and give its path.

    statistic   one of the release's tables; None: the whole release, where the format can hold one

    What the file itself has no room for stands beside it (`presence.csv-metadata.json`, `presence.sdmx-structure.xml`).
    Numbers carry their interval in every format, rows that are suppressed have no number in any, and what is protected
    is said in the file or beside it. Raises `UsageError` for another ending, an unknown statistic or a file that can't
    be; `StateError` when the disk fails.
    """
    to = Path(to)
    table = None if statistic is None else release[statistic]
    wanted = FORMATS.get(ending_of(to, FORMATS) or "")
    if wanted is not None and wanted.holds == "table" and table is None:
        raise UsageError(
            f"{to}: a {wanted.ending} file holds one statistic; name it, of {', '.join(release.statistics)}"
        )
    if wanted is not None and wanted.holds == "release" and table is not None:
        raise UsageError(f"{to}: a {wanted.ending} file is about the whole release; leave {table.name} out")

    def make(file: Path) -> Mapping[str, bytes]:
        return FORMATS[ending_of(file, FORMATS) or ""].write(release, table, file, to.name)

    return write_file(release, to, tuple(FORMATS), make)
