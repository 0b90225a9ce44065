"""Public keys: the grid of places and times that a statistic is measured on, zeros included.

A grid is made from the plan's zones, period and `by` alone, never from records: which rows a table has tells nothing.
Cell number = (place * classes + class) * time bins + bin, with places in ascending order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from shoal._arrays import Float64, Int32, Int64
from shoal.calendar import Calendar

TimeName = Literal["hour", "daypart", "day", "week", "weekday"]
CLASS = "class"
"""The key column of classes."""
TIME_NAMES: tuple[TimeName, ...] = ("hour", "daypart", "day", "week", "weekday")

DAYPARTS = {"night": range(6), "morning": range(6, 10), "midday": range(10, 15), "afternoon": range(15, 19),
            "evening": range(19, 24)}  # fmt: skip
"""Local hours of each daypart; docs/definitions.md."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
_AT_ONCE = 64
"""Zones whose neighbours are looked for together."""
_UNSURE = 1e-6
"""Radians, 6 m: so near the limit the cosine of an angle does not tell."""


@dataclass(frozen=True, eq=False)
class TimeKey:
    """How the hours of a period fall into the bins of one time key.

    name     the key column, or None: the whole period is one bin
    values   one value a bin, for the key column
    of_hour  int32[h]  bin of each hour of the calendar
    """

    name: TimeName | None
    values: pl.Series
    of_hour: Int32

    @property
    def bins(self) -> int:
        return max(1, self.values.len())

    @classmethod
    def of(cls, name: TimeName | None, calendar: Calendar) -> "TimeKey":
        """The time key `name` over the hours of `calendar`; bins that no hour falls into do not exist."""
        hours = calendar.local_hours
        match name:
            case None:
                return cls(None, pl.Series("period", [], dtype=pl.Int32), np.zeros(len(hours), dtype=np.int32))
            case "hour":
                micros = pl.Series("hour", calendar.hour_start[:-1] * 1_000_000, dtype=pl.Int64)
                stamps = micros.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(calendar.timezone.key)
                return cls(name, stamps, np.arange(len(hours), dtype=np.int32))
            case "day":
                bins: Sequence[object] = calendar.days
                each: list[object] = [h.date() for h in hours]
            case "week":
                each = [monday(h.date()) for h in hours]
                bins = tuple(dict.fromkeys(each))
            case "daypart":
                daypart_of = {hour: part for part, span in DAYPARTS.items() for hour in span}
                each = [daypart_of[h.hour] for h in hours]
                bins = [part for part in DAYPARTS if part in set(each)]
            case "weekday":
                each = [WEEKDAYS[h.weekday()] for h in hours]
                bins = [day for day in WEEKDAYS if day in set(each)]
        number = {value: index for index, value in enumerate(bins)}
        of_hour = np.fromiter((number[value] for value in each), dtype=np.int32, count=len(each))
        return cls(name, pl.Series(name, bins), of_hour)


def monday(day: date) -> date:
    """First day of the ISO week in which `day` lies: by it a week is called, also where the period lacks that day."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True, eq=False)
class Grid:
    """All cells of one statistic.

    columns  names of the place columns: ("zone",), ("place",), or ("origin", "destination")
    places   int32[p, len(columns)]  zone indexes (or indexes of named places) of each place, in ascending order
    time     the time key
    classes  labels of the key column `class`; none: there is no such column
    """

    columns: tuple[str, ...]
    places: Int32
    time: TimeKey
    classes: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        return int(self.places.shape[0]) * max(1, len(self.classes)) * self.time.bins

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of all key columns."""
        time = () if self.time.name is None else (self.time.name,)
        return (*self.columns, *((CLASS,) if self.classes else ()), *time)

    def cell(self, place: Int64, class_: Int64 | int, bin_: Int64 | int) -> Int64:
        """Cell of each place, class and bin, int64[n]; -1 where one of them is -1."""
        inside = (place >= 0) & (np.asarray(class_) >= 0) & (np.asarray(bin_) >= 0)
        return np.where(inside, (place * max(1, len(self.classes)) + class_) * self.time.bins + bin_, -1)

    def frame(self, zone_ids: Sequence[str]) -> pl.DataFrame:
        """The key columns of every cell, in cell order."""
        bins, classes, places = self.time.bins, max(1, len(self.classes)), self.places.shape[0]
        ids = pl.Series(zone_ids, dtype=pl.String)
        columns = [
            ids.gather(np.repeat(self.places[:, i], classes * bins).astype(np.uint32)).alias(name)
            for i, name in enumerate(self.columns)
        ]
        if self.classes:
            index = np.tile(np.repeat(np.arange(classes, dtype=np.uint32), bins), places)
            columns.append(pl.Series(self.classes, dtype=pl.String).gather(index).alias(CLASS))
        if self.time.name is not None:
            index = np.tile(np.arange(bins, dtype=np.uint32), places * classes)
            columns.append(self.time.values.gather(index).alias(self.time.name))
        return pl.DataFrame(columns)


