"""Slow twins of the truth of one device: plain Python over its stops, from the rules in the docstrings."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

DAY, STAY = 86_400, 1_200


@dataclass(frozen=True)
class Stop:
    """Seconds of the period, metres, and the cell, or None."""

    arrive: int
    depart: int
    x: float
    y: float
    cell: int | None = 0


def within(stops: Sequence[Stop], low: int, high: int) -> list[tuple[Stop, int]]:
    """The stays of [low, high), cut at its ends, with their seconds."""
    cut = [(stop, min(stop.depart, high) - max(stop.arrive, low)) for stop in stops]
    return [(stop, seconds) for stop, seconds in cut if seconds >= STAY]


def dwell(stops: Sequence[Stop], days: int) -> Counter[tuple[int, str]]:
    """Stays by cell and duration."""
    counted: Counter[tuple[int, str]] = Counter()
    for stop, seconds in within(stops, 0, days * DAY):
        if stop.cell is not None:
            counted[stop.cell, duration(seconds)] += 1
    return counted


def visits(stops: Sequence[Stop], days: int) -> Counter[tuple[int, int]]:
    """Stays by cell and the day on which they began."""
    return Counter((s.cell, s.arrive // DAY) for s, _ in within(stops, 0, days * DAY) if s.cell is not None)


def days(stops: Sequence[Stop], number: int) -> dict[int, tuple[int, int]]:
    """Trips and metres of each day with a stay or the beginning of a trip."""
    stays = [stop for stop, _ in within(stops, 0, number * DAY)]
    found = {
        day: (0, 0) for day in range(number) if any(s.arrive < (day + 1) * DAY and s.depart > day * DAY for s in stays)
    }
    for here, there in pairwise(stays):
        trips, metres = found.get(here.depart // DAY, (0, 0))
        way = math.sqrt((there.x - here.x) ** 2 + (there.y - here.y) ** 2)
        found[here.depart // DAY] = trips + 1, metres + math.floor(way)
    return found


def visited(stops: Sequence[Stop], low: int, high: int) -> set[int]:
    """Cells with a stay in the unit."""
    return {stop.cell for stop, _ in within(stops, low, high) if stop.cell is not None}


def gyration(stops: Sequence[Stop], low: int, high: int) -> float | None:
    """Radius in metres over the unit; None without a stay."""
    stays = within(stops, low, high)
    if not stays:
        return None
    total = sum(seconds for _, seconds in stays)
    x = sum(stop.x * seconds for stop, seconds in stays) / total
    y = sum(stop.y * seconds for stop, seconds in stays) / total
    return math.sqrt(sum(seconds * ((stop.x - x) ** 2 + (stop.y - y) ** 2) for stop, seconds in stays) / total)


def duration(seconds: int) -> str:
    """The class of a stay, by the labels themselves."""
    edges = ((30, "0-30 min"), (60, "30-60 min"), (120, "60-120 min"), (240, "120-240 min"), (480, "240-480 min"))
    return next((label for minutes, label in edges if seconds < 60 * minutes), "480+ min")


def length(metres: float) -> str:
    """The class of a way or radius, by the labels themselves."""
    edges = ((1, "0-1 km"), (2, "1-2 km"), (5, "2-5 km"), (10, "5-10 km"), (20, "10-20 km"), (50, "20-50 km"))
    return next((label for km, label in edges if metres < 1000 * km), "50+ km")
