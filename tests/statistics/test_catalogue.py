"""Visitors, dwell, catchment, distance, gyration and staying at home, against a count by hand of the same rows.

The count goes from rows to keys as a table shows them: local dates of a clock on the wall, labels of classes.
"""

import inspect
import math
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.calendar import Calendar
from shoal.errors import PlanError
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions
from shoal.privacy.mechanism import ONE
from shoal.statistics import STATISTICS, Statistic, _base, stay_home
from shoal.trajectories import Trajectories
from tests.contracts.hostile import PLAN_TEXT
from tests.trajectories import naive, naive_days
from tests.trajectories.cases import PLACES, assert_caught
from tests.trajectories.naive_days import LENGTHS, WAITS, Stay, corpus_of, made, row_of, rows_of

IDS = ("near", "next", "far")
CENTRES = np.array([[48.20, 16.30], [48.21, 16.31], [48.30, 16.60]])
NAMES = ("visitors", "dwell", "catchment", "distance", "gyration", "stay_home")
TIMES = ("hour", "day", "daypart", "week", "weekday")
CASES = [(name, time) for name in NAMES for time in (None, *(t for t in TIMES if t in STATISTICS[name].times))]
PERIODS = {
    "day": ("2026-03-23", "2026-04-06"),
    "week": ("2026-03-23", "2026-04-06"),
    "month": ("2026-03-01", "2026-05-01"),
}
"""All hold the day of 23 hours, 29 March."""

Key = tuple[Any, ...]
Home = int


def plan_of(folder: Path, name: str, wish: str = "", unit: str = "week", period: tuple[str, str] | None = None) -> Plan:
    start, end = period or PERIODS[unit]
    text = PLAN_TEXT.replace("start = 2026-03-02", f"start = {start}").replace("end = 2026-03-04", f"end = {end}")
    text = text.replace('unit = "day"', f'unit = "{unit}"')
    (folder / "plan.toml").write_text(f"{text}[statistics.{name}]\n{wish}\n")
    return Plan.load(folder / "plan.toml")


def statistic(folder: Path, name: str, wish: str = "", unit: str = "week", **options: Any) -> Statistic:
    plan = plan_of(folder, name, wish, unit, **options)
    return STATISTICS[name].from_plan(plan, CENTRES, Calendar.from_plan(plan))


def by(name: str, time: str | None) -> str:
    needed = (*STATISTICS[name].places, *(("class",) if STATISTICS[name].classes else ()))
    return f"by = {[*needed, *([time] if time else [])]}"


