"""Public keys: every cell has its key, in cell order, whoever was there."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.calendar import Calendar
from shoal.keys import DAYPARTS, TIME_NAMES, Grid, TimeKey, TimeName, pair_codes, pair_places, single_places
from shoal.plan import Period

IDS = ["a", "b", "c"]


def calendar(start: date = date(2026, 3, 23), days: int = 7, zone: str = "Europe/Vienna") -> Calendar:
    return Calendar.from_period(Period(start=start, end=start + timedelta(days=days), unit="day"), ZoneInfo(zone))


@pytest.mark.parametrize("name", [None, *TIME_NAMES])
@pytest.mark.parametrize("columns", [("zone",), ("origin", "destination")], ids=["zones", "pairs"])
def test_one_row_a_cell(name: TimeName | None, columns: tuple[str, ...]) -> None:
    places = single_places(3) if columns == ("zone",) else pair_places(np.zeros((3, 2)), None)
    grid = Grid(columns, places, TimeKey.of(name, calendar()))
    frame = grid.frame(IDS)
    assert frame.height == grid.cells == len(frame.unique())
    assert tuple(frame.columns) == grid.keys
    for cell in range(grid.cells):
        place, bin_ = divmod(cell, grid.time.bins)
        row = frame.row(cell, named=True)
        assert [row[c] for c in columns] == [IDS[z] for z in places[place]]
        if name is not None:
            assert row[name] == grid.time.values[bin_]


def test_dayparts_cover_the_day_once() -> None:
    assert sorted(hour for span in DAYPARTS.values() for hour in span) == list(range(24))


@pytest.mark.parametrize("name", TIME_NAMES)
def test_each_hour_falls_into_its_bin(name: TimeName) -> None:
    time, cal = TimeKey.of(name, calendar()), calendar()
    for hour, bin_ in zip(cal.local_hours, time.of_hour.tolist(), strict=True):
        value = time.values[bin_]
        match name:
            case "hour":
                assert value == hour
            case "day":
                assert value == hour.date()
            case "weekday":
                assert value == f"{hour:%A}"
            case "daypart":
                assert hour.hour in DAYPARTS[value]


def test_the_hour_that_comes_twice_is_two_bins() -> None:
    time = TimeKey.of("hour", calendar(date(2026, 10, 25), 1))
    assert time.bins == 25
    assert [v.hour for v in time.values[1:5]] == [1, 2, 2, 3]
    assert time.values.n_unique() == 25


def test_bins_that_do_not_occur_do_not_exist() -> None:
    assert TimeKey.of("weekday", calendar(days=2)).values.to_list() == ["Monday", "Tuesday"]


points = st.lists(st.tuples(st.floats(-80, 80), st.floats(-180, 180)), min_size=1, max_size=12)


@given(centres=points, km=st.floats(0.1, 20_000))
def test_pairs_within_a_distance(centres: list[tuple[float, float]], km: float) -> None:
    array = np.array(centres)
    near, every = pair_places(array, km), pair_places(array, None)
    codes = pair_codes(near, len(centres))
    assert (np.diff(codes) > 0).all()
    assert set(codes.tolist()) <= set(pair_codes(every, len(centres)).tolist())
    chosen = set(map(tuple, near.tolist()))
    for a in range(len(centres)):
        assert (a, a) in chosen
        for b in range(len(centres)):
            x, y = (
                np.array([np.cos(t) * np.cos(g), np.cos(t) * np.sin(g), np.sin(t)])
                for t, g in np.radians(array[[a, b]])
            )
            apart = 6371.0088 * 2 * np.arcsin(min(1.0, float(np.linalg.norm(x - y)) / 2))
            if abs(apart - km) > 1e-3:
                assert ((a, b) in chosen) == (apart <= km or a == b)
            assert ((a, b) in chosen) == ((b, a) in chosen)


def test_all_pairs() -> None:
    assert pair_places(np.zeros((2, 2)), None).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
