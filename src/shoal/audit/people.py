"""Invented people in a plan's zones: homes, work, errands, nights; enough of a habit for attacks to find them by.

They live and work close together in a few zones, so that a table made k-anonymous still holds numbers (elsewhere it
would be empty, and would protect by saying nothing). On nine days of ten they go somewhere else twice, seldom where
others are: by that a trace is told from others, as real ones are.
"""

import os

import numpy as np

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.audit.traces import Traces, step_of
from shoal.design import Design

CROWD = 40
"""Devices for each zone that is lived in."""
AROUND = 20
"""Zones that people get to at times, for each that is lived in."""
FARTHEST = 0.4
"""Of the way that the plan's `max_speed` allows between two records: how far from the middle of town people get."""


def dice() -> np.random.Generator:
    """A generator for what is invented, begun from the operating system's randomness. Nothing private depends on it."""
    return np.random.default_rng(int.from_bytes(os.urandom(16)))


def invent(design: Design, devices: int, luck: np.random.Generator) -> Traces:
    """Traces of so many invented devices in the zones of `design`, over its whole period.

    Raises `PlanError` where the zones leave no room: people need two zones whose middles are apart.
    """
    plan, calendar = design.plan, design.calendar
    step = step_of(float(plan.movement.max_gap_minutes))
    points, usable = middles(design)
    reach = FARTHEST * float(plan.cleaning.max_speed) * step
    lived = max(4, devices // CROWD)
    town = _town(points, usable, lived * AROUND, float(plan.movement.stay_radius), reach, luck)
    if town.size < 2:
        raise plan.error("zones", "leave no two zones within reach of each other in which to invent people")
    least = -(-(int(float(plan.movement.stay_minutes) * 60) + step) // 3600)
    hours = np.arange(calendar.hours)
    first = np.searchsorted(calendar.unit_start, calendar.hour_start, side="right") - 1
    begun = np.searchsorted(calendar.hour_start, calendar.unit_start[first[:-1]])
    slot = begun + (hours - begun) // least * least
    places = _days(design, town[:lived], town, devices, luck)[:, slot]
    return Traces(places.astype(np.int32), calendar, points, step)


def middles(design: Design) -> tuple[Float64, Bool]:
    """A point of each zone, float64[z, 2] degrees, and whether Shoal finds it in that zone: bool[z]."""
    import shapely

    shapes = design.zones.shapes
    inner = shapely.point_on_surface(shapes)
    points = np.where(
        shapely.contains(shapes, shapely.centroid(shapes))[:, None],
        design.zones.centres,
        np.column_stack([shapely.get_y(inner), shapely.get_x(inner)]),
    ).round(7)
    lat, lon = (np.ascontiguousarray(np.round(points[:, i] * 1e7).astype(np.int32)) for i in (0, 1))
    return points, np.asarray(design.zones.locate(lat, lon) == np.arange(len(design.zones)))


def _town(points: Float64, usable: Bool, size: int, radius: float, reach: float, luck: np.random.Generator) -> Int64:
    """The zones that people live and work in, nearest to a middle first; no two middles within a stay of each other."""
    from shoal.audit.contribution import metres

    candidates = np.flatnonzero(usable)
    if not candidates.size:
        return candidates
    centre = points[luck.choice(candidates)]
    away = metres(points[candidates], np.broadcast_to(centre, (candidates.size, 2)))
    town: list[int] = []
    for zone in candidates[np.argsort(away, kind="stable")].tolist():
        here = np.broadcast_to(points[zone], (len(town), 2))
        if len(town) == size or metres(points[[zone]], centre[None])[0] > reach:
            break
        if not town or metres(points[town], here).min() > 2.5 * radius:
            town.append(zone)
    return np.array(town, dtype=np.int64)


def _days(design: Design, town: Int64, around: Int64, devices: int, luck: np.random.Generator) -> Int32:
    """int32[d, h]: zone of each device in each hour; -1 on days on which it is switched off."""
    calendar = design.calendar
    local = np.array([hour.hour for hour in calendar.local_hours])
    day = calendar.day_of_hour
    days = len(calendar.days)
    weekend = np.array([d.weekday() >= 5 for d in calendar.days])
    popular = 1 / (np.arange(town.size) + town.size / 4 + 1)
    home, work, *others = (
        luck.choice(town, (devices, 1), p=luck.permutation(popular) / popular.sum()) for _ in range(5)
    )

    def each(low: int, high: int) -> Int64:
        """A whole number for each device and day, in each hour of that day."""
        return luck.integers(low, high, (devices, days))[:, day]

    def some(share: float) -> Bool:
        """Whether it happens on the day."""
        return np.asarray((luck.random((devices, days)) < share)[:, day])

    out = ~some(0.1)  # else at home all day
    places = np.broadcast_to(home, (devices, calendar.hours)).copy()
    early = luck.integers(5, 12, (devices, 1))
    begin, long = early + each(-1, 2), each(6, 10)
    works = out & some(0.85) & ~weekend[day]
    places = np.where(works & (local >= begin) & (local < begin + long), work, places)
    for other, chance in zip(others, (0.4, 0.3, 0.2), strict=True):
        begin, long = each(6, 23), each(1, 4)
        places = np.where(out & some(chance) & (local >= begin) & (local < begin + long), other, places)
    for _ in range(2):
        begin, where = each(6, 23), luck.choice(around, (devices, days))[:, day]
        places = np.where(out & (local == begin), where, places)
    if float(design.plan.movement.max_gap_minutes) < 24 * 60:
        places[some(0.06)] = -1
    return places.astype(np.int32)