def told(found: Contributions, keys: list[Key]) -> list[dict[Key, int]]:
    """What each row adds, by keys; whole contributions only."""
    assert (found.weight % ONE == 0).all()
    cuts = zip(found.first[:-1].tolist(), found.first[1:].tolist(), strict=True)
    rows = [list(zip(found.cell[a:b].tolist(), found.weight[a:b].tolist(), strict=True)) for a, b in cuts]
    assert all(len(row) == len(dict(row)) for row in rows)
    return [{keys[cell]: weight // ONE for cell, weight in row} for row in rows]


def keys_of(one: Statistic) -> list[Key]:
    return one.grid.frame(IDS).rows()


# --- the count by hand

MINUTES = {0: "0-30 min", 30: "30-60 min", 60: "60-120 min", 120: "120-240 min", 240: "240-480 min", 480: "480+ min"}
KILOMETRES = {0: "0-1 km", 1: "1-2 km", 2: "2-5 km", 5: "5-10 km", 10: "10-20 km", 20: "20-50 km", 50: "50+ km"}
PARTS = ["night"] * 6 + ["morning"] * 4 + ["midday"] * 5 + ["afternoon"] * 4 + ["evening"] * 5


def label(value: float, labels: dict[int, str]) -> str:
    return labels[max(edge for edge in labels if edge <= value)]


def key_at(calendar: Calendar, time: str | None, instant: int) -> Key | None:
    """The time key of an instant, () without one; None outside the period."""
    local = datetime.fromtimestamp(instant, calendar.timezone)
    if not calendar.days[0] <= local.date() <= calendar.days[-1]:
        return None
    match time:
        case None:
            return ()
        case "hour":
            return (local.replace(minute=0, second=0),)
        case "daypart":
            return (PARTS[local.hour],)
        case _:
            return key_on(time, local.date())


def key_on(time: str | None, day: date) -> Key:
    return {None: (), "day": (day,), "week": (day - timedelta(day.weekday()),), "weekday": (f"{day:%A}",)}[time]


def begun(row: Sequence[Stay], calendar: Calendar, time: str | None) -> Iterator[tuple[Stay, Key]]:
    """Stays in a zone that begin in the period, with their time."""
    for stay in row:
        key = key_at(calendar, time, stay.start)
        if stay.zone >= 0 and key is not None:
            yield stay, key


def count_visitors(row: Sequence[Stay], home: Home, calendar: Calendar, time: str | None) -> Counter[Key]:
    return Counter({(IDS[stay.zone], *key) for stay, key in begun(row, calendar, time)})


def count_dwell(row: Sequence[Stay], home: Home, calendar: Calendar, time: str | None) -> Counter[Key]:
    found = begun(row, calendar, time)
    return Counter((IDS[stay.zone], label((stay.end - stay.start) / 60, MINUTES), *key) for stay, key in found)


def count_catchment(row: Sequence[Stay], home: Home, calendar: Calendar, time: str | None) -> Counter[Key]:
    return Counter({(IDS[home], IDS[stay.zone], *key) for stay, key in begun(row, calendar, time)})


def count_distance(row: Sequence[Stay], home: Home, calendar: Calendar, time: str | None) -> Counter[Key]:
    found = naive_days.days(row, calendar)
    return Counter((IDS[home], label(metres / 1000, KILOMETRES), *key_on(time, day)) for day, _, metres in found)


def count_gyration(row: Sequence[Stay], home: Home, calendar: Calendar, time: str | None) -> Counter[Key]:
    radius = naive_days.gyration(row)
    return Counter([] if radius is None else [(IDS[home], label(radius / 1000, KILOMETRES))])


def count_stay_home(row: Sequence[Stay], home: Home, calendar: Calendar, time: str | None) -> Counter[Key]:
    return Counter((IDS[home], *key_on(time, day)) for day, trips, _ in naive_days.days(row, calendar) if not trips)


COUNTS: dict[str, Callable[[Sequence[Stay], Home, Calendar, str | None], Counter[Key]]] = {
    "visitors": count_visitors,
    "dwell": count_dwell,
    "catchment": count_catchment,
    "distance": count_distance,
    "gyration": count_gyration,
    "stay_home": count_stay_home,
}


def compare(one: Statistic, many: Sequence[Sequence[Stay]], homes: Sequence[int]) -> None:
    count, time = COUNTS[one.name], one.grid.time.name
    homely = "home" in one.places
    expected = [
        dict(count(row, home, one.calendar, time)) if home >= 0 or not homely else {}
        for row, home in zip(many, homes, strict=True)
    ]
    assert told(one.contribution(made(many, homes)), keys_of(one)) == expected


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str | None], Statistic]:
    folder = tmp_path_factory.mktemp("plans")
    return {(name, time): statistic(folder, name, by(name, time)) for name, time in CASES}


def homes_of(number: int) -> list[int]:
    return [i % 4 - 1 for i in range(number)]


@pytest.mark.parametrize(("name", "time"), CASES)
def test_equals_the_count_by_hand_on_the_corpus(every: Any, name: str, time: str | None) -> None:
    one = every[name, time]
    many = corpus_of(one.calendar, 300)
    assert sum(len(COUNTS[name](row, 0, one.calendar, time)) for row in many) > 150, "little is compared"
    compare(one, many, homes_of(len(many)))


@pytest.mark.parametrize(("name", "time"), CASES)
@settings(max_examples=30)
@given(data=st.data())
def test_equals_the_count_by_hand(every: Any, name: str, time: str | None, data: st.DataObject) -> None:
    one = every[name, time]
    many = data.draw(rows_of(one.calendar))
    compare(one, many, data.draw(st.lists(st.integers(-1, 2), min_size=len(many), max_size=len(many))))


@pytest.mark.parametrize(("name", "unit"), [(name, unit) for name in NAMES for unit in PERIODS])
def test_units_change_no_row(tmp_path: Path, name: str, unit: str) -> None:
    one = statistic(tmp_path, name, unit=unit)
    many = corpus_of(one.calendar, 100)
    compare(one, many, homes_of(len(many)))