def single_places(zones: int) -> Int32:
    """Each zone a place: int32[zones, 1]."""
    return np.arange(zones, dtype=np.int32)[:, None]


def pair_places(
    centres: Float64, max_km: float | None, origins: Int32 | None = None, destinations: Int32 | None = None
) -> Int32:
    """Candidate pairs (origin, destination), ascending: all of them, or those whose centres are at most `max_km` apart.

    centres                float64[z, 2]  latitude and longitude, degrees
    origins, destinations  int32[n]       ascending: only pairs of these; None: of all zones
    returns                int32[p, 2]; a zone with itself is always a pair
    """
    every = np.arange(centres.shape[0], dtype=np.int32)
    origins, destinations = every if origins is None else origins, every if destinations is None else destinations
    if max_km is None:
        return np.column_stack([np.repeat(origins, destinations.size), np.tile(destinations, origins.size)])
    first, second = _near(np.radians(centres), max_km, origins, destinations)
    # each origin's pairs, in one piece and ascending, to where they belong
    many = np.bincount(first, minlength=centres.shape[0])
    begin, piece = np.cumsum(many) - many, np.flatnonzero(np.diff(first, prepend=-1))
    at = np.arange(first.size) + np.repeat(begin[first[piece]] - piece, many[first[piece]])
    pairs = np.empty((first.size, 2), dtype=np.int32)
    pairs[at, 0], pairs[at, 1] = first, second
    return pairs


def _near(centres: Float64, max_km: float, origins: Int32, destinations: Int32) -> tuple[Int32, Int32]:
    """The pairs whose centres (radians) are near, int32[p] each: origins in any order, of each its own ascending.

    Of the destinations on the same latitudes the cosine of the angle tells which are near; within some metres of the
    limit the haversine formula decides. A zone without a centre (nan) is near none but itself.
    """
    lat, lon = centres.T
    sphere = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    lat = np.nan_to_num(lat)
    angle = max_km / EARTH_RADIUS_KM
    least = np.cos(min(np.pi, angle + _UNSURE)) - 1e-12
    surely = np.cos(min(np.pi, max(0.0, angle - _UNSURE))) + 1e-12
    north, by_lat = origins[np.argsort(lat[origins])], destinations[np.argsort(lat[destinations])]
    found: tuple[list[Int32], list[Int32]] = ([origins[:0]], [destinations[:0]])
    for begin in range(0, north.size, _AT_ONCE):
        part = north[begin : begin + _AT_ONCE]
        low = np.searchsorted(lat[by_lat], lat[part[0]] - angle - _UNSURE)
        high = np.searchsorted(lat[by_lat], lat[part[-1]] + angle + _UNSURE)
        there = np.sort(by_lat[low:high])
        cosine = sphere[part] @ sphere[there].T
        near = (cosine >= surely) | (part[:, None] == there)
        row, column = np.nonzero((cosine >= least) & ~near)
        near[row, column] = _haversine(centres[part[row]], centres[there[column]]) <= max_km
        row, column = np.nonzero(near)
        found[0].append(part[row])
        found[1].append(there[column])
    return np.concatenate(found[0]), np.concatenate(found[1])


def _haversine(here: Float64, there: Float64) -> Float64:
    """Kilometres, float64[n]; both float64[n, 2], radians."""
    (lat_1, lon_1), (lat_2, lon_2) = here.T, there.T
    h = np.sin((lat_2 - lat_1) / 2) ** 2 + np.cos(lat_2) * np.cos(lat_1) * np.sin((lon_2 - lon_1) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, h))))


def pair_codes(places: Int32, zones: int) -> Int64:
    """int64[p], ascending: origin * zones + destination of each pair, for a binary search."""
    return places[:, 0].astype(np.int64) * zones + places[:, 1]
