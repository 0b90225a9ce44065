"""Local time: hours, days and units, also where clocks change."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from shoal.calendar import Calendar, first_instant
from shoal.plan import Period, Unit

CASES = {
    "an ordinary week": ("America/Mexico_City", "2026-03-02", "2026-03-09", "week", 168),
    "set forward": ("Europe/Vienna", "2026-03-29", "2026-03-30", "day", 23),
    "set back": ("Europe/Vienna", "2026-10-25", "2026-10-26", "day", 25),
    "half an hour off": ("Asia/Kolkata", "2026-03-02", "2026-03-03", "day", 24),
    "three quarters off": ("Asia/Kathmandu", "2026-03-02", "2026-03-03", "day", 24),
    "set back by half an hour": ("Australia/Lord_Howe", "2026-04-05", "2026-04-06", "day", 24),
    "no midnight": ("Africa/Cairo", "2026-04-24", "2026-04-25", "day", 23),
    "a month": ("Europe/Vienna", "2026-03-01", "2026-04-01", "month", 31 * 24 - 1),
}


def calendar(zone: str, start: str, end: str, unit: Unit) -> Calendar:
    period = Period(start=date.fromisoformat(start), end=date.fromisoformat(end), unit=unit)
    return Calendar.from_period(period, ZoneInfo(zone))


@pytest.mark.parametrize(("zone", "start", "end", "unit", "hours"), CASES.values(), ids=list(CASES))
def test_hours(zone: str, start: str, end: str, unit: Unit, hours: int) -> None:
    found = calendar(zone, start, end, unit)
    assert found.hours == hours
    assert (np.diff(found.hour_start) > 0).all()
    for hour, begin in zip(found.local_hours, found.hour_start.tolist(), strict=False):
        assert hour.timestamp() == begin
        assert hour.minute == 0 or begin == found.start
    # every instant belongs to the hour that a clock on the wall shows
    for instant in range(found.start, found.end, 777):
        hour = found.local_hours[int(np.searchsorted(found.hour_start, instant, side="right")) - 1]
        wall = datetime.fromtimestamp(instant, ZoneInfo(zone))
        assert (wall.date(), wall.hour) == (hour.date(), hour.hour)


@pytest.mark.parametrize(("zone", "start", "end", "unit", "hours"), CASES.values(), ids=list(CASES))
def test_the_period_is_its_local_days(zone: str, start: str, end: str, unit: Unit, hours: int) -> None:
    found = calendar(zone, start, end, unit)
    assert datetime.fromtimestamp(found.start, ZoneInfo(zone)).date() == date.fromisoformat(start)
    assert datetime.fromtimestamp(found.start - 1, ZoneInfo(zone)).date() < date.fromisoformat(start)
    assert datetime.fromtimestamp(found.end - 1, ZoneInfo(zone)).date() < date.fromisoformat(end)
    assert datetime.fromtimestamp(found.end, ZoneInfo(zone)).date() == date.fromisoformat(end)


@pytest.mark.parametrize(("zone", "start", "end", "unit", "hours"), CASES.values(), ids=list(CASES))
def test_units_are_those_of_the_plan(zone: str, start: str, end: str, unit: Unit, hours: int) -> None:
    """A row is a device over one of them: cut elsewhere, the bound would hold for something else than is promised."""
    found = calendar(zone, start, end, unit)
    firsts = Period(start=date.fromisoformat(start), end=date.fromisoformat(end), unit=unit).unit_starts()
    assert [datetime.fromtimestamp(s, ZoneInfo(zone)).date() for s in found.unit_start[:-1]] == list(firsts)
    assert int(found.unit_start[-1]) == found.end


def test_units_of_days() -> None:
    found = calendar("Europe/Vienna", "2026-03-28", "2026-03-31", "day")
    assert found.units == 3
    assert np.diff(found.unit_start).tolist() == [24 * 3600, 23 * 3600, 24 * 3600]
    assert np.bincount(found.hour_unit).tolist() == [24, 23, 24]
    assert found.days == (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30))


def test_nights() -> None:
    found = calendar("Europe/Vienna", "2026-03-02", "2026-03-03", "day")
    assert [hour.hour for hour, night in zip(found.local_hours, found.is_night, strict=True) if night] == [
        0, 1, 2, 3, 4, 5, 6, 22, 23,
    ]  # fmt: skip


def test_a_day_without_midnight_begins_when_it_begins() -> None:
    instant = first_instant(date(2026, 4, 24), ZoneInfo("Africa/Cairo"))
    assert datetime.fromtimestamp(instant, ZoneInfo("Africa/Cairo")).hour == 1