# --- edges of classes


def pair(start: int, end: int, north: int, *, seconds: int = 0) -> list[Stay]:
    """Two stays, `north` 1e-7 degrees apart, a trip between them."""
    return [Stay(start, start + seconds, 0, 0, 0, leaves=True), Stay(end, end + seconds, north, 0, 1)]


def steps_to(metres: int) -> int:
    """The least difference of latitude, 1e-7 degrees, that is `metres` far."""
    steps = int(metres / 0.0112)
    while naive.metres(0, 0, steps, 0) < metres:
        steps += 1
    return steps


@pytest.mark.parametrize(("edge", "number"), [(e, i) for i, e in enumerate(KILOMETRES) if e])
def test_a_way_of_exactly_an_edge_is_in_the_class_above(tmp_path: Path, edge: int, number: int) -> None:
    one, labels = statistic(tmp_path, "distance"), list(KILOMETRES.values())
    noon, steps = one.calendar.start + 12 * 3600, steps_to(edge * 1000)
    rows = made([pair(noon, noon + 60, steps), pair(noon, noon + 60, steps - 1)], [2, 2])
    assert told(one.contribution(rows), keys_of(one)) == [
        {("far", labels[number]): 1},
        {("far", labels[number - 1]): 1},
    ]


@pytest.mark.parametrize(("edge", "number"), [(e, i) for i, e in enumerate(KILOMETRES) if e])
def test_a_radius_of_exactly_an_edge_is_in_the_class_above(tmp_path: Path, edge: int, number: int) -> None:
    one, labels = statistic(tmp_path, "gyration"), list(KILOMETRES.values())
    noon, steps = one.calendar.start + 12 * 3600, steps_to(edge * 1000)
    apart = (2 * steps, 2 * (steps - 1))  # both ends as far from the middle
    rows = made([pair(noon, noon + 60, north, seconds=60) for north in apart], [2, 2])
    assert told(one.contribution(rows), keys_of(one)) == [
        {("far", labels[number]): 1},
        {("far", labels[number - 1]): 1},
    ]


@pytest.mark.parametrize(("edge", "number"), [(e, i) for i, e in enumerate(MINUTES) if e])
def test_a_stay_of_exactly_an_edge_is_in_the_class_above(tmp_path: Path, edge: int, number: int) -> None:
    one, labels = statistic(tmp_path, "dwell"), list(MINUTES.values())
    noon = one.calendar.start + 12 * 3600
    rows = made([[Stay(noon, noon + edge * 60 - early, 0, 0, 2)] for early in (0, 1)])
    assert told(one.contribution(rows), keys_of(one)) == [
        {("far", labels[number]): 1},
        {("far", labels[number - 1]): 1},
    ]


# --- by hand, where a rule is easily got wrong


def test_many_stays_are_one_visitor_and_many_of_dwell(tmp_path: Path) -> None:
    noon = statistic(tmp_path, "visitors").calendar.start + 12 * 3600
    row = [Stay(noon + i, noon + i, 0, 0, 1) for i in range(40)]
    for name, keys in {"visitors": ("next",), "dwell": ("next", "0-30 min"), "catchment": ("near", "next")}.items():
        one = statistic(tmp_path, name)
        assert told(one.contribution(made([row], [0])), keys_of(one)) == [{keys: 40 if name == "dwell" else 1}]


def test_the_home_itself_is_of_its_catchment(tmp_path: Path) -> None:
    one = statistic(tmp_path, "catchment")
    noon = one.calendar.start + 12 * 3600
    rows = made([[Stay(noon, noon, 0, 0, 2)]] * 2, [2, -1])
    assert told(one.contribution(rows), keys_of(one)) == [{("far", "far"): 1}, {}]


def test_catchment_within_a_distance(tmp_path: Path) -> None:
    """Zones 0 and 1 are 1.3 km apart, zone 2 is far: nobody of it is counted elsewhere."""
    one = statistic(tmp_path, "catchment", "max_km = 5")
    assert one.grid.places.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 2]]
    noon = one.calendar.start + 12 * 3600
    everywhere = [Stay(noon, noon, 0, 0, zone) for zone in (-1, 0, 1, 2)]
    assert told(one.contribution(made([everywhere] * 4, [0, 1, 2, -1])), keys_of(one)) == [
        {("near", "near"): 1, ("near", "next"): 1},
        {("next", "near"): 1, ("next", "next"): 1},
        {("far", "far"): 1},
        {},
    ]


