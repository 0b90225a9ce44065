"""Days: every local date on which a row stayed or set out, whatever the clocks do."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.calendar import Calendar
from shoal.plan import Cleaning, Movement, Period, Unit
from shoal.trajectories import Stays, Trajectories, Trips, from_points
from shoal.trajectories import days as days_module
from shoal.trajectories.days import Days
from tests.trajectories import cases
from tests.trajectories.cases import Mode, Row, Stripes, assert_caught, both, bucket_of, split
from tests.trajectories.naive_days import Day, Stay, corpus_of, days, made, rows_of

ZONES = Stripes()


def calendar(start: date, end: date, zone: str, unit: Unit = "week") -> Calendar:
    return Calendar.from_period(Period(start=start, end=end, unit=unit), ZoneInfo(zone))


CALENDARS = {
    "a day of 23 hours": calendar(date(2026, 3, 23), date(2026, 3, 30), "Europe/Vienna"),
    "a day of 25 hours": calendar(date(2026, 10, 19), date(2026, 10, 26), "Europe/Vienna"),
    "units of a day": cases.CALENDAR,
    "a single day": calendar(date(2026, 3, 2), date(2026, 3, 3), "Europe/Vienna", "day"),
    "quarters": calendar(date(2026, 3, 2), date(2026, 3, 9), "Asia/Kathmandu"),
    "half an hour": calendar(date(2026, 3, 30), date(2026, 4, 6), "Australia/Lord_Howe"),
    "no midnight": calendar(date(2026, 4, 20), date(2026, 4, 27), "Africa/Cairo"),
    "a day left out": calendar(date(2011, 12, 26), date(2012, 1, 2), "Pacific/Apia"),
}


def told(rows: Trajectories, when: Calendar) -> list[list[Day]]:
    found = days_module.days_of(rows, when)
    assert [a.dtype.name for a in (found.first, found.day, found.trips, found.metres)] == [
        "int64",
        "int32",
        "int64",
        "int64",
    ]
    by_row = split(found.first, found.day, found.trips, found.metres)
    return [[(when.days[day], trips, metres) for day, trips, metres in row] for row in by_row]


def check() -> None:
    for when in CALENDARS.values():
        low = when.start  # a trip that begins with the period, from a stay before it
        edge = [Stay(low - 600, low, 0, 0, leaves=True), Stay(low + 86_400, low + 86_400, 9_000, 0)]
        many = [edge, *corpus_of(when)]
        assert told(made(many), when) == [days(row, when) for row in many]


@both
@settings(max_examples=150)
@given(data=st.data())
def test_equals_its_twin(mode: Mode, data: st.DataObject) -> None:
    when = CALENDARS[data.draw(st.sampled_from(list(CALENDARS)))]
    many = data.draw(rows_of(when))
    with mode():
        assert told(made(many), when) == [days(row, when) for row in many]


def test_equals_its_twin_on_the_corpus() -> None:
    check()


def stays_in(rows: Trajectories) -> list[list[Stay]]:
    """The stays that Shoal found in records, as the twin wants them."""
    s = rows.stays
    assert s.lat is not None and s.lon is not None and rows.trips.stay is not None
    leaves = np.zeros(s.start.size, dtype=np.int64)
    leaves[rows.trips.stay] = 1
    return [
        [Stay(start, end, lat, lon, zone, bool(leave)) for start, end, lat, lon, zone, leave in row]
        for row in split(s.first, s.start, s.end, s.lat, s.lon, s.zone, leaves)
    ]


@both
@settings(max_examples=40)
@given(many=cases.rows, minutes=st.sampled_from([1, 20]))
def test_from_records(mode: Mode, many: list[Row], minutes: int) -> None:
    with mode():
        rows = from_points(bucket_of(many), ZONES, cases.CALENDAR, Cleaning(), Movement(stay_minutes=Fraction(minutes)))
        assert told(rows, cases.CALENDAR) == [days(row, cases.CALENDAR) for row in stays_in(rows)]


def test_the_corpora_have_everything() -> None:
    """Else the comparisons above would compare little with little."""
    rows = from_points(bucket_of(cases.CORPUS), ZONES, cases.CALENDAR, Cleaning(), Movement())
    made_days = [day for row in told(rows, cases.CALENDAR) for day in row]
    assert sum(trips > 0 for _, trips, _ in made_days) > 100 and sum(trips == 0 for _, trips, _ in made_days) > 100
    for name, when in CALENDARS.items():
        many = corpus_of(when)
        every = [day for row in many for day in days(row, when)]
        assert {day for day, _, _ in every} == set(when.days), name
        assert any(trips > 1 for _, trips, _ in every) and any(metres > 1000 for _, _, metres in every)
        assert any(s.start == s.end for row in many for s in row)


VIENNA = CALENDARS["a day of 23 hours"]
MIDNIGHT = int(VIENNA.hour_start[24])  # from Monday to Tuesday
MONDAY, TUESDAY, WEDNESDAY = VIENNA.days[:3]


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([], []),
        ([(MIDNIGHT - 600, MIDNIGHT)], [(MONDAY, 0, 0)]),
        ([(MIDNIGHT - 600, MIDNIGHT + 1)], [(MONDAY, 0, 0), (TUESDAY, 0, 0)]),
        ([(MIDNIGHT, MIDNIGHT)], [(TUESDAY, 0, 0)]),
        ([(MIDNIGHT - 600, MIDNIGHT + 86_401)], [(MONDAY, 0, 0), (TUESDAY, 0, 0), (WEDNESDAY, 0, 0)]),
        ([(VIENNA.start - 600, VIENNA.start)], []),
        ([(VIENNA.start - 600, VIENNA.start + 1)], [(MONDAY, 0, 0)]),
        ([(VIENNA.end, VIENNA.end + 600)], []),
        ([(VIENNA.end - 1, VIENNA.end + 600)], [(VIENNA.days[-1], 0, 0)]),
        # a trip that begins at midnight is the new day's; nothing but the trip is seen of that day here
        ([(MIDNIGHT - 600, MIDNIGHT), (MIDNIGHT + 86_400, MIDNIGHT + 86_500)],
         [(MONDAY, 0, 0), (TUESDAY, 1, 0), (WEDNESDAY, 0, 0)]),
        ([(VIENNA.end - 600, VIENNA.end), (VIENNA.end + 600, VIENNA.end + 700)], [(VIENNA.days[-1], 0, 0)]),
    ],
)  # fmt: skip
def test_which_days_count(stays: list[tuple[int, int]], expected: list[Day]) -> None:
    row = [Stay(start, end, 482_000_000, 163_700_000, leaves=True) for start, end in stays]
    assert told(made([row]), VIENNA) == [expected]


def test_each_trip_is_rounded_down() -> None:
    """Three trips of 99.99 m each are 3 x 99 m."""
    row = [Stay(MIDNIGHT + i, MIDNIGHT + i, 8_992 * i, 0, leaves=True) for i in range(4)]
    assert told(made([row]), VIENNA) == [[(TUESDAY, 3, 297)]]


def test_over_the_date_line_is_the_short_way() -> None:
    row = [Stay(MIDNIGHT, MIDNIGHT, 0, 1_799_999_999, leaves=True), Stay(MIDNIGHT, MIDNIGHT, 0, -1_799_990_000)]
    assert told(made([row]), VIENNA) == [[(TUESDAY, 1, 111)]]


def test_no_rows() -> None:
    assert told(made([]), VIENNA) == []
    assert told(made([[], []]), VIENNA) == [[], []]


def test_a_source_of_trips_has_no_days() -> None:
    rows = made([[Stay(MIDNIGHT, MIDNIGHT, 0, 0)]])
    with pytest.raises(TypeError, match="positions of stays"):
        days_module.days_of(
            Trajectories(Stays(rows.stays.first, rows.stays.start, rows.stays.end, rows.stays.zone), rows.trips), VIENNA
        )
    trips = Trips(rows.trips.first, rows.trips.start, rows.trips.origin, rows.trips.destination)
    with pytest.raises(TypeError, match="positions of stays"):
        days_module.days_of(Trajectories(rows.stays, trips), VIENNA)


# --- kernels check no index: the arrays must hold whatever rows do


def without_compiler(kernel: Any) -> Any:
    return getattr(kernel, "py_func", kernel)


def check_room() -> None:
    """Rows that touch as many days as they can for their length, written by a kernel that knows its arrays' ends."""
    over = Stay(MIDNIGHT - 1, MIDNIGHT + 1, 0, 0)
    never = [Stay(MIDNIGHT, MIDNIGHT, 0, 0)] * 50
    forever = Stay(VIENNA.start - 10**7, VIENNA.end + 10**7, 0, 0)
    two = Stay(MIDNIGHT - 1, MIDNIGHT + 86_401, 0, 0)
    trips_only = [Stay(MIDNIGHT - 5, MIDNIGHT, 0, 0, leaves=True), Stay(MIDNIGHT + 86_400, MIDNIGHT + 86_400, 0, 0)]
    cases_of_room: list[Sequence[Sequence[Stay]]] = [
        [[over]], [[over]] * 100, [[two]] * 9, [never], [[forever]] * 3, [trips_only] * 4, [[], [over], []]
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days_module, "fill_days", without_compiler(days_module.fill_days))
        for many in cases_of_room:
            try:
                found = told(made(many), VIENNA)
            except IndexError as error:
                raise AssertionError("written beyond the end") from error
            assert found == [days(row, VIENNA) for row in many]


