""".parquet: GeoParquet 1.1 with a bounding box for each row, so that readers skip what they do not need.

Source  GeoParquet 1.1.0, geoparquet.org/releases/v1.1.0, "bbox covering"
"""

from pathlib import Path

from shoal.release.exports._format import of_table
from shoal.release.exports._notes import notes
from shoal.release.read import Release, Table

ROWS_A_GROUP = 100_000


def _write(release: Release, table: Table, to: Path) -> None:
    frame = table.to_geopandas()
    frame.attrs = notes(release, table, f"in the time zone {release.manifest.period.timezone}")
    frame.to_parquet(
        to,
        index=False,
        compression="zstd",
        schema_version="1.1.0",
        write_covering_bbox=True,
        row_group_size=ROWS_A_GROUP,
    )


PARQUET = of_table(".parquet", _write)
