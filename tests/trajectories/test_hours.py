"""Hours: the one that holds an instant, also where clocks change."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal._arrays import Int64
from shoal.calendar import Calendar
from shoal.plan import Period
from shoal.trajectories import hours
from tests.trajectories import naive
from tests.trajectories.cases import Mode, assert_caught, both


def period(zone: str, start: date, days: int) -> Int64:
    return Calendar.from_period(Period(start=start, end=start + timedelta(days), unit="day"), ZoneInfo(zone)).hour_start


HOURS = {
    "no change": period("America/Mexico_City", date(2026, 3, 2), 3),
    "forward": period("Europe/Vienna", date(2026, 3, 28), 3),
    "back": period("Europe/Vienna", date(2026, 10, 24), 3),
    "an hour and a half": period("Australia/Lord_Howe", date(2026, 4, 4), 3),
    "quarters": period("Asia/Kathmandu", date(2026, 3, 2), 1),
    "one hour": np.array([7200, 10_800]),
    "short hours": np.array([7200, 9000, 12_600, 14_400, 15_300, 18_900, 20_700]),
}


def check() -> None:
    for hour_start in HOURS.values():
        starts = hour_start.tolist()
        for instant in sorted({start + s for start in starts for s in (-3601, -1, 0, 1, 1800)}):
            assert hours.hour_of(hour_start, instant) == naive.hour_of(starts, instant)


@both
def test_beside_every_edge(mode: Mode) -> None:
    with mode():
        check()


@both
@given(name=st.sampled_from(list(HOURS)), share=st.floats(-0.5, 1.5))
def test_equals_its_twin(mode: Mode, name: str, share: float) -> None:
    starts = HOURS[name].tolist()
    instant = starts[0] + int(share * (starts[-1] - starts[0]))
    with mode():
        assert hours.hour_of(HOURS[name], instant) == naive.hour_of(starts, instant)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("hour_start[hour] > instant", "hour_start[hour] > instant + 1"),
        ("hour_start[hour + 1] <= instant", "hour_start[hour + 1] < instant"),
        ("hour -= 1", "break"),
        ("hour += 1", "break"),
        ("max(0, ", "max(-1, "),
    ],
)
def test_seeded_bug_is_caught(right: str, wrong: str) -> None:
    assert_caught(hours, "hour_of", right, wrong, check)
