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
@pytest.mark.parametrize("classes", [(), ("few", "some", "many"), ("all",)], ids=["no classes", "three", "one"])
def test_one_row_a_cell(name: TimeName | None, columns: tuple[str, ...], classes: tuple[str, ...]) -> None:
    places = single_places(3) if columns == ("zone",) else pair_places(np.zeros((3, 2)), None)
    grid = Grid(columns, places, TimeKey.of(name, calendar()), classes)
    frame = grid.frame(IDS)
    assert frame.height == grid.cells == len(frame.unique())
    assert tuple(frame.columns) == grid.keys
    assert grid.keys == (*columns, *(("class",) if classes else ()), *(() if name is None else (name,)))
    cell = 0
    for place in places.tolist():
        for class_ in range(max(1, len(classes))):
            for bin_ in range(grid.time.bins):
                row = frame.row(cell, named=True)
                assert [row[c] for c in columns] == [IDS[z] for z in place]
                if classes:
                    assert row["class"] == classes[class_]
                if name is not None:
                    assert row[name] == grid.time.values[bin_]
                cell += 1


@pytest.mark.parametrize("name", [None, "daypart"])
@pytest.mark.parametrize("classes", [(), ("few", "some", "many")], ids=["no classes", "three"])
def test_a_cell_from_its_parts(name: TimeName | None, classes: tuple[str, ...]) -> None:
    """Each place, class and bin has the cell whose key is theirs; what is nowhere has none."""
    grid = Grid(("zone",), single_places(3), TimeKey.of(name, calendar()), classes)
    parts = [(p, c, b) for p in range(3) for c in range(max(1, len(classes))) for b in range(grid.time.bins)]
    place, class_, bin_ = np.array(parts, dtype=np.int64).T
    assert grid.cell(place, class_, bin_).tolist() == list(range(grid.cells))
    assert grid.cell(place, 0, bin_).tolist() == [grid.cell(place[i : i + 1], 0, int(b))[0] for i, b in enumerate(bin_)]
    nowhere = np.full(place.size, -1, dtype=np.int64)
    for told in (grid.cell(nowhere, class_, bin_), grid.cell(place, nowhere, bin_), grid.cell(place, class_, nowhere),
                 grid.cell(place, -1, bin_), grid.cell(place, class_, -1)):  # fmt: skip
        assert told.tolist() == nowhere.tolist() and told.dtype == np.int64
    none = np.zeros(0, dtype=np.int64)
    assert grid.cell(none, none, none).size == grid.cell(none, 0, 0).size == 0


def test_a_grid_of_no_places_is_empty() -> None:
    grid = Grid(("home", "zone"), pair_places(np.zeros((0, 2)), None), TimeKey.of("day", calendar()), ("a", "b"))
    assert grid.cells == grid.frame([]).height == 0
    assert grid.frame([]).columns == ["home", "zone", "class", "day"]


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
            case "week":
                assert value.weekday() == 0 and timedelta(0) <= hour.date() - value < timedelta(days=7)
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


def test_weeks_are_called_after_their_monday_whole_or_not() -> None:
    """A month that begins on a Sunday and ends on a Monday touches six ISO weeks."""
    november = TimeKey.of("week", calendar(date(2015, 11, 1), 30))
    assert november.values.to_list() == [date(2015, 10, 26) + timedelta(weeks=week) for week in range(6)]
    assert [int((november.of_hour == bin_).sum()) for bin_ in range(6)] == [24, 168, 168, 168, 168, 24]
    # across the end of a year, and a clock that is set forward in the night to Monday
    assert TimeKey.of("week", calendar(date(2024, 12, 30), 7)).values.to_list() == [date(2024, 12, 30)]
    march = TimeKey.of("week", calendar(date(2026, 3, 28), 3))
    assert (march.of_hour == 0).sum() == 47 and march.values.to_list() == [date(2026, 3, 23), date(2026, 3, 30)]


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


@pytest.mark.parametrize("nearest", [0, 300, 9_000, 40_000])
def test_near_pairs_of_many_zones_have_a_slow_twin(nearest: int) -> None:
    """One zone without a centre, two at one place; the limit is just what some pair is apart, or more than any."""
    dice = np.random.default_rng(3)
    centres = np.column_stack([dice.uniform(-80, 80, 200), dice.uniform(-180, 180, 200)])
    centres[7], centres[9] = np.nan, centres[8]
    lat, lon = np.radians(centres).T
    h = np.sin((lat - lat[:, None]) / 2) ** 2
    h += np.cos(lat) * np.cos(lat[:, None]) * np.sin((lon - lon[:, None]) / 2) ** 2
    apart = 2 * 6371.0088 * np.arcsin(np.sqrt(np.minimum(1, h)))
    km = float(np.append(np.sort(apart[np.isfinite(apart)])[199:], np.full(40_000, 30_000.0))[nearest])
    near = (apart <= km) | np.eye(200, dtype=np.bool_)
    assert pair_places(centres, km).tolist() == np.argwhere(near).tolist()
    some, others = np.arange(0, 200, 3, dtype=np.int32), np.arange(0, 200, 2, dtype=np.int32)
    expected = [[a, b] for a, b in np.argwhere(near).tolist() if a % 3 == 0 and b % 2 == 0]
    assert pair_places(centres, km, some, others).tolist() == expected


def test_all_pairs() -> None:
    assert pair_places(np.zeros((2, 2)), None).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