def test_a_trip_at_midnight_ends_no_day_at_home(tmp_path: Path) -> None:
    """The old day was spent at home; the new one began with a trip and was not, the third was again."""
    home, way = statistic(tmp_path, "stay_home"), statistic(tmp_path, "distance", 'by = ["home", "class", "day"]')
    midnight = int(home.calendar.hour_start[24])
    rows = made([pair(midnight - 600, midnight + 86_400, 9_000_000, seconds=600)], [0])
    days = home.calendar.days
    assert told(home.contribution(rows), keys_of(home)) == [{("near", days[0]): 1, ("near", days[2]): 1}]
    assert told(way.contribution(rows), keys_of(way)) == [
        {("near", "0-1 km", days[0]): 1, ("near", "50+ km", days[1]): 1, ("near", "0-1 km", days[2]): 1}
    ]


@pytest.mark.parametrize("name", ["catchment", "distance", "gyration", "stay_home"])
def test_without_homes_there_is_no_count(tmp_path: Path, name: str) -> None:
    with pytest.raises(TypeError, match=f"{name} needs homes"):
        statistic(tmp_path, name).contribution(replace(made([[]]), home=None))


@pytest.mark.parametrize(("name", "time"), CASES)
def test_no_rows(every: Any, name: str, time: str | None) -> None:
    cases: list[list[list[Stay]]] = [[], [[]], [[], []]]
    for many in cases:
        found = every[name, time].contribution(made(many, [0] * len(many)))
        assert found.first.tolist() == [0] * (len(many) + 1) and found.cell.size == found.weight.size == 0


# --- what a number is divided by


@pytest.mark.parametrize(
    ("unit", "period", "times"),
    [
        ("day", ("2026-03-23", "2026-04-06"), {None: 14, "daypart": 14, "week": 7, "weekday": 2, "day": 1, "hour": 1}),
        ("day", ("2026-03-23", "2026-03-30"), {None: 7, "daypart": 7, "weekday": 1, "day": 1, "hour": 1}),
        (
            "day",
            ("2026-03-25", "2026-04-02"),
            {None: 8, "daypart": 8, "week": "refused", "weekday": "refused", "day": 1, "hour": 1},
        ),
        ("day", ("2026-03-25", "2026-03-26"), {None: 1, "weekday": 1, "day": 1}),
        ("week", ("2026-03-23", "2026-04-06"), {None: 2, "daypart": 2, "week": 1, "weekday": 2, "day": 1, "hour": 1}),
        ("month", ("2026-03-01", "2026-04-01"), {None: 1, "week": 1}),
        (
            "month",
            ("2026-03-01", "2026-05-01"),
            {None: 2, "week": "refused", "daypart": 2, "weekday": 2, "day": 1, "hour": 1},
        ),
    ],
)
@pytest.mark.parametrize("name", ["visitors", "catchment"])
def test_distinct_devices_are_means_over_units(
    tmp_path: Path, name: str, unit: str, period: tuple[str, str], times: dict[str | None, int | str]
) -> None:
    for time, expected in times.items():
        if time not in (None, *STATISTICS[name].times):
            continue
        if expected == "refused":
            needs = "weeks that all hold as many units" if time == "week" else "whole weeks"
            with pytest.raises(PlanError, match=f"{name}\\] by: {name} by {time} in units of a {unit} needs {needs}"):
                statistic(tmp_path, name, by(name, time), unit, period=period)
        else:
            assert statistic(tmp_path, name, by(name, time), unit, period=period).divisor == expected, time


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        (unit, time)
        for unit in PERIODS
        for time in (None, "daypart", "week", "weekday", "day", "hour")
        if (unit, time) != ("month", "week")  # the last days of March are in the week of the first of April: refused
    ],
)
def test_a_device_that_is_always_there_is_one_visitor(tmp_path: Path, unit: str, time: str | None) -> None:
    """In every bin: the divisor is the number of units that meet it."""
    one = statistic(tmp_path, "visitors", by("visitors", time), unit)
    hours = one.calendar.hour_start[:-1].tolist()
    units = pairwise(one.calendar.unit_start.tolist())
    rows = made([[Stay(h, h, 0, 0, 1) for h in hours if low <= h < high] for low, high in units])
    found = one.contribution(rows)
    sums = np.bincount(found.cell, found.weight, one.grid.cells).reshape(3, -1) / ONE / one.divisor
    assert sums.tolist() == [[zone == 1] * one.grid.time.bins for zone in range(3)]


