"""What each statistic counts, on rows made by hand; hostile rows are in tests/contracts."""

from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal._arrays import Int32
from shoal.calendar import Calendar
from shoal.errors import PlanError
from shoal.plan import Plan
from shoal.privacy.contributions import Contributions
from shoal.privacy.mechanism import ONE
from shoal.statistics import STATISTICS, Statistic, _pairs
from shoal.statistics import _pairs as pairs_module
from shoal.trajectories import Spans, Stays, Trajectories, Trips
from tests.contracts.hostile import END, MIDNIGHT, NOON, PLAN_TEXT, START
from tests.trajectories.cases import assert_caught

CENTRES = np.array([[48.20, 16.30], [48.21, 16.31], [48.30, 16.60]])
EMPTY = np.zeros(1, dtype=np.int64)


def int64(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def int32(*values: int) -> Int32:
    return np.array(values, dtype=np.int32)


def statistic(tmp_path: Path, name: str, wish: str = "", source: str = "points") -> Statistic:
    text = PLAN_TEXT
    if source == "trips":
        text = text.replace('kind = "points"', 'kind = "trips"').replace('time = "t"\nlat = "lat"\nlon = "lon"\n', (
            'start = "s"\nend = "e"\norigin = "o"\ndestination = "z"\n'
        ))  # fmt: skip
    (tmp_path / "plan.toml").write_text(f"{text}[statistics.{name}]\n{wish}\n")
    plan = Plan.load(tmp_path / "plan.toml")
    return STATISTICS[name].from_plan(plan, CENTRES, Calendar.from_plan(plan))


def rows(
    spans: list[list[tuple[int, int, int]]] | None = None,
    stays: list[list[tuple[int, int, int]]] | None = None,
    trips: list[list[tuple[int, int, int]]] | None = None,
    home: Int32 | None = None,
) -> Trajectories:
    def table(parts: list[list[tuple[int, int, int]]] | None) -> tuple[np.ndarray, np.ndarray]:
        parts = parts or []
        first = np.cumsum([0, *map(len, parts)]).astype(np.int64)
        return first, np.array([x for part in parts for x in part], dtype=np.int64).reshape(-1, 3)

    f, s = table(spans)
    span = Spans(f, s[:, 0].copy(), s[:, 1].copy(), s[:, 2].astype(np.int32))
    f, s = table(stays)
    stay = Stays(f, s[:, 0].copy(), s[:, 1].copy(), s[:, 2].astype(np.int32))
    f, s = table(trips)
    trip = Trips(f, s[:, 0].copy(), s[:, 1].astype(np.int32), s[:, 2].astype(np.int32))
    return Trajectories(stays=stay, trips=trip, spans=span, home=home)


def vectors(found: Contributions) -> list[dict[int, int]]:
    cuts = zip(found.first[:-1].tolist(), found.first[1:].tolist(), strict=True)
    return [dict(zip(found.cell[a:b].tolist(), found.weight[a:b].tolist(), strict=True)) for a, b in cuts]


def test_presence_is_the_share_of_the_hour(tmp_path: Path) -> None:
    presence = statistic(tmp_path, "presence")
    found = vectors(presence.contribution(rows(spans=[[(NOON - 1800, NOON + 900, 1)], [(NOON, NOON + 3600, 0)], []])))
    assert found == [{48 + 11: 512, 48 + 12: 256}, {12: ONE}, {}]


def test_presence_adds_up_before_it_rounds(tmp_path: Path) -> None:
    presence = statistic(tmp_path, "presence")
    seconds = [[(NOON + i, NOON + i + 1, 0) for i in range(3600)]]  # 3600 spans of a second, each below one step
    assert vectors(presence.contribution(rows(spans=seconds))) == [{12: ONE}]


spans = st.lists(
    st.tuples(st.integers(START - 5000, END + 5000), st.integers(0, 30_000), st.integers(-1, 2)), max_size=8
)


@given(drawn=spans)
def test_presence_against_seconds_counted_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int, int]]
) -> None:
    presence = statistic(tmp_path_factory.getbasetemp(), "presence")
    expected: Counter[int] = Counter()
    for begin, length, zone in drawn:
        if zone >= 0:
            for hour in range(48):
                a, b = START + 3600 * hour, START + 3600 * (hour + 1)
                expected[zone * 48 + hour] += max(0, min(b, begin + length) - max(a, begin))
    found = vectors(presence.contribution(rows(spans=[[(b, b + n, z) for b, n, z in drawn]])))[0]
    assert found == {cell: s * ONE // 3600 for cell, s in expected.items() if s * ONE // 3600}


@pytest.mark.parametrize(
    ("by", "cells"),
    [
        ('["zone", "day"]', {0: ONE, 1: 2 * ONE}),
        ('["zone"]', {0: 3 * ONE}),
        ('["zone", "weekday"]', {0: ONE, 1: 2 * ONE}),
        ('["zone", "week"]', {0: 3 * ONE}),
        ('["zone", "daypart"]', {2: ONE, 0: 2 * ONE}),
        ('["zone", "hour"]', {12: ONE, 24: 2 * ONE}),
    ],
    ids=["day", "period", "weekday", "week", "daypart", "hour"],
)
def test_visits_by_the_day_they_began(tmp_path: Path, by: str, cells: dict[int, int]) -> None:
    visits = statistic(tmp_path, "visits", f"by = {by}")
    stays = [[(NOON, MIDNIGHT + 100, 0), (MIDNIGHT, MIDNIGHT + 1, 0), (MIDNIGHT + 5, END, 0), (NOON, NOON + 9, -1)]]
    assert vectors(visits.contribution(rows(stays=stays))) == [cells]


def test_an_arrival_after_the_period_is_not_counted(tmp_path: Path) -> None:
    visits = statistic(tmp_path, "visits", source="trips")
    assert vectors(visits.contribution(rows(stays=[[(END, END, 0)], [(END - 1, END - 1, 0)]]))) == [{}, {1: ONE}]


def test_flows_between_candidates(tmp_path: Path) -> None:
    """Zones 0 and 1 are 1.3 km apart, zone 2 is far: its pairs are no candidates, its own trips are."""
    flows = statistic(tmp_path, "flows", 'by = ["origin", "destination"]\nmax_km = 5')
    assert flows.grid.places.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 2]]
    trips = [[(NOON, 0, 1), (NOON, 0, 1), (NOON, 1, 0), (NOON, 0, 2), (NOON, -1, 0), (NOON, 2, 2), (END, 0, 1)]]
    assert vectors(flows.contribution(rows(trips=trips))) == [{1: 2 * ONE, 2: ONE, 4: ONE}]