def test_there_is_room_for_every_day() -> None:
    check_room()


@given(data=st.data())
@settings(max_examples=60)
def test_there_is_room_for_any_rows(data: st.DataObject) -> None:
    when = CALENDARS[data.draw(st.sampled_from(list(CALENDARS)))]
    many = data.draw(rows_of(when))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(days_module, "fill_days", without_compiler(days_module.fill_days))
        told(made(many), when)  # an index beyond the end raises here


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("2 * stays.start.size", "stays.start.size"),
        ("+ int((stays.end - stays.start).sum()) // 3600", ""),
        ("(stays.first.size - 1) * len(calendar.days)", "len(calendar.days)"),
    ],
)
def test_too_little_room_is_caught(right: str, wrong: str) -> None:
    with pytest.MonkeyPatch.context() as patch:  # first of all: compiled, too little room is a broken heap
        patch.setattr(days_module, "fill_days", without_compiler(days_module.fill_days))
        assert_caught(days_module, "days_of", right, wrong, check_room)


@pytest.mark.parametrize(
    ("kernel", "right", "wrong"),
    [
        ("fill_lengths", "lat[here + 1], lon[here + 1]", "lat[here], lon[here + 1]"),
        ("fill_lengths", "np.int64(metres_between(", "np.int64(1 + metres_between("),
        ("fill_lengths", "stay[trip]", "trip"),
        ("fill_days", "max(end[stay] - 1, start[stay])", "end[stay]"),
        ("fill_days", "max(end[stay] - 1, start[stay])", "end[stay] - 1"),
        ("fill_days", "until < low_end", "until <= low_end"),
        ("fill_days", "start[stay] >= high_end", "start[stay] > high_end"),
        ("fill_days", "low_end <= trip_start[trip]", "low_end < trip_start[trip]"),
        ("fill_days", "range(begins, ends + 1)", "range(begins, ends)"),
        ("fill_days", "range(begins, ends + 1)", "(begins, ends)"),
        ("fill_days", "max(spare[0, one], 1) + 1", "max(spare[0, one], 1)"),
        ("fill_days", "max(spare[0, one], 1) + 1", "2"),
        ("fill_days", "spare[1, one] += length[trip]", "spare[1, one] = length[trip]"),
        ("fill_days", "min(least, begins)", "begins"),
        ("fill_days", "min(least, one), max(most, one)", "least, most"),
        ("fill_days", "spare[0, one] = spare[1, one] = 0", "spare[0, one] = 0"),
        ("fill_days", "first[row + 1] = count", "first[row + 1] = count - 1"),
    ],
)
def test_seeded_bug_is_caught(kernel: str, right: str, wrong: str) -> None:
    assert_caught(days_module, kernel, right, wrong, check)


def test_shows_nothing() -> None:
    shown = repr(days_module.days_of(made([[Stay(MIDNIGHT, MIDNIGHT + 9, 0, 0)]]), VIENNA))
    assert Days.__name__ in shown and "[" not in shown