@pytest.mark.parametrize(("name", "time"), [(n, t) for n, t in CASES if n in ("dwell", "distance", "stay_home")])
def test_counts_are_not_divided(every: Any, name: str, time: str | None) -> None:
    assert every[name, time].divisor == 1


def test_gyration_is_a_mean_over_units(tmp_path: Path) -> None:
    assert [statistic(tmp_path, "gyration", unit=unit).divisor for unit in PERIODS] == [14, 2, 2]


# --- most cells


def in_one_unit(calendar: Calendar) -> st.SearchStrategy[list[Stay]]:
    """A row as Shoal makes them: inside its unit."""

    def cut(unit: int, row: list[Stay]) -> list[Stay]:
        low, high = calendar.unit_start[unit : unit + 2].tolist()
        shifted = [replace(s, start=s.start + low, end=min(s.end + low, high)) for s in row]
        return [stay for stay in shifted if stay.start < high]

    move = st.tuples(
        st.sampled_from(WAITS),
        st.sampled_from(LENGTHS),
        st.sampled_from((0, 9_000_000)),
        st.just(0),
        st.integers(0, 2),
        st.booleans(),
    )
    row = st.builds(row_of, st.integers(0, 86_400), st.sampled_from(PLACES), st.lists(move, max_size=30))
    return st.builds(cut, st.integers(0, calendar.units - 1), row)


DAILY = [("distance", None), ("distance", "day"), ("distance", "weekday"), ("gyration", None)] + [
    ("stay_home", time) for time in (None, "day", "weekday")
]


@pytest.mark.parametrize(("name", "time"), DAILY)
@settings(max_examples=60)
@given(data=st.data())
def test_a_row_is_in_one_cell_a_day_at_most(every: Any, name: str, time: str | None, data: st.DataObject) -> None:
    one = every[name, time]
    rows = made([data.draw(in_one_unit(one.calendar))], [0])
    most = 1 if name == "gyration" or (name, time) == ("stay_home", None) else one.calendar.most_days
    assert np.diff(one.contribution(rows).first).max() <= most


def test_usual_cells_are_some_and_no_more_than_there_are(every: Any) -> None:
    for case, one in every.items():
        assert len(one.cells) == 1 + len(one.levels)
        assert all(cells >= 1 for cells in one.cells), case
        assert one.cells[0] <= max(30, one.grid.cells), case


@pytest.mark.parametrize(("name", "time"), [(n, t) for n, t in CASES if n in ("visitors", "catchment")])
def test_no_row_weighs_more_than_once_in_a_cell(every: Any, name: str, time: str | None) -> None:
    one = every[name, time]
    many = corpus_of(one.calendar, 300)
    assert set(one.contribution(made(many, homes_of(len(many)))).weight.tolist()) == {ONE}


# --- what rows of several units share


@pytest.mark.parametrize(("name", "time"), CASES)
def test_which_rows_share_cells(every: Any, name: str, time: str | None) -> None:
    assert every[name, time].is_apart("points") is (time in ("hour", "day", "week"))  # units are ISO weeks here


def test_arrivals_of_trips_may_share_cells(every: Any) -> None:
    """A trip that begins in one unit may arrive in the next."""
    for time in (None, *STATISTICS["visitors"].times):
        assert not every["visitors", time].is_apart("trips")


# --- what can not be meant

TRIPS = ("start", "end", "origin", "destination")


def of_trips(folder: Path, name: str, wish: str = "") -> Statistic:
    columns = "".join(f'{column} = "{column}"\n' for column in TRIPS)
    text = PLAN_TEXT.replace('"points"', '"trips"').replace('time = "t"\nlat = "lat"\nlon = "lon"\n', columns)
    (folder / "plan.toml").write_text(f"{text}[statistics.{name}]\n{wish}\n")
    plan = Plan.load(folder / "plan.toml")
    return STATISTICS[name].from_plan(plan, CENTRES, Calendar.from_plan(plan))