def test_flows_by_daypart_without_being_asked(tmp_path: Path) -> None:
    flows = statistic(tmp_path, "flows")
    assert flows.grid.keys == ("origin", "destination", "daypart")
    assert vectors(flows.contribution(rows(trips=[[(NOON, 0, 1)]]))) == [{5 + 2: ONE}]


def test_residents_by_home(tmp_path: Path) -> None:
    residents = statistic(tmp_path, "residents")
    found = residents.contribution(rows(home=int32(2, -1, 2)))
    assert vectors(found) == [{2: ONE}, {}, {2: ONE}]
    assert residents.divisor == 2  # the mean over two days


@pytest.mark.parametrize(
    ("name", "wish", "source", "message"),
    [
        ("presence", "", "trips", r"\[statistics\] presence: a source of trips has no presence"),
        ("residents", "", "trips", "a source of trips has no residents"),
        ("presence", 'by = ["hour"]', "points", "by: must name zone"),
        ("visits", 'by = ["zone", "minute"]', "points", "'minute' is no key of visits; usable beside zone: day"),
        ("residents", 'by = ["zone", "day"]', "points", "'day' is no time key of residents"),
        ("visits", 'by = ["zone", "day", "hour"]', "points", "at most one time key"),
        ("visits", 'by = ["zone", "zone"]', "points", "no key twice"),
        ("visits", "max_km = 5", "points", "max_km: means nothing for visits"),
        ("residents", "bound = 2", "points", "a device is counted in one cell"),
    ],
)
def test_what_can_not_be_meant(tmp_path: Path, name: str, wish: str, source: str, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        statistic(tmp_path, name, wish, source)


def test_too_many_pairs_ask_for_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pairs, "MAX_CELLS", 4_000_000)
    statistic(tmp_path, "flows", "max_km = 3")
    plan = Plan.load(tmp_path / "plan.toml")
    many = np.column_stack([np.linspace(40, 60, 3000), np.linspace(0, 30, 3000)])
    unlimited = plan.model_copy(
        update={"statistics": {"flows": plan.statistics["flows"].model_copy(update={"max_km": None})}}
    )
    with pytest.raises(PlanError, match="limit them with max_km"):
        STATISTICS["flows"].from_plan(unlimited, many, Calendar.from_plan(plan))
    assert STATISTICS["flows"].from_plan(plan, many, Calendar.from_plan(plan)).grid.cells < 100_000


