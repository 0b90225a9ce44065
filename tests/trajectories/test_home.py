"""Home: the zone of the nights, in local time, also where clocks change."""

from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.calendar import Calendar
from shoal.plan import Period
from shoal.trajectories import home
from shoal.trajectories._types import Stays
from shoal.trajectories.home import homes_of
from tests.trajectories import naive
from tests.trajectories.cases import CALENDAR, Mode, assert_caught, both

Timed = tuple[int, int, int]
"""Start, end, zone of a stay."""
HOUR = 3600
VIENNA = ZoneInfo("Europe/Vienna")


def kernel(many: list[tuple[int, list[Timed]]], calendar: Calendar, zones: int = 6) -> list[int]:
    flat = [stay for _, own in many for stay in own]
    start, end, zone = (np.array([stay[i] for stay in flat], dtype=np.int64) for i in range(3))
    first = np.cumsum([0, *(len(own) for _, own in many)])
    unit = np.array([u for u, _ in many], dtype=np.int32)
    made = homes_of(Stays(first, start, end, zone.astype(np.int32)), unit, calendar, zones)
    assert made.dtype == np.int32 and made.size == len(many)
    return [int(zone) for zone in made]


def period(start: date, days: int, zone: str | ZoneInfo, unit: Literal["day", "week"] = "day") -> Calendar:
    zone = ZoneInfo(zone) if isinstance(zone, str) else zone
    return Calendar.from_period(Period(start=start, end=start + timedelta(days), unit=unit), zone)


WEEKS = period(date(2026, 3, 23), 14, VIENNA, "week")
"""Two weeks; the clock is set forward on the last day of the first."""

_stay = st.tuples(
    st.integers(0, 14 * 24), st.sampled_from([0, 1, 1800, 3 * HOUR, 5 * HOUR, 30 * HOUR]), st.integers(-1, 5)
)


@st.composite
def units_of_stays(draw: st.DrawFn) -> list[tuple[int, list[Timed]]]:
    many = []
    for _ in range(draw(st.integers(0, 4))):
        unit = draw(st.integers(0, 1))
        low = int(WEEKS.unit_start[unit])
        time, own = low - 8 * HOUR, []
        for wait, length, zone in draw(st.lists(_stay, max_size=12)):
            start = time + wait * 1800
            time = start + length
            own.append((start, time, zone))
        # some reach beyond the unit, none beyond the period
        own = [(max(a, WEEKS.start), min(b, WEEKS.end), z) for a, b, z in own if a < WEEKS.end and b > WEEKS.start]
        many.append((unit, own))
    return many


def check(many: list[tuple[int, list[Timed]]]) -> None:
    assert kernel(many, WEEKS) == [naive.home(own, unit, WEEKS) for unit, own in many]


@both
@given(many=units_of_stays())
def test_equals_its_twin(mode: Mode, many: list[tuple[int, list[Timed]]]) -> None:
    with mode():
        check(many)


def at(text: str, zone: ZoneInfo = VIENNA) -> int:
    """Seconds since 1970 of a local time; a `*` at the end: the second of two such times."""
    local = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=zone, fold=int(text.endswith("*")))
    return int(local.timestamp())


def named() -> dict[str, tuple[list[Timed], int]]:
    night = at("2026-03-25T22:00")
    return {
        "no stay": ([], -1),
        "three hours": ([(night, night + 3 * HOUR, 2)], 2),
        "a second less": ([(night, night + 3 * HOUR - 1, 2)], -1),
        "before ten does not count": ([(night - HOUR, night + 2 * HOUR, 2)], -1),
        "after seven does not count": ([(at("2026-03-25T05:00"), at("2026-03-25T12:00"), 2)], -1),
        "two nights add up": ([(night - 24 * HOUR, night - 22 * HOUR, 2), (night, night + 2 * HOUR, 2)], 2),
        "most": ([(night, night + 4 * HOUR, 5), (night + 4 * HOUR, night + 9 * HOUR, 3)], 3),
        "tie: smaller index": ([(night, night + 4 * HOUR, 5), (night + 4 * HOUR, night + 8 * HOUR, 3)], 3),
        "tie: smaller index first": ([(night, night + 4 * HOUR, 3), (night + 4 * HOUR, night + 8 * HOUR, 5)], 3),
        "outside every zone does not count": (
            [(night, night + 5 * HOUR, -1), (night + 5 * HOUR, night + 8 * HOUR, 0)],
            0,
        ),
        "outside does not count for the last zone": (
            [(night, night + 5 * HOUR, -1), (night + 5 * HOUR, night + 7 * HOUR, 5)],
            -1,
        ),
        "from the period's first second": ([(WEEKS.start, WEEKS.start + 2 * HOUR, 5)], -1),
        "zone with less than three hours": (
            [(night, night + 2 * HOUR, 0), (night + 2 * HOUR, night + 4 * HOUR, 1)],
            -1,
        ),
        "days in between": ([(night, night + 48 * HOUR, 4), (night + 50 * HOUR, night + 57 * HOUR, 1)], 4),
    }


NAMED = named()


