"""Plans, zones and readings for the tests of sources."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from shoal._arrays import Int32
from shoal.calendar import Calendar
from shoal.plan import Plan
from shoal.sources import PointBatch, Source, Tally, TripBatch, open_source
from shoal.zones._base import Zones

POINTS = {"device": "uid", "time": "t", "lat": "lat", "lon": "lon"}
TRIPS = {"device": "uid", "start": "go", "end": "come", "origin": "from", "destination": "to"}
BY_PLACE = {"device": "uid", "start": "go", "end": "come"} | {
    name: name for name in ("start_lat", "start_lon", "end_lat", "end_lon")
}


class NorthSouth(Zones):
    """Zone 0 is the south, 1 the north; west of Greenwich there is none."""

    def locate(self, lat: Int32, lon: Int32) -> Int32:
        return np.where(lon < 0, -1, (lat >= 0).astype(np.int32)).astype(np.int32)


def zones(*ids: str) -> Zones:
    ids = tuple(sorted(ids or ("11", "34")))
    return NorthSouth(ids, (None,) * len(ids), (None,) * len(ids), np.array([], dtype=np.object_))


def plan(
    folder: Path,
    files: Sequence[str],
    columns: Mapping[str, str] = POINTS,
    *,
    timezone: str = "Europe/Vienna",
    period: tuple[str, str] = ("2026-03-02", "2026-03-09"),
    unit: str = "day",
    source: Mapping[str, str] | None = None,
) -> Plan:
    """A plan in `folder`; `source` are further keys of [source], as TOML text."""
    kind = "points" if "time" in columns else "trips"
    lines = ["[source]", 'name = "test"', f'kind = "{kind}"', f"files = {list(files)!r}", f'timezone = "{timezone}"']
    lines += [f"{key} = {value}" for key, value in (source or {}).items()]
    lines += ["[source.columns]", *(f'{ours} = "{theirs}"' for ours, theirs in columns.items())]
    lines += ["[source.basis]", 'controller = "c"', 'legal_basis = "l"', 'purpose = "urban research"']
    lines += ["[zones]", 'kind = "points"', 'file = "zones.csv"']
    lines += ["[period]", f"start = {period[0]}", f"end = {period[1]}", f'unit = "{unit}"']
    lines += ["[privacy]", "epsilon = 1.0", "[statistics.flows]"]
    file = folder / "plan.toml"
    file.write_text("\n".join(lines))
    return Plan.load(file)


def opened(made: Plan, places: Zones | None = None) -> Source:
    return open_source(made, Calendar.from_plan(made), places or zones())


def points(made: Plan, tally: Tally | None = None) -> list[tuple[object, int, int, int]]:
    """(device, time, lat, lon) of all usable records."""
    found: list[tuple[object, int, int, int]] = []
    for batch in opened(made).batches(tally or Tally()):
        assert isinstance(batch, PointBatch)
        assert not batch.device.null_count
        assert [a.dtype.name for a in (batch.time, batch.lat, batch.lon)] == ["int64", "int32", "int32"]
        columns = batch.time.tolist(), batch.lat.tolist(), batch.lon.tolist()
        found += zip(batch.device.to_pylist(), *columns, strict=True)
    return found


def trips(
    made: Plan, tally: Tally | None = None, places: Zones | None = None
) -> list[tuple[object, int, int, int, int]]:
    """(device, start, end, origin, destination) of all usable trips."""
    found: list[tuple[object, int, int, int, int]] = []
    for batch in opened(made, places).batches(tally or Tally()):
        assert isinstance(batch, TripBatch)
        columns = [a.tolist() for a in (batch.start, batch.end, batch.origin, batch.destination)]
        assert [a.dtype.name for a in (batch.origin, batch.destination)] == ["int32", "int32"]
        found += zip(batch.device.to_pylist(), *columns, strict=True)
    return found
