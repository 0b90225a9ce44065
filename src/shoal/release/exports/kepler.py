""".kepler.csv and .kepler.json: for kepler.gl, which finds places and times by itself.

H3 cells go as their index, other zones as GeoJSON text, pairs as the coordinates of both centres. Hours are ISO 8601
with their offset. The JSON is a saved map: rows and nothing that would need a network.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.release.exports._format import of_table
from shoal.release.exports._notes import lines, notes
from shoal.release.exports.delimited import COLUMNS, csv_text, described
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import polars as pl

_GEOMETRY = "_geojson"
_HEX = "hex_id"
_ENDS = ("origin", "destination")


def _frame(release: Release, table: Table) -> "pl.DataFrame":
    """The table with the columns by which kepler.gl finds its places."""
    import polars as pl

    frame, zones, named = table.to_polars(), table.zones, table.facts.of_named_places
    places = [zones.index_of(frame[column].to_list()) for column in table.places]
    if len(places) == 2:
        columns = [
            pl.Series(f"{end}_{axis}", zones.centres[place, number])
            for end, place in zip(_ENDS, places, strict=True)
            for number, axis in enumerate(("lat", "lng"))
        ]
        return frame.with_columns(columns)
    if release.manifest.zones.kind == "h3" and table.facts.level != "all" and table.facts.areas is None and not named:
        return frame.with_columns(pl.col(table.places[0]).alias(_HEX))
    import numpy as np
    import shapely

    rounded = shapely.transform(zones.shapes, lambda xy: np.round(xy, 7) + 0.0)  # a centimetre, as GeoJSON has it
    texts = np.array(shapely.to_geojson(rounded), dtype=object)
    return frame.with_columns(pl.Series(_GEOMETRY, texts[places[0]].tolist()))


def _write_csv(release: Release, table: Table, to: Path) -> None:
    to.write_text(csv_text(_frame(release, table)), encoding="utf-8", newline="")


def _beside(release: Release, table: Table, name: str) -> Mapping[str, bytes]:
    kinds = {"hour": "dateTime", "day": "date", "week": "date"}
    columns = {key: (kinds.get(key, "string"), "key") for key in table.keys} | dict(COLUMNS)
    if len(table.places) == 2:
        columns |= {f"{end}_{axis}": ("double", "degrees, WGS 84") for end in _ENDS for axis in ("lat", "lng")}
    else:
        found = _HEX if _HEX in _frame(release, table).columns else _GEOMETRY
        columns[found] = ("string", "H3 index" if found == _HEX else "geometry as GeoJSON")
    return described(release, table, name, columns)


KEPLER_CSV = of_table(".kepler.csv", _write_csv, _beside)


def _write_json(release: Release, table: Table, to: Path) -> None:
    import polars as pl

    frame = _frame(release, table)
    frame = frame.with_columns(pl.col(key).dt.strftime(_TIMES[key]) for key in table.keys if key in _TIMES)
    title = f"{table.name} of {release.id}"
    times = f"local time of {release.manifest.period.timezone}, with its offset"
    tree = {
        "info": {"app": "kepler.gl", "title": title, "description": lines(notes(release, table, times))},
        "datasets": [
            {
                "version": "v1",
                "data": {
                    "id": table.name,
                    "label": title,
                    "color": [0, 94, 139],
                    "allData": [list(row) for row in frame.iter_rows()],
                    "fields": [_field(name, frame.schema[name]) for name in frame.columns],
                },
            }
        ],
        "config": {"version": "v1", "config": _config(release, frame, table)},
    }
    to.write_text(json.dumps(tree, ensure_ascii=False, allow_nan=False), encoding="utf-8")


KEPLER_JSON = of_table(".kepler.json", _write_json)

_TIMES = {"hour": "%Y-%m-%dT%H:%M:%S%:z", "day": "%Y-%m-%d", "week": "%Y-%m-%d"}


def _field(name: str, kind: Any) -> dict[str, Any]:
    import polars as pl

    if name == "hour":
        return {"name": name, "type": "timestamp", "format": "YYYY-M-DTHH:mm:ssZZ", "analyzerType": "DATETIME"}
    if name in _TIMES:
        return {"name": name, "type": "date", "format": "YYYY-M-D", "analyzerType": "DATE"}
    if name == _HEX:
        return {"name": name, "type": "h3", "format": "", "analyzerType": "H3"}
    if name == _GEOMETRY:
        return {"name": name, "type": "geojson", "format": "", "analyzerType": "GEOMETRY_FROM_STRING"}
    if kind == pl.Float64:
        return {"name": name, "type": "real", "format": "", "analyzerType": "FLOAT"}
    if kind == pl.Boolean:
        return {"name": name, "type": "boolean", "format": "", "analyzerType": "BOOLEAN"}
    return {"name": name, "type": "string", "format": "", "analyzerType": "STRING"}


def _config(release: Release, frame: "pl.DataFrame", table: Table) -> dict[str, Any]:
    """Where to look, and the first time alone where there are several: kepler.gl would lay all of them on each other.

    Layers are left to kepler.gl, which makes them by the types of the columns.
    """
    import shapely

    west, south, east, north = (float(edge) for edge in shapely.total_bounds(release.places.shapes))
    time = next((key for key in table.keys if key in _TIMES), None)
    filters = []
    if time is not None and frame.height:
        start = datetime.fromisoformat(str(frame[time].min()))
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        first = int(start.timestamp() * 1000)
        shown = [first, first + 1000 * (3600 if time == "hour" else 86_400) - 1]
        filters.append(
            {
                "id": "time",
                "dataId": [table.name],
                "name": [time],
                "type": "timeRange",
                "value": shown,
                "enlarged": True,
            }
        )
    return {
        "visState": {"filters": filters, "layers": []},
        "mapState": {"latitude": (south + north) / 2, "longitude": (west + east) / 2, "zoom": 10},
    }