@both
@pytest.mark.parametrize(("own", "expected"), NAMED.values(), ids=NAMED)
def test_cases(mode: Mode, own: list[Timed], expected: int) -> None:
    with mode():
        assert kernel([(0, []), (0, own), (0, [])], WEEKS) == [-1, expected, -1]


def check_named() -> None:
    assert kernel([(0, own) for own, _ in NAMED.values()], WEEKS) == [expected for _, expected in NAMED.values()]
    low, night = WEEKS.unit_start[1], at("2026-03-29T22:00")
    # two hours before the second week begins do not count for it
    assert kernel([(1, [(night, int(low) + 2 * HOUR, 2)]), (1, [(night, int(low) + 3 * HOUR, 2)])], WEEKS) == [-1, 2]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("total >= least", "total > least"),
        ("total > most or", "total >= most or"),
        ("zone[stay] < best", "zone[stay] > best"),
        ("seconds[zone[stay]] = 0", "pass"),  # one device's nights would reach the next
        ("max(start[stay], low)", "start[stay]"),
        ("zone[stay] >= 0 and begin", "begin"),
    ],
)
def test_seeded_bug_is_caught(right: str, wrong: str) -> None:
    assert_caught(home, "find_homes", right, wrong, check_named)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("hour_of(hour_start, instant)", "min(5, hour_of(hour_start, instant))"),
        ("if is_night[hour]:", "if False:"),
        ("- int(hour_start[hour])", "- hour_start[0]"),
    ],
)
def test_seeded_bug_in_the_night_is_caught(right: str, wrong: str) -> None:
    assert_caught(home, "night_before", right, wrong, check_nights_with_the_bodies)


def check_nights_with_the_bodies() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home, "find_homes", home.find_homes.py_func)  # type: ignore[attr-defined]
        check_named()
        spring()


def spring() -> None:
    calendar = period(date(2026, 3, 28), 2, VIENNA)
    # 29 March, 2:00 does not exist: from 4:00 to 7:00 summer time are three hours, as if the clock had stood still
    four, seven, nine = at("2026-03-29T04:00"), at("2026-03-29T07:00"), at("2026-03-29T09:00")
    assert kernel([(1, [(four, nine, 1)]), (1, [(four + 1, nine, 1)])], calendar) == [1, -1]
    # from midnight to 4:00 are three hours too
    assert kernel([(1, [(at("2026-03-29T00:00"), four, 4), (four, seven, 2)])], calendar) == [2]
    assert kernel([(1, [(at("2026-03-29T00:00"), four, 2), (four, seven, 4)])], calendar) == [2]


@both
def test_night_on_which_the_clock_is_set_forward(mode: Mode) -> None:
    with mode():
        spring()


@both
def test_night_on_which_the_clock_is_set_back(mode: Mode) -> None:
    with mode():
        calendar = period(date(2026, 10, 24), 2, VIENNA)
        # 25 October, from midnight to 7:00 are eight hours; the second 2:00 is four hours before... 7:00 is five after
        midnight, second, seven = at("2026-10-25T00:00"), at("2026-10-25T02:00*"), at("2026-10-25T07:00")
        assert (second - midnight, seven - second) == (3 * HOUR, 5 * HOUR)
        four = seven - 4 * HOUR
        assert kernel([(1, [(midnight, four, 5), (four, seven + 9 * HOUR, 1)])], calendar) == [1]
        assert kernel([(1, [(midnight, four + 1, 5), (four + 1, seven + 9 * HOUR, 1)])], calendar) == [5]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Vienna", date(2026, 3, 28)),
        ("Europe/Vienna", date(2026, 10, 24)),
        ("America/Mexico_City", date(2026, 3, 2)),
        ("Asia/Kolkata", date(2026, 3, 2)),
        ("Asia/Kathmandu", date(2026, 3, 2)),
        ("Australia/Lord_Howe", date(2026, 4, 4)),
        ("Australia/Lord_Howe", date(2026, 10, 3)),
    ],
)
def test_three_hours_of_any_night_minute_by_minute(zone: str, day: date) -> None:
    """Against the clock on the wall: a stay has a home exactly if 180 of its minutes lie between 22:00 and 07:00."""
    calendar = period(day, 2, zone)
    minutes = range(calendar.start, int(calendar.unit_start[1]), 60)
    hours = [datetime.fromtimestamp(m, calendar.timezone).hour for m in minutes]
    night = [hour >= 22 or hour < 7 for hour in hours]
    draw = np.random.default_rng(11)
    seen = set()
    for _ in range(300):
        a, b = sorted(draw.integers(0, len(minutes), 2).tolist())
        expected = 0 if sum(night[a:b]) >= 180 else -1
        assert kernel([(0, [(minutes[a], minutes[b], 0)])], calendar) == [expected]
        seen.add(expected)
    assert seen == {0, -1}


def test_calendar_of_the_corpus_has_the_short_day() -> None:
    assert np.diff(CALENDAR.unit_start).tolist() == [24 * HOUR, 23 * HOUR, 24 * HOUR, 24 * HOUR]
