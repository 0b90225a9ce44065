"""What each invented device adds to each cell, worked out from its hours: a second opinion that owes Shoal nothing.

Slow, vectorised and simple where Shoal's own rooms are fast; tests hold the two against each other. Exact for hours of
3600 seconds (`traces`). Definitions: docs/definitions.md, whose terms the functions are named after.
"""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Bool, Float64, Int64
from shoal.audit.traces import HOUR, Traces
from shoal.classes import DURATIONS, LENGTHS
from shoal.design import Design, Measure
from shoal.keys import EARTH_RADIUS_KM, Grid
from shoal.privacy.mechanism import ONE, Mechanism

EDGE = 300
"""Seconds that a record stands for beside a silence; docs/definitions.md, "Presence"."""
NIGHT = 3 * HOUR
"""Seconds of the night below which there is no home."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Sparse vectors of d devices over the cells of one measure, each held to nothing or to its bound.

    first   int64[d+1]    entry where each device begins
    cell    int64[n]      ascending within a device and unit
    weight  float64[n]    contributions, above 0
    cells   of the grid
    """

    first: Int64
    cell: Int64
    weight: Float64
    cells: int

    def total(self, there: Bool) -> Float64:
        """Their sum over the devices in `there` (bool[d]): float64[cells]."""
        kept = np.repeat(there, np.diff(self.first))
        return sums(self.cell[kept], self.weight[kept], self.cells)

    def norms(self, *, absolute: bool) -> Float64:
        """L2 norm, or L1 (`absolute`), of each device's vector: float64[d]."""
        power = self.weight if absolute else self.weight**2
        total = sums(self.devices, power, self.first.size - 1)
        return total if absolute else np.asarray(np.sqrt(total))

    @property
    def largest(self) -> Float64:
        """Largest weight of each device: float64[d]."""
        found = np.zeros(self.first.size - 1)
        np.maximum.at(found, self.devices, self.weight)
        return found

    @property
    def devices(self) -> Int64:
        """int64[n]: device of each entry."""
        return np.repeat(np.arange(self.first.size - 1), np.diff(self.first))


def sums(of: Int64, amount: Float64, size: int) -> Float64:
    """What is there of each index: float64[size]; `of` int64[n] from 0, `amount` float64[n]."""
    return np.asarray(np.bincount(of, amount, size), dtype=np.float64)


def vectors(traces: Traces, design: Design, measure: Measure, *, bounded: bool) -> Vectors:
    """What every device adds to the cells of `measure`; `bounded`: each unit's vector held to the measure's norm."""
    units = traces.calendar.units
    row, cell, amount = _ENTRIES[measure.statistic.name](_Rows.of(traces, design), measure.statistic.grid)
    inside = cell >= 0
    row, cell, amount = row[inside], cell[inside], amount[inside]
    if measure.level is not None:
        place, rest = np.divmod(cell, measure.level.width)
        cell = measure.level.of_place[place].astype(np.int64) * measure.level.width + rest
        if measure.statistic.counts_once:  # each cell of the finest level counts once, then they are added up
            row, fine, amount = _merged(row, place * measure.level.width + rest, amount)
            amount = np.minimum(amount, 1.0)
            place, rest = np.divmod(fine, measure.level.width)
            cell = measure.level.of_place[place].astype(np.int64) * measure.level.width + rest
    row, cell, amount = _merged(row, cell, amount)
    if measure.level is None and measure.statistic.counts_once:
        amount = np.minimum(amount, 1.0)
    weight = np.floor(amount * ONE + 1e-6)
    if bounded:
        weight = _held(row, weight, measure.mechanism, traces.devices * units)
    kept = weight > 0
    row, cell, weight = row[kept], cell[kept], weight[kept] / ONE
    first = np.searchsorted(row, np.arange(traces.devices + 1) * units)
    return Vectors(first.astype(np.int64), cell, weight, measure.grid.cells)


