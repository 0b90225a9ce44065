"""Slow twins of what rows did on local days and of their radius of gyration, and rows made by hand for both.

One row at a time, plain Python, from the rules in the docstrings; local dates are those of a clock on the wall.
"""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from shoal.calendar import Calendar
from shoal.trajectories import Stays, Trajectories, Trips
from tests.trajectories.cases import PLACES, STEPS
from tests.trajectories.naive import metres

HALF_TURN = 1_800_000_000  # 1e-7 degrees


@dataclass(frozen=True)
class Stay:
    """Seconds since 1970 UTC; latitude and longitude in 1e-7 degrees; zone, and whether a trip leads to the next."""

    start: int
    end: int
    lat: int
    lon: int
    zone: int = 0
    leaves: bool = False


Day = tuple[date, int, int]
"""Local date, trips that began on it, their metres."""


def days(row: Sequence[Stay], calendar: Calendar) -> list[Day]:
    """The local days of the period on which the row has a stay, or begins a trip."""

    def date_of(instant: int) -> date:
        return datetime.fromtimestamp(instant, calendar.timezone).date()

    period = calendar.days[0], calendar.days[-1]
    seen: set[date] = set()
    number: defaultdict[date, int] = defaultdict(int)
    length: defaultdict[date, int] = defaultdict(int)
    for stay in row:
        last = max(stay.end - 1, stay.start)  # its last second; one of no time is an instant
        seen |= {date_of(instant) for instant in (*range(stay.start, last, 900), last)}
    for stay, following in pairwise(row):
        if stay.leaves:
            day = date_of(stay.end)
            number[day] += 1
            length[day] += math.floor(metres(stay.lat, stay.lon, following.lat, following.lon))
    return [(d, number[d], length[d]) for d in sorted(seen | set(number)) if period[0] <= d <= period[1]]


def gyration(row: Sequence[Stay]) -> float | None:
    """Metres: the root of the mean squared distance to the centre, by seconds; None where stays take no time."""
    total = sum(stay.end - stay.start for stay in row)
    if not total:
        return None

    def mean(values: Sequence[float]) -> float:
        return sum(v * (s.end - s.start) for v, s in zip(values, row, strict=True)) / total

    north = row[0].lat + mean([s.lat - row[0].lat for s in row])
    # `remainder`: the short way round; half a turn keeps its sign
    east = row[0].lon + mean([math.remainder(s.lon - row[0].lon, 2 * HALF_TURN) for s in row])
    off = [metres(s.lat, s.lon, round(north), round(east)) for s in row]
    return math.sqrt(mean([o * o for o in off]))


def made(many: Sequence[Sequence[Stay]], home: Sequence[int] | None = None) -> Trajectories:
    """The rows as Shoal holds them."""

    def long(values: Sequence[int]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.array(values, dtype=np.int64)

    def short(values: Sequence[int]) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
        return np.array(values, dtype=np.int32)

    def cuts(sizes: Sequence[int]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        return np.cumsum([0, *sizes], dtype=np.int64)

    stays = [stay for row in many for stay in row]
    leaves = [[i for i, stay in enumerate(row[:-1]) if stay.leaves] for row in many]
    first = cuts([len(row) for row in many])
    leads = [int(begin) + i for begin, row in zip(first, leaves, strict=False) for i in row]
    return Trajectories(
        stays=Stays(
            first,
            long([s.start for s in stays]),
            long([s.end for s in stays]),
            short([s.zone for s in stays]),
            short([s.lat for s in stays]),
            short([s.lon for s in stays]),
        ),
        trips=Trips(
            cuts([len(row) for row in leaves]),
            long([stays[i].end for i in leads]),
            short([stays[i].zone for i in leads]),
            short([stays[i + 1].zone for i in leads]),
            long(leads),
        ),
        home=None if home is None else short(home),
    )


# --- rows: on and beside midnights, at the date line and the poles

LENGTHS = (0, 0, 1, 2, 600, 1200, 1799, 1800, 1801, 3600, 28_800, 82_800, 86_399, 86_400, 86_401, 90_000, 250_000)
WAITS = (0, 0, 1, 2, 300, 7200, 43_200, 86_400)
FAR = (*STEPS, 89_932, -89_932, 3_000_000, -30_000_000)
"""1e-7 degrees: 89,932 are just under a kilometre."""


def row_of(start: int, place: tuple[int, int], moves: Sequence[tuple[int, int, int, int, int, bool]]) -> list[Stay]:
    """From the first stay's start and (wait, length, north, east, zone, leaves) of each stay."""
    at, (lat, lon) = start, place
    row = []
    for wait, length, north, east, zone, leaves in moves:
        at += wait
        lat = max(-900_000_000, min(900_000_000, lat + north))
        lon = (lon + east + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN
        row.append(Stay(at, at + length, lat, lon, zone, leaves))
        at += length
    return row


def starts_of(calendar: Calendar) -> list[int]:
    """Beside every local midnight, the period's end included."""
    dates = [hour.date() for hour in calendar.local_hours]
    new = [s for s, (a, b) in zip(calendar.hour_start[1:].tolist(), pairwise(dates), strict=False) if a != b]
    return [m + s for m in (calendar.start, *new, calendar.end) for s in (-1200, -2, -1, 0, 1)]


def rows_of(calendar: Calendar) -> st.SearchStrategy[list[list[Stay]]]:
    """A few rows of any length; some reach beyond the period."""
    start = st.sampled_from(starts_of(calendar)) | st.integers(calendar.start - 90_000, calendar.end)
    move = st.tuples(
        st.sampled_from(WAITS),
        st.sampled_from(LENGTHS),
        st.sampled_from(FAR),
        st.sampled_from(FAR),
        st.integers(-1, 2),
        st.booleans(),
    )
    return st.lists(st.builds(row_of, start, st.sampled_from(PLACES), st.lists(move, max_size=8)), max_size=5)


def corpus_of(calendar: Calendar, size: int = 120) -> list[list[Stay]]:
    """The same rows every time: right kernels pass on them, each seeded bug fails."""
    draw, starts = random.Random(20260329), starts_of(calendar)
    many: list[list[Stay]] = [[]]
    for number in range(size):
        most, lengths = (9, LENGTHS) if number % 2 else (3, LENGTHS[:6])  # few and short ones end beside midnight
        moves = [
            (draw.choice(WAITS), draw.choice(lengths), draw.choice(FAR), draw.choice(FAR), draw.randrange(-1, 3),
             draw.random() < 0.6)
            for _ in range(draw.randrange(most))
        ]  # fmt: skip
        many.append(row_of(draw.choice(starts), draw.choice(PLACES), moves))
    return [*many, []]