@pytest.mark.parametrize("name", STATISTICS)
def test_bounds_without_a_wish_are_round_and_usable(tmp_path: Path, name: str) -> None:
    bound = statistic(tmp_path, name).bound
    assert 1 <= bound < 100
    assert (bound * 2).denominator == 1


def test_bounds_from_the_plan_are_taken_as_typed(tmp_path: Path) -> None:
    assert statistic(tmp_path, "visits", "bound = 2.7").bound == Fraction(27, 10)


@pytest.mark.parametrize(
    ("name", "wish", "source", "apart"),
    [
        ("presence", "", "points", True),
        ("presence", 'by = ["zone", "weekday"]', "points", False),
        ("presence", 'by = ["zone", "week"]', "points", False),  # a week of two days that are units
        ("visits", "", "points", True),
        ("visits", "", "trips", False),  # an arrival may fall into the unit after its trip's
        ("flows", "", "points", False),
        ("flows", 'by = ["origin", "destination", "day"]', "trips", True),
        ("residents", "", "points", False),
    ],
)
def test_which_rows_share_cells(tmp_path: Path, name: str, wish: str, source: str, apart: bool) -> None:
    assert statistic(tmp_path, name, wish, source).is_apart("trips" if source == "trips" else "points") is apart


def pairs(origin: Int32, destination: Int32, places: Int32) -> list[int]:
    first = np.searchsorted(places[:, 0], np.arange(int(places[:, 0].max(initial=-1)) + 2))
    return [int(place) for place in pairs_module.find_pairs(origin, destination, (first, places[:, 1].copy()))]


def check_pairs() -> None:
    draw = np.random.default_rng(8)
    for zones in (1, 2, 7, 40):
        for share in (0.0, 0.2, 1.0):
            is_pair = draw.random((zones, zones)) < share
            np.fill_diagonal(is_pair, share > 0)
            places = np.argwhere(is_pair).astype(np.int32)
            number = {pair: i for i, pair in enumerate(map(tuple, places.tolist()))}
            origin, destination = draw.integers(-1, zones + 2, (2, 500), dtype=np.int32)
            expected = [number.get(pair, -1) for pair in zip(origin.tolist(), destination.tolist(), strict=True)]
            assert pairs(origin, destination, places) == expected


def test_trips_find_their_pair() -> None:
    check_pairs()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("candidate[middle] < destination[trip]", "candidate[middle] <= destination[trip]"),
        ("and candidate[low] == destination[trip]", ""),
        ("high = middle", "high = middle - 1"),
        ("low < first[origin[trip] + 1] and", "low < candidate.size and"),  # another origin's pair
    ],
)
def test_a_seeded_bug_in_finding_pairs_is_caught(right: str, wrong: str) -> None:
    assert_caught(pairs_module, "_find_pairs", right, wrong, check_pairs)