def _held(row: Int64, weight: Float64, mechanism: Mechanism, rows: int) -> Float64:
    """Whole weights, every row's norm at most the mechanism's: scaled and rounded down."""
    power = weight if mechanism.kind == "laplace" else weight**2
    length = sums(row, power, rows)
    if mechanism.kind == "gaussian":
        length = np.asarray(np.sqrt(length))
    factor = np.minimum(1.0, mechanism.norm / np.maximum(length, 1e-300))[row]
    return np.where(factor < 1, np.floor(weight * factor), weight)


def _merged(row: Int64, cell: Int64, amount: Float64) -> tuple[Int64, Int64, Float64]:
    """Entries of one row and cell added up, ascending by row and cell."""
    order = np.lexsort((cell, row))
    row, cell, amount = row[order], cell[order], amount[order]
    new = np.ones(row.size, dtype=np.bool_)
    new[1:] = (np.diff(row) != 0) | (np.diff(cell) != 0)
    if not row.size:
        return row, cell, amount
    return row[new], cell[new], np.add.reduceat(amount, np.flatnonzero(new))


@dataclass(frozen=True, eq=False)
class _Rows:
    """Stays of all rows (device * units + unit), one after the other, ascending by row and time; n of them.

    row, at       int64[n]  `at` is the place of the traces
    zone          int64[n]  the zone there, -1 where it is outside all of them
    begin, until  int64[n]  hours of the calendar, `until` exclusive
    start, end    int64[n]  seconds: of its first record, and of the first elsewhere, or of its last before a silence
    follows       bool[n]   the next one follows without silence, in the same row: a trip leads there
    """

    traces: Traces
    design: Design
    row: Int64
    at: Int64
    zone: Int64
    begin: Int64
    until: Int64
    start: Int64
    end: Int64
    follows: Bool

    @classmethod
    def of(cls, traces: Traces, design: Design) -> "_Rows":
        places, calendar = traces.places.astype(np.int64), traces.calendar
        unit = calendar.hour_unit.astype(np.int64)
        first_of_unit = np.ones(calendar.hours, dtype=np.bool_)
        first_of_unit[1:] = np.diff(unit) != 0
        changes = np.ones(places.shape, dtype=np.bool_)
        changes[:, 1:] = np.diff(places, axis=1) != 0
        changes |= first_of_unit
        device, begin = (index.astype(np.int64) for index in np.nonzero(changes))
        at = places[device, begin]
        row = device * calendar.units + unit[begin]
        until = np.full(begin.size, calendar.hours, dtype=np.int64)
        follower = np.zeros(begin.size, dtype=np.bool_)
        follower[:-1] = np.diff(device) == 0
        until[:-1][follower[:-1]] = begin[1:][follower[:-1]]
        follows = np.zeros(begin.size, dtype=np.bool_)
        follows[:-1] = (np.diff(row) == 0) & (at[1:] >= 0)
        half = traces.step // 2
        hours = calendar.hour_start
        start = hours[begin] + half
        end = np.where(follows, hours[until] + half, hours[until] - half)
        on = at >= 0
        zone = np.where(at < len(design.zones), at, -1)
        return cls(traces, design, row[on], at[on], zone[on], begin[on], until[on], start[on], end[on], follows[on])

    @property
    def homes(self) -> Int64:
        """int64[rows]: home of each row, -1 for none."""
        traces, calendar = self.traces, self.traces.calendar
        night = np.concatenate([[0], np.cumsum(np.where(calendar.is_night, np.diff(calendar.hour_start), 0))])
        ends = (self.start, self.end)
        before = [_night_before(instant, calendar.hour_start, calendar.is_night, night) for instant in ends]
        known = self.zone >= 0
        spent = (before[1] - before[0])[known].astype(np.float64)
        row, zone, seconds = _merged(self.row[known], self.zone[known], spent)
        order = np.lexsort((zone, -seconds, row))
        row, zone, seconds = row[order], zone[order], seconds[order]
        home = np.full(traces.devices * calendar.units, -1, dtype=np.int64)
        first = np.ones(row.size, dtype=np.bool_)
        first[1:] = np.diff(row) != 0
        best = first & (seconds >= NIGHT)
        home[row[best]] = zone[best]
        return home

    @property
    def trips(self) -> Int64:
        """Index of each stay that a trip leads away from, to the next one."""
        return np.flatnonzero(self.follows)


