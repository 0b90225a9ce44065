"""Slow, obvious twins of the kernels: one row at a time, plain Python, written from the definitions."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from shoal.calendar import Calendar

Record = tuple[int, int, int]
"""Seconds since 1970 UTC; latitude and longitude in 1e-7 degrees."""
Span = tuple[int, int]


@dataclass(frozen=True)
class Stay:
    head: int
    last: int
    end: int


def metres(lat1: int, lon1: int, lat2: int, lon2: int) -> float:
    """Haversine distance on the sphere of trackintel."""
    phi1, phi2, turn = math.radians(lat1 / 1e7), math.radians(lat2 / 1e7), math.radians((lon2 - lon1) / 1e7)
    h = math.sin((phi2 - phi1) / 2) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(turn / 2) ** 2
    return 2 * 6_371_000 * math.asin(math.sqrt(min(1.0, h)))


def clean(row: Sequence[Record], max_speed: float) -> list[Record]:
    """One record a second, then none that is faster than max_speed since the last one kept."""
    seconds: dict[int, list[Record]] = defaultdict(list)
    for record in row:
        seconds[record[0]].append(record)
    kept: list[Record] = []
    for second in sorted(seconds):
        time, lat, lon = min(seconds[second])
        if not kept or metres(kept[-1][1], kept[-1][2], lat, lon) <= max_speed * (time - kept[-1][0]):
            kept.append((time, lat, lon))
    return kept


def spans(times: Sequence[int], low: int, high: int, max_gap: int, edge: int = 300) -> list[Span]:
    """[start, end) of each record, cut to [low, high)."""

    def after(gap: int) -> int:  # what the earlier of two neighbours gets
        return gap // 2 if gap <= max_gap else min(edge, gap // 2)

    def before(gap: int) -> int:  # the odd second goes to the later one
        return gap - gap // 2 if gap <= max_gap else min(edge, gap - gap // 2)

    def cut(instant: int) -> int:
        return sorted((low, instant, high))[1]

    gaps = [b - a for a, b in pairwise(times)]
    starts = [edge, *map(before, gaps)] if times else []
    ends = [*map(after, gaps), edge]
    return [(cut(t - s), cut(t + e)) for t, s, e in zip(times, starts, ends, strict=False)]


def merged(every_span: Sequence[Span], zones: Sequence[int]) -> list[tuple[int, int, int]]:
    """(start, end, zone): spans of neighbouring records of one zone are one if they touch; empty ones are none."""
    made: list[list[int]] = []
    for (start, end), zone in zip(every_span, zones, strict=True):
        if made and made[-1][1:] == [start, zone]:
            made[-1][1] = end
        else:
            made.append([start, end, zone])
    return [(start, end, zone) for start, end, zone in made if start < end]


def hour_of(hour_start: Sequence[int], instant: int) -> int:
    """Number of the hour, the first or last one where the instant is before or after all."""
    begun = [hour for hour, start in enumerate(hour_start[:-1]) if start <= instant]
    return begun[-1] if begun else 0


def stays(row: Sequence[Record], radius: float, minimum: int, max_gap: int | None) -> list[Stay]:
    """Li et al. 2008 within each stretch without a silence; `max_gap` None: no gap rule."""
    stretches: list[list[int]] = []
    for i, record in enumerate(row):
        if stretches and (max_gap is None or record[0] - row[i - 1][0] <= max_gap):
            stretches[-1].append(i)
        else:
            stretches.append([i])
    found = []
    for stretch in stretches:
        rest = stretch
        while rest:
            anchor = row[rest[0]]
            outside = next((i for i in rest if metres(anchor[1], anchor[2], row[i][1], row[i][2]) >= radius), None)
            if outside is None:
                last, end, rest, known = rest[-1], row[rest[-1]][0], [], max_gap is not None
            else:
                last, end, rest, known = outside - 1, row[outside][0], [i for i in rest if i >= outside], True
            if known and end - anchor[0] >= minimum:
                found.append(Stay(row.index(anchor), last, end))
    return found


def stay_zone(start: int, end: int, every_span: Sequence[Span], zones: Sequence[int]) -> int:
    """The zone with most of [start, end); -1 loses ties, then the smaller index wins."""
    total: dict[int, int] = defaultdict(int)
    for (a, b), zone in zip(every_span, zones, strict=True):
        total[zone] += len(range(max(a, start), min(b, end)))
    order = sorted((-seconds, zone < 0, zone) for zone, seconds in total.items() if seconds)
    return order[0][2] if order else -1


def stay_place(start: int, end: int, every_span: Sequence[Span], places: Sequence[int]) -> int:
    """The place that holds more of [start, end) than any other (else the smallest), unless being outside holds more."""

    def held(place: int) -> int:
        return sum(
            len(range(max(a, start), min(b, end))) for (a, b), p in zip(every_span, places, strict=True) if p == place
        )

    best = max(sorted(set(places) - {-1}), key=held, default=-1)
    return best if best >= 0 and held(best) > 0 and held(best) >= held(-1) else -1


def trips(times: Sequence[int], found: Sequence[Stay], max_gap: int | None) -> list[int]:
    """Numbers of the stays from which a trip leads to the next one."""

    def known(a: Stay, b: Stay) -> bool:
        way = times[a.last : b.head + 1]
        return max_gap is None or all(y - x <= max_gap for x, y in pairwise(way))

    return [i for i in range(len(found) - 1) if known(found[i], found[i + 1])]


def home(every_stay: Sequence[tuple[int, int, int]], unit: int, calendar: Calendar) -> int:
    """Zone with most time of stays (start, end, zone) in the unit's hours from 22:00 to 07:00; -1 under three hours."""
    total: dict[int, int] = defaultdict(int)
    for h, local in enumerate(calendar.local_hours):
        if calendar.hour_unit[h] == unit and local.hour in (22, 23, 0, 1, 2, 3, 4, 5, 6):
            for start, end, zone in every_stay:
                a, b = max(start, int(calendar.hour_start[h])), min(end, int(calendar.hour_start[h + 1]))
                total[zone] += max(0, b - a) if zone >= 0 else 0
    order = sorted((-seconds, zone) for zone, seconds in total.items() if seconds >= 3 * 3600)
    return order[0][1] if order else -1