@pytest.mark.parametrize("name", ["dwell", "catchment", "distance", "gyration", "stay_home"])
def test_trips_have_no_stays_and_no_homes(tmp_path: Path, name: str) -> None:
    with pytest.raises(PlanError) as refused:
        of_trips(tmp_path, name)
    assert f"[statistics] {name}: a source of trips has no {name}; ask for" in str(refused.value)
    assert "plan.toml, line " in str(refused.value)


def test_trips_have_visitors(tmp_path: Path) -> None:
    """Those who arrive, once; an arrival after the period is nobody's."""
    one = of_trips(tmp_path, "visitors", 'by = ["zone", "day"]')
    start, end = one.calendar.start, one.calendar.end
    arrivals = [[Stay(t, t, 0, 0, 0) for t in (start, start + 1, end - 1, end)], [Stay(end, end, 0, 0, 1)]]
    rows = made(arrivals)
    bare = Trajectories(replace(rows.stays, lat=None, lon=None), replace(rows.trips, stay=None))
    first, last = one.calendar.days
    assert told(one.contribution(bare), keys_of(one)) == [{("near", first): 1, ("near", last): 1}, {}]


@pytest.mark.parametrize(
    ("name", "wish", "message"),
    [
        ("visitors", 'by = ["day"]', r"visitors\] by: must name zone; visitors is counted by zone$"),
        ("visitors", 'by = ["zone", "class"]', "'class' is no key of visitors; usable beside zone: day, hour"),
        ("visitors", "max_km = 5", "max_km: means nothing for visitors"),
        ("dwell", 'by = ["zone"]', r"must name class; dwell is counted by zone, class$"),
        ("dwell", 'by = ["class", "day"]', r"must name zone; dwell"),
        ("dwell", 'by = ["zone", "class", "class"]', "no key twice"),
        ("dwell", 'by = ["zone", "class", "day", "hour"]', "at most one time key"),
        ("dwell", "max_km = 5", "max_km: means nothing for dwell"),
        ("catchment", 'by = ["zone"]', r"must name home; catchment is counted by home, zone$"),
        ("catchment", 'by = ["zone", "home", "hour"]', "'hour' is no time key of catchment; usable beside home"),
        ("distance", 'by = ["home"]', r"must name class; distance is counted by home, class$"),
        ("distance", 'by = ["day"]', "must name home, class; distance"),
        ("distance", 'by = ["home", "class", "daypart"]', "'daypart' is no time key of distance; usable beside home"),
        ("distance", 'by = ["home", "class", "zone"]', "'zone' is no key of distance"),
        ("distance", "max_km = 5", "max_km: means nothing for distance"),
        ("gyration", 'by = ["home"]', r"must name class; gyration is counted by home, class$"),
        ("gyration", 'by = ["home", "class", "day"]', "'day' is no time key of gyration; .*: no time key"),
        ("gyration", "bound = 1.5", "bound: .* only adds noise"),
        ("stay_home", 'by = ["day"]', r"must name home; stay_home is counted by home$"),
        ("stay_home", 'by = ["home", "hour"]', "'hour' is no time key of stay_home; .* home: day, week, weekday"),
        ("stay_home", 'by = ["home", "class"]', "'class' is no key of stay_home"),
        ("dwell", "classes = 3", "classes"),
    ],
)  # fmt: skip
def test_what_can_not_be_meant(tmp_path: Path, name: str, wish: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        statistic(tmp_path, name, wish)


def test_keys_in_any_order_are_the_same(tmp_path: Path) -> None:
    for wish in ('by = ["class", "weekday", "home"]', 'by = ["home", "class", "weekday"]'):
        assert statistic(tmp_path, "distance", wish).grid.keys == ("home", "class", "weekday")


def test_too_many_pairs_ask_for_a_limit(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "catchment")
    many = np.column_stack([np.linspace(40, 60, 9000), np.linspace(0, 30, 9000)])
    with pytest.raises(PlanError, match=r"catchment: .*limit them with max_km"):
        STATISTICS["catchment"].from_plan(plan, many, Calendar.from_plan(plan))


# --- bounds without a wish


@pytest.mark.parametrize(("name", "time"), CASES)
@pytest.mark.parametrize("unit", PERIODS)
def test_bounds_without_a_wish(tmp_path: Path, name: str, time: str | None, unit: str) -> None:
    """Round, at least one contribution, and never above what the definition allows a row."""
    if (unit, time) == ("month", "week") and name in ("visitors", "catchment"):
        return  # the last days of March are in the week of the first of April: refused
    one = statistic(tmp_path, name, by(name, time), unit)
    assert 1 <= one.bound < 100 and (one.bound * 2).denominator == 1
    if (name, time) in DAILY and (time == "day" or name == "gyration"):  # then 1 a cell is the most
        most = 1 if name == "gyration" else one.calendar.most_days
        assert one.bound**2 <= most + Fraction(3, 2)  # rounded to halves
    wished = statistic(tmp_path, name, f"{by(name, time)}\nbound = 0.75", unit)
    assert wished.bound == Fraction(3, 4)


# --- seeded bugs


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("visitors", "stays.start)", "stays.end)"),
        ("visitors", "once(", "("),
        ("dwell", "stays.end - stays.start", "stays.end - stays.start + 1"),
        ("dwell", "hours, stays.start", "hours, stays.end"),
        ("catchment", "once(", "("),
        ("catchment", "find_pairs(home, stays.zone", "find_pairs(stays.zone, home"),
        ("catchment", "stays.start)", "stays.end)"),
        ("distance", "days.metres", "days.trips"),
        ("distance", "[days.day]", "[days.day - 1]"),
        ("distance", "np.diff(days.first)", "np.diff(days.first)[::-1]"),
        ("gyration", "radius < 0", "radius < 1"),
        ("gyration", "np.where(radius < 0, -1, LENGTHS.of(np.maximum(radius, 0)))", "LENGTHS.of(radius)"),
        ("stay_home", "days.trips == 0", "days.metres == 0"),
        ("stay_home", "days.trips == 0", "days.trips >= 0"),
        ("stay_home", "[days.day]", "[days.day - 1]"),
    ],
)
def test_seeded_bug_is_caught(tmp_path: Path, name: str, right: str, wrong: str) -> None:
    time = next((t for t in ("day", "weekday") if t in STATISTICS[name].times), None)
    one = statistic(tmp_path, name, by(name, time))
    many = corpus_of(one.calendar, 300)

    def check() -> None:
        compare(one, many, homes_of(len(many)))

    seed_in_method(type(one), right, wrong, check)


