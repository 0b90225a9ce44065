"""A table as features: which rows a question means, and each of them with the geometry of its zone.

A feature is one row: a zone (or the line between a pair's centres) at one time. Its id is its place in the table, time
by time. A time is a stretch, not an instant: an hour is found by whatever lies or reaches into it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from shoal._arrays import Bool, Float64, Int64
from shoal.calendar import first_instant
from shoal.keys import CLASS
from shoal.release.statistic_facts import ESTIMATES
from shoal.serve.cube import SUPPRESSED, Cube
from shoal.serve.opened import Opened
from shoal.serve.problems import Problem

Box = tuple[float, float, float, float]
DIGITS = 7
"""Of a coordinate: a centimetre."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """Rows that a question means: every one of `rows` at every one of `times`, ascending by time.

    times  int64[k]  indexes of times
    rows   int64[m]  indexes of rows of one time
    """

    times: Int64
    rows: Int64

    def __len__(self) -> int:
        return len(self.times) * len(self.rows)

    def page(self, offset: int, limit: int) -> Iterator[tuple[int, int]]:
        """(time, row) of the features of a page."""
        for at in range(offset, min(offset + limit, len(self))):
            time, row = divmod(at, len(self.rows))
            yield int(self.times[time]), int(self.rows[row])


@dataclass(frozen=True, eq=False)
class Features:
    """One table of a verified release."""

    opened: Opened
    statistic: str
    cube: Cube

    def __deepcopy__(self, _: dict[int, Any]) -> "Features":
        return self  # pygeoapi copies its configuration, in which this stands

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.opened.manifest.period.timezone)

    @property
    def queryables(self) -> tuple[str, ...]:
        """Properties by which features can be chosen: the keys."""
        time = () if self.cube.time is None else (self.cube.time,)
        return (*self.cube.keys, *time)

    @property
    def properties(self) -> dict[str, dict[str, str]]:
        """JSON schema of each property."""
        texts = {name: {"type": "string"} for name in self.cube.keys}
        times = {}
        if self.cube.time is not None:
            kind = {"hour": "date-time", "day": "date", "week": "date"}.get(self.cube.time)
            times = {self.cube.time: {"type": "string"} | ({} if kind is None else {"format": kind})}
        names = {"name": {"type": "string"}} if self._names else {}
        return texts | times | names | {n: {"type": "number"} for n in ESTIMATES} | {SUPPRESSED: {"type": "boolean"}}

    def choose(self, box: Box | None, moment: str | None, wanted: Mapping[str, str]) -> Chosen:
        """The rows in a box, at a time (RFC 3339 instant, or two with a slash), with these keys. Raises `Problem`."""
        cube = self.cube
        rows = np.ones(cube.rows, dtype=np.bool_) if box is None else self._meeting(box)
        times = np.ones(cube.bins, dtype=np.bool_)
        for name, value in wanted.items():
            if name == cube.time:
                times &= np.array([one == self._time(value) for one in self._values], dtype=np.bool_)
            elif name == CLASS and cube.classes is not None:
                rows &= np.isin(cube.classes, [at for at, label in enumerate(cube.labels) if label == value])
            elif name in cube.columns:
                rows &= cube.places[:, cube.columns.index(name)] == cube.index.get(value, -1)
            else:
                raise Problem(400, f"{self.statistic} can't be asked by {name}; only by {', '.join(self.queryables)}")
        if moment is not None:
            start, end = stretch(moment, self.zone)
            times &= (self._spans[:, 0] <= end) & (self._spans[:, 1] > start)
        return Chosen(np.flatnonzero(times), np.flatnonzero(rows))

    def find(self, identifier: str) -> dict[str, Any] | None:
        """The feature of that id."""
        if not identifier.isascii() or not identifier.isdigit() or len(identifier) > 18:
            return None
        time, row = divmod(int(identifier), max(1, self.cube.rows))
        return self.feature(time, row) if time < self.cube.bins and self.cube.rows else None

    def feature(self, time: int, row: int, geometry: bool = True) -> dict[str, Any]:
        """One row as GeoJSON."""
        cube = self.cube
        said: dict[str, Any] = {name: values[row].as_py() for name, values in cube.keys.items()}
        if cube.time is not None:
            value = self._values[time]
            said[cube.time] = value.isoformat() if isinstance(value, date) else value
        if self._names:
            said["name"] = self._names[cube.places[row, 0]]
        for name in ESTIMATES:
            number = float(cube.numbers[name][time, row])
            said[name] = None if np.isnan(number) else number
        said[SUPPRESSED] = bool(cube.suppressed[time, row])
        return {
            "type": "Feature",
            "id": str(time * cube.rows + row),
            "geometry": self._geometry(row) if geometry else None,
            "properties": said,
        }

    def _meeting(self, box: Box) -> Bool:
        """bool[r]: which rows have a geometry that meets the box; west may lie east of east, across the date line."""
        import shapely

        west, south, east, north = box
        boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
        areas = shapely.union_all([shapely.box(w, south, e, north) for w, e in boxes])
        shapely.prepare(areas)
        places = self.cube.places
        if places.shape[1] == 1:
            zones = shapely.intersects(self.opened.table(self.statistic).zones.shapes, areas)
            return np.asarray(zones[places[:, 0]], dtype=np.bool_)
        ends = np.array(self._centres)[places]  # float64[r, 2, 2]
        near = np.any([(ends[:, :, 0].max(1) >= w) & (ends[:, :, 0].min(1) <= e) for w, e in boxes], axis=0)
        near &= (ends[:, :, 1].max(1) >= south) & (ends[:, :, 1].min(1) <= north)
        near[near] = shapely.intersects(shapely.linestrings(ends[near]), areas)
        return np.asarray(near, dtype=np.bool_)

    @cached_property
    def _names(self) -> tuple[str | None, ...]:
        """Names of the places, where there are any and a row has one place."""
        names = self.opened.table(self.statistic).zones.names
        return names if len(self.cube.columns) == 1 and any(names) else ()

    @cached_property
    def _values(self) -> list[Any]:
        return [] if self.cube.times is None else self.cube.times.to_pylist()

    def _time(self, text: str) -> Any:
        """A value of the time key. Raises `Problem`."""
        try:
            if self.cube.time == "hour":
                moment = datetime.fromisoformat(text.replace(" ", "+"))
                return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)
            return date.fromisoformat(text) if self.cube.time in ("day", "week") else text
        except (ValueError, OverflowError):
            raise Problem(400, f"{self.cube.time} {text[:60]!r} is no time; write it as in the features") from None

    @cached_property
    def _spans(self) -> Float64:
        """float64[t, 2]: where each time begins and where it has ended, seconds since 1970 UTC."""
        match self.cube.time:
            case "hour":
                starts = [value.timestamp() for value in self._values]
                return np.array([(start, start + 3600) for start in starts], dtype=np.float64).reshape(-1, 2)
            case "day" | "week":
                step = timedelta(days=1 if self.cube.time == "day" else 7)
                spans = [(self._midnight(value), self._midnight(value + step)) for value in self._values]
                return np.array(spans, dtype=np.float64).reshape(-1, 2)
            case _:
                period = self.opened.manifest.period
                whole = (self._midnight(period.start), self._midnight(period.end))
                return np.tile(np.array(whole, dtype=np.float64), (self.cube.bins, 1))

    def _midnight(self, day: date) -> int:
        return first_instant(day, self.zone)

    def _geometry(self, row: int) -> Any:
        place, *other = (int(at) for at in self.cube.places[row])
        if other:
            centres = self._centres
            return {"type": "LineString", "coordinates": [centres[place], centres[other[0]]]}
        known = self._shapes.get(place)
        if known is None:
            import shapely

            shape = self.opened.table(self.statistic).zones.shapes[place]
            rounded = shapely.transform(shape, lambda xy: np.round(xy, DIGITS) + 0.0)
            known = self._shapes[place] = shapely.geometry.mapping(rounded)
        return known

    @cached_property
    def _shapes(self) -> dict[int, Any]:
        return {}

    @cached_property
    def _centres(self) -> list[list[float]]:
        centres = self.opened.table(self.statistic).zones.centres[:, ::-1]
        return [[float(x), float(y)] for x, y in np.round(centres, DIGITS)]


def stretch(text: str, zone: ZoneInfo) -> tuple[float, float]:
    """First and last second of the parameter `datetime`, both included; a date is a whole day. Raises `Problem`."""
    first, slash, last = text.partition("/")
    if not slash:
        return _moment(first, zone, late=False), _moment(first, zone, late=True)
    start = float("-inf") if first in ("", "..") else _moment(first, zone, late=False)
    end = float("inf") if last in ("", "..") else _moment(last, zone, late=True)
    if start > end:
        raise Problem(400, f"datetime {text[:60]!r} ends before it begins")
    return start, end


def _moment(text: str, zone: ZoneInfo, *, late: bool) -> float:
    """Seconds since 1970 UTC; of a date the first, or with `late` the last second of the day."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return first_instant(day + timedelta(days=1), zone) - 1e-6 if late else first_instant(day, zone)
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        raise Problem(
            400, f"datetime {text[:60]!r} is no time; write 2026-03-02T14:00:00Z, a date, or two of them with a slash"
        ) from None
