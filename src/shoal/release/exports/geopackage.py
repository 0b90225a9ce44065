""".gpkg: OGC GeoPackage, as QGIS and GDAL open it.

Places are stored once, in a layer; each statistic is a table of attributes; a view `<statistic>_map` joins the two, so
that the numbers lie on the map without a geometry for each row. Hours are UTC, as the standard wants them, beside
their local time as text.

Source  OGC 12-128r19, GeoPackage 1.4
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from shoal.release.exports._format import Format
from shoal.release.exports._notes import lines, notes
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

TIMES = "hour in UTC, hour_local as text in local time with its offset"


def _write(release: Release, table: Table | None, to: Path, _name: str) -> Mapping[str, bytes]:
    from pyogrio.errors import DataSourceError

    tables = [release[each] for each in release.statistics] if table is None else [table]
    try:
        places = {each.name: _places(to, each) for each in tables}
        for each in tables:
            _rows(to, release, each)
        _about(to, release, tables)
        with closing(sqlite3.connect(to)) as book:
            for each in tables:
                _view(book, each, places[each.name], _text(release, each))
            book.commit()
            if book.execute("PRAGMA quick_check").fetchone() != ("ok",):
                raise OSError(None, "the file is not whole")
    except (sqlite3.Error, DataSourceError, RuntimeError) as error:  # GDAL says by these that the disk is full
        raise OSError(None, "the disk failed") from error
    return {}


GPKG = Format(".gpkg", "either", _write)


def layer(table: Table) -> str:
    """Name of a table in the file: SQL and QGIS dislike dots."""
    return table.name.replace(".", "_")


def _places(to: Path, table: Table) -> str:
    """Store the layer of a table's places unless it is there, and give its name."""
    facts = table.facts
    if len(table.places) == 2:
        return _append(to, f"{layer(table)}_pairs", _pairs(table), f"pairs of zones of {table.name}, as lines")
    if facts.areas is not None or (facts.level is not None and not facts.is_end):
        name, frame = f"{layer(table)}_zones", _zones(table, table.places[0])
    elif facts.of_named_places:
        name, frame = "places", _zones(table, "place")
    else:
        name, frame = "zones", _zones(table, "zone")
    return _append(to, name, frame, "the places that numbers are about")


def _zones(table: Table, key: str) -> "gpd.GeoDataFrame":
    from shoal.release._store import zone_frame

    return zone_frame(table.zones, (key, "name", "parent", "geometry"))


def _pairs(table: Table) -> "gpd.GeoDataFrame":
    """Each pair that has a row, once."""
    frame = table.to_geopandas()
    pairs: gpd.GeoDataFrame = frame[[*table.places, "geometry"]].drop_duplicates(list(table.places))
    return pairs.reset_index(drop=True)


def _rows(to: Path, release: Release, table: Table) -> None:
    import pandas as pd
    import pyarrow as pa

    frame = table.to_polars().to_pandas()
    if "hour" in frame:
        frame.insert(list(frame.columns).index("hour") + 1, "hour_local", [hour.isoformat() for hour in frame["hour"]])
        frame["hour"] = frame["hour"].dt.tz_convert("UTC")
    for key in ("day", "week"):
        if key in frame:
            frame[key] = frame[key].astype(pd.ArrowDtype(pa.date32()))  # pandas has no dates of its own
    _append(to, layer(table), frame, _text(release, table))


def _about(to: Path, release: Release, tables: list[Table]) -> None:
    import pandas as pd

    rows = [(table.name, name, text) for table in tables for name, text in notes(release, table, TIMES).items()]
    _append(
        to, "about", pd.DataFrame(rows, columns=["statistic", "name", "text"]), "what the numbers are; read it first"
    )


def _text(release: Release, table: Table) -> str:
    return lines(notes(release, table, TIMES))


def _append(to: Path, name: str, frame: "pd.DataFrame", description: str) -> str:
    import pyogrio

    if to.exists() and name in {one for one, _ in pyogrio.list_layers(to)}:
        return name
    new = {} if to.exists() else {"DATETIME_FORMAT": "UTC"}
    options = {"IDENTIFIER": name, "DESCRIPTION": description}
    pyogrio.write_dataframe(
        frame,
        to,
        driver="GPKG",
        layer=name,
        append=not new,
        layer_options=options,
        dataset_options=new,
        use_arrow=True,
    )
    return name


def _view(book: sqlite3.Connection, table: Table, places: str, text: str) -> None:
    """Join rows and places in a view that GeoPackage knows as a layer."""
    name, view = layer(table), f"{layer(table)}_map"
    columns = [row[1] for row in book.execute(f'PRAGMA table_info("{name}")') if row[1] != "fid"]
    of_zones = {row[1] for row in book.execute(f'PRAGMA table_info("{places}")')}
    keys = [(key, key if key in of_zones else "zone") for key in table.places]  # homes and ends are zones
    on = " AND ".join(f'r."{key}" = p."{place}"' for key, place in keys)
    indexed = ", ".join(f'"{place}"' for _, place in keys)
    book.execute(f'CREATE INDEX IF NOT EXISTS "{places}_key" ON "{places}" ({indexed})')
    listed = ", ".join(f'r."{column}"' for column in columns)
    book.execute(
        f'CREATE VIEW "{view}" AS SELECT r.fid AS OGC_FID, {listed}, p.geom AS geom '  # noqa: S608  # our own names
        f'FROM "{name}" AS r JOIN "{places}" AS p ON {on}'
    )
    book.execute(
        "INSERT INTO gpkg_contents "
        "(table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) "
        "SELECT ?, 'features', ?, ?, min_x, min_y, max_x, max_y, srs_id FROM gpkg_contents WHERE table_name = ?",
        (view, view, text, places),
    )
    book.execute(
        "INSERT INTO gpkg_geometry_columns "
        "SELECT ?, 'geom', geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns WHERE table_name = ?",
        (view, places),
    )
