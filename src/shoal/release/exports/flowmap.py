""".flowmap.zip: locations.csv and flows.csv, as flowmap.gl and Flowmap Blue read them.

`count` is the consistent number, which is never negative; its interval stands beside it. Flowmap knows no missing
number, so pairs that are suppressed are left out of flows.csv and listed in suppressed.csv.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.errors import UsageError
from shoal.release._grid import split_keys
from shoal.release.exports._format import of_table
from shoal.release.exports._notes import lines, notes
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import polars as pl

_TIMES: Mapping[str, str] = {"hour": "%Y-%m-%d %H:%M", "day": "%Y-%m-%d", "week": "%Y-%m-%d"}


def _write(release: Release, table: Table, to: Path) -> None:
    import polars as pl

    if len(table.places) != 2:
        raise UsageError(f"{table.name} has no pairs of zones, so it is no flow map; export flows or catchment")
    rows = _flows(table)
    gone = pl.col("suppressed")
    about = lines(notes(release, table, f"local time of {release.manifest.period.timezone}, without an offset"))
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr("locations.csv", _locations(table).write_csv())
        folder.writestr("flows.csv", rows.filter(~gone).drop("suppressed").write_csv())
        if rows["suppressed"].any():
            names = [name for name in ("origin", "dest", "time") if name in rows.columns]
            folder.writestr("suppressed.csv", rows.filter(gone).select(names).write_csv())
        folder.writestr("README.txt", about + "\ncount: the consistent number; lower and upper: its 95 % interval\n")


FLOWMAP = of_table(".flowmap.zip", _write)


def _locations(table: Table) -> "pl.DataFrame":
    import polars as pl

    zones = table.zones
    names = [name or place for name, place in zip(zones.names, zones.ids, strict=True)]
    return pl.DataFrame({"id": zones.ids, "name": names, "lat": zones.centres[:, 0], "lon": zones.centres[:, 1]})


def _flows(table: Table) -> "pl.DataFrame":
    """origin, dest, count[, time], lower, upper, suppressed."""
    import polars as pl

    origin, dest = table.places
    _, time = split_keys(table.keys)
    columns = {"origin": pl.col(origin), "dest": pl.col(dest), "count": pl.col("consistent")}
    if time is not None:
        if time not in _TIMES:
            raise UsageError(
                f"{table.name} is by {time}, which a flow map can't show: it would add them up; export it as .csv"
            )
        columns["time"] = pl.col(time).dt.strftime(_TIMES[time])
    return table.to_polars().select(**columns, lower="lower", upper="upper", suppressed="suppressed")