def seed_in_method(owner: type[Statistic], right: str, wrong: str, check: Callable[[], None]) -> None:
    """As `assert_caught`, for the method `contribution`."""
    check()
    source = textwrap.dedent(inspect.getsource(owner.contribution))
    assert source.count(right) >= 1, f"{owner.name} no longer says {right!r}; renew the seeded bug"
    scope: dict[str, Any] = dict(vars(sys.modules[owner.__module__]))
    exec(source.replace(right, wrong), scope)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, "contribution", scope["contribution"])
        with pytest.raises(AssertionError):
            check()


@pytest.mark.parametrize(
    ("kernel", "right", "wrong"),
    [
        ("_fill_bins", "hours[0] <= instants[i]", "hours[0] < instants[i]"),
        ("_fill_bins", "< hours[-1]", "<= hours[-1]"),
        ("day_bins", "time.of_hour", "time.of_hour[::-1]"),
    ],
)
def test_a_seeded_bug_in_finding_bins_is_caught(tmp_path: Path, kernel: str, right: str, wrong: str) -> None:
    one = statistic(tmp_path, "visitors", by("visitors", "day"))
    home = statistic(tmp_path, "stay_home")
    many = corpus_of(one.calendar, 300)

    def check() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stay_home, "day_bins", _base.day_bins)  # it has its own name for it
            compare(one, many, homes_of(len(many)))
            compare(home, many, homes_of(len(many)))

    assert_caught(_base, kernel, right, wrong, check)


def test_the_labels_here_are_those_of_the_tables(every: Any) -> None:
    assert list(MINUTES.values()) == list(every["dwell", None].grid.classes)
    assert list(KILOMETRES.values()) == list(every["distance", None].grid.classes)
    assert math.isclose(naive.metres(0, 0, steps_to(1000), 0), 1000, abs_tol=0.02)