def _night_before(instant: Int64, hours: Int64, is_night: Bool, night: Int64) -> Int64:
    hour = np.clip(np.searchsorted(hours, instant, side="right") - 1, 0, is_night.size - 1)
    return night[hour] + np.where(is_night[hour], instant - hours[hour], 0)


_Entries = tuple[Int64, Int64, Float64]
"""Row, cell (-1: none) and amount of entries, in any order; several of one cell are added up."""


def _presence(rows: _Rows, grid: Grid) -> _Entries:
    traces, calendar = rows.traces, rows.traces.calendar
    places = traces.places.astype(np.int64)
    unit, on = calendar.hour_unit, places >= 0
    alone = max(0, traces.step // 2 - EDGE)  # of an hour's end beside a silence nobody knows
    silent_before, silent_after = np.ones(places.shape, dtype=np.bool_), np.ones(places.shape, dtype=np.bool_)
    known = on[:, :-1] & on[:, 1:] & (np.diff(unit) == 0)
    silent_before[:, 1:], silent_after[:, :-1] = ~known, ~known
    seconds = HOUR - alone * (silent_before.astype(np.int64) + silent_after)
    device, hour = np.nonzero(on)
    zone = np.where(places < len(rows.design.zones), places, -1)[device, hour]
    cell = grid.cell(zone, 0, grid.time.of_hour[hour].astype(np.int64))
    return device * calendar.units + unit[hour], cell, seconds[device, hour] / HOUR


def _places(rows: _Rows, grid: Grid) -> Int64:
    """Place of a grid of single places in which each stay is: the zone, or the named place."""
    if grid.columns != ("place",):
        return rows.zone
    named = rows.design.places
    if named is None:
        raise TypeError("named places are needed")
    degrees = np.round(rows.traces.points * 1e7).astype(np.int32)
    lat, lon = np.ascontiguousarray(degrees.T)
    return named.locate(lat, lon).astype(np.int64)[rows.at]


def _visits(rows: _Rows, grid: Grid) -> _Entries:
    if rows.design.plan.source.kind == "trips":
        trips = rows.trips
        hour = rows.until[trips]  # of the arrival, half a step after it began
        return rows.row[trips], grid.cell(rows.zone[trips + 1], 0, _bin(grid, hour)), np.ones(trips.size)
    place = _places(rows, grid)
    return rows.row, grid.cell(place, 0, _bin(grid, rows.begin)), np.ones(rows.row.size)


def _dwell(rows: _Rows, grid: Grid) -> _Entries:
    place, class_ = _places(rows, grid), DURATIONS.of(rows.end - rows.start)
    return rows.row, grid.cell(place, class_, _bin(grid, rows.begin)), np.ones(rows.row.size)


def _flows(rows: _Rows, grid: Grid) -> _Entries:
    trips = rows.trips
    place = _pair(grid, rows.zone[trips], rows.zone[trips + 1], len(rows.design.zones))
    return rows.row[trips], grid.cell(place, 0, _bin(grid, rows.until[trips])), np.ones(trips.size)


def _residents(rows: _Rows, grid: Grid) -> _Entries:
    homes = rows.homes
    return np.arange(homes.size), grid.cell(homes, 0, 0), np.ones(homes.size)


def _catchment(rows: _Rows, grid: Grid) -> _Entries:
    place = _pair(grid, rows.homes[rows.row], rows.zone, len(rows.design.zones))
    return rows.row, grid.cell(place, 0, _bin(grid, rows.begin)), np.ones(rows.row.size)


def _distance(rows: _Rows, grid: Grid) -> _Entries:
    row, day, _, way = _days(rows)
    cell = grid.cell(rows.homes[row], LENGTHS.of(way.astype(np.int64)), _bin_of_day(rows, grid)[day])
    return row, cell, np.ones(row.size)


def _stay_home(rows: _Rows, grid: Grid) -> _Entries:
    row, day, trips, _ = _days(rows)
    cell = grid.cell(rows.homes[row], 0, np.where(trips == 0, _bin_of_day(rows, grid)[day], -1))
    return row, cell, np.ones(row.size)


def _gyration(rows: _Rows, grid: Grid) -> _Entries:
    weight, number = (rows.end - rows.start).astype(np.float64), rows.homes.size
    total = sums(rows.row, weight, number)
    at, seen = rows.traces.points[rows.at], total > 0
    centre = np.column_stack([sums(rows.row, weight * at[:, i], number) for i in (0, 1)])
    centre[seen] /= total[seen, None]
    square = sums(rows.row, weight * metres(at, centre[rows.row]) ** 2, number)
    radius = np.sqrt(square / np.where(seen, total, 1))
    class_ = np.where(seen, LENGTHS.of(radius.astype(np.int64)), -1)
    return np.arange(number), grid.cell(rows.homes, class_, 0), np.ones(number)


_ENTRIES = {
    "presence": _presence,
    "visits": _visits,
    "visitors": _visits,
    "dwell": _dwell,
    "flows": _flows,
    "residents": _residents,
    "catchment": _catchment,
    "distance": _distance,
    "gyration": _gyration,
    "stay_home": _stay_home,
}


def _bin(grid: Grid, hour: Int64) -> Int64:
    """Time bin of each hour."""
    return grid.time.of_hour[hour].astype(np.int64)


def _bin_of_day(rows: _Rows, grid: Grid) -> Int64:
    calendar = rows.traces.calendar
    bins = np.empty(len(calendar.days), dtype=np.int64)
    bins[calendar.day_of_hour] = grid.time.of_hour
    return bins


def _pair(grid: Grid, first: Int64, second: Int64, zones: int) -> Int64:
    """Place of each pair of zones, -1 where it is none of the grid's."""
    codes = grid.places[:, 0].astype(np.int64) * zones + grid.places[:, 1]
    asked = np.where((first >= 0) & (second >= 0), first * zones + second, -1)
    at = np.minimum(np.searchsorted(codes, asked), codes.size - 1)
    return np.where(codes[at] == asked, at, -1)


def _days(rows: _Rows) -> tuple[Int64, Int64, Int64, Float64]:
    """Row, day, trips that began on it and their metres, of all days on which a row stays somewhere."""
    days = rows.traces.calendar.day_of_hour.astype(np.int64)
    number = len(rows.traces.calendar.days)
    row, hour = np.repeat(rows.row, rows.until - rows.begin), _ranges(rows.begin, rows.until)
    seen = np.unique(row * number + days[hour])
    trips = rows.trips
    points = rows.traces.points
    way = np.floor(metres(points[rows.at[trips]], points[rows.at[trips + 1]]))
    at = np.searchsorted(seen, rows.row[trips] * number + days[rows.until[trips]])
    row, day = np.divmod(seen, number)
    return row, day, np.bincount(at, minlength=seen.size).astype(np.int64), sums(at, way, seen.size)


def _ranges(begin: Int64, until: Int64) -> Int64:
    """begin[0] ... until[0] - 1, begin[1] ... until[1] - 1, ..."""
    size = until - begin
    start = np.repeat(begin - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    return start + np.arange(int(size.sum()))


def metres(here: Float64, there: Float64) -> Float64:
    """Great-circle distances, float64[n]; both float64[n, 2], latitude and longitude in degrees."""
    (a, b), (c, d) = np.radians(here).T, np.radians(there).T
    half = np.sin((a - c) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((b - d) / 2) ** 2
    return np.asarray(2000 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half)))
