"""The truth of devices by home, day and unit equals its slow twins, and seeded bugs in its kernels are caught."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shoal.classes import DURATIONS, LENGTHS
from shoal.simulate import stays, travel, truth_days, truth_dwell, truth_places, truth_units
from shoal.simulate.arrays import Int64
from tests.simulate import naive
from tests.simulate.naive import DAY, Stop
from tests.trajectories.cases import assert_caught

CELLS, DAYS = 4, 4
Device = tuple[int | None, list[Stop]]
"""Home cell or None, and stops."""


@st.composite
def devices(draw: st.DrawFn) -> list[Device]:
    """Stops on and beside midnights and the shortest stay, in and out of cells, near and far."""
    waits = st.sampled_from([60, 600, 1_199, 1_200, 1_201, 3_600, 14_400, 43_200, DAY - 600, DAY, 2 * DAY])
    places = st.sampled_from([0.0, 300.0, 999.4, 1_000.0, 2_500.0, -7_000.0, 30_000.0])
    cells = st.sampled_from([None, *range(CELLS)])
    many: list[Device] = []
    for _ in range(draw(st.integers(1, 3))):
        time, stops = draw(st.sampled_from([0, 0, DAY - 600, 30_000])), []
        for _ in range(draw(st.integers(1, 6))):
            leave = time + draw(waits)
            stops.append(Stop(time, leave, draw(places), draw(places), draw(cells)))
            time = leave + draw(st.sampled_from([60, 600, 1_200, 7_200]))
        if draw(st.booleans()):
            stops[-1] = Stop(stops[-1].arrive, travel.NEVER, stops[-1].x, stops[-1].y, stops[-1].cell)
        many.append((draw(cells), stops))
    return many


def made(many: Sequence[Device]) -> tuple[travel.Stops, Int64, Int64]:
    """The stops as the simulation holds them, the cell of each, and the homes."""
    room = travel.room(len(many), DAYS)
    zone = np.full(room.row.shape, -1, np.int64)
    for i, (_, stops) in enumerate(many):
        room.used[i] = len(stops)
        for k, stop in enumerate(stops):
            room.row[i, k] = (stop.arrive, stop.depart, stop.x, stop.y, 0)
            zone[i, k] = -1 if stop.cell is None else stop.cell
    return room, zone, np.array([-1 if home is None else home for home, _ in many])


def counts(table: Int64, labels: Sequence[object]) -> Counter[tuple[int, object]]:
    return Counter({(int(i), labels[j]): int(table[i, j]) for i, j in np.argwhere(table)})


def check_dwell(many: Sequence[Device]) -> None:
    room, zone, _ = made(many)
    table = np.zeros((CELLS, len(DURATIONS.labels)), np.int64)
    used = np.arange(zone.shape[1]) < room.used[:, None]
    truth_dwell.count_dwell(table, room, used, zone, DAYS)
    assert counts(table, DURATIONS.labels) == sum((naive.dwell(stops, DAYS) for _, stops in many), Counter())


def check_days(many: Sequence[Device]) -> None:
    room, _, home = made(many)
    distance, stay_home = np.zeros((CELLS, len(LENGTHS.labels)), np.int64), np.zeros((CELLS, DAYS), np.int64)
    truth_days.count_days(distance, stay_home, room, home)
    went: Counter[tuple[int, object]] = Counter()
    stayed: Counter[tuple[int, object]] = Counter()
    for lives, stops in many:
        if lives is None:
            continue
        for day, (trips, metres) in naive.days(stops, DAYS).items():
            went[lives, naive.length(metres)] += 1
            stayed[lives, day] += trips == 0
    assert counts(distance, LENGTHS.labels) == went
    assert counts(stay_home, range(DAYS)) == +stayed


def check_units(many: Sequence[Device], unit: int) -> None:
    room, zone, home = made(many)
    visitors, catchment = np.zeros(CELLS, np.int64), np.zeros((CELLS, CELLS), np.int64)
    gyration = np.zeros((CELLS, len(LENGTHS.labels)), np.int64)
    truth_units.count_units(visitors, catchment, gyration, room, zone, home, DAYS, unit)
    who: Counter[int] = Counter()
    whence: Counter[tuple[int, object]] = Counter()
    wide: Counter[tuple[int, object]] = Counter()
    for lives, stops in many:
        for low in range(0, DAYS * DAY, unit * DAY):
            cells = naive.visited(stops, low, low + unit * DAY)
            radius = naive.gyration(stops, low, low + unit * DAY)
            who.update(cells)
            if lives is not None:
                whence.update((lives, cell) for cell in cells)
                wide.update([] if radius is None else [(lives, naive.length(radius))])
    assert dict(enumerate(visitors.tolist())) == {cell: who[cell] for cell in range(CELLS)}
    assert counts(catchment, range(CELLS)) == whence
    assert counts(gyration, LENGTHS.labels) == wide


def check_places(many: Sequence[Device], unit: int) -> None:
    room, zone, _ = made(many)
    visits, visitors = np.zeros((CELLS, DAYS), np.int64), np.zeros(CELLS, np.int64)
    truth_places.count_visits(visits, visitors, room, zone, unit)
    who: Counter[int] = Counter()
    for _, stops in many:
        for low in range(0, DAYS * DAY, unit * DAY):
            who.update(naive.visited(stops, low, low + unit * DAY))
    assert counts(visits, range(DAYS)) == sum((naive.visits(stops, DAYS) for _, stops in many), Counter())
    assert dict(enumerate(visitors.tolist())) == {place: who[place] for place in range(CELLS)}


# Each seeded bug below shows in one of these, by hand.
HARD: list[Device] = [
    (0, [Stop(0, 30_000, 0, 0, 0), Stop(30_600, 31_700, 0, 1_900, 1), Stop(32_000, DAY, 3_000, 0, 2),
         Stop(DAY + 100, DAY + 5_000, 0, 0, 0), Stop(DAY + 6_000, 3 * DAY - 600, 2_500, 300, 1)]),
    (1, [Stop(0, 7_200, 0, 0, 1), Stop(9_000, 20_000, 6_000, 0, 0), Stop(21_000, 2 * DAY, 0, 0, 1)]),
    (None, [Stop(DAY - 600, travel.NEVER, 0, 0, 3)]),
    (2, [Stop(0, 2 * DAY + 700, 0, 0, 1), Stop(2 * DAY + 900, 2 * DAY + 40_000, 30_000, 0, None),
         Stop(2 * DAY + 50_000, travel.NEVER, 0, 0, 1)]),
    (2, [Stop(0, 2 * DAY, 0, 0, 2)]),  # gone at midnight
    (3, [Stop(0, 600, 0, 0, 2), Stop(900, DAY - 600, 0, 0, 3), Stop(DAY + 600, travel.NEVER, 400, 0, 3)]),
    (3, [Stop(0, DAY, 0, 0, 3), Stop(2 * DAY + 600, travel.NEVER, 0, 9_000, 2)]),  # all of a day on the way
    (None, [Stop(0, 1_200, 0, 0, 3), Stop(2_000, 3_199, 0, 0, 2)]),
]  # fmt: skip


@example(HARD)
@given(devices())
def test_dwell_equals_its_twin(many: list[Device]) -> None:
    check_dwell(many)


@example(HARD)
@given(devices())
def test_days_equal_their_twin(many: list[Device]) -> None:
    check_days(many)


@pytest.mark.parametrize("unit", [1, 2, 4])
@example(HARD)
@given(devices())
def test_units_equal_their_twin(unit: int, many: list[Device]) -> None:
    check_units(many, unit)


@pytest.mark.parametrize("unit", [1, 2, 4])
@example(HARD)
@given(devices())
def test_places_equal_their_twin(unit: int, many: list[Device]) -> None:
    check_places(many, unit)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("place >= 0", "place > 0"),
        ('stop["arrive"][stay] // DAY', 'stop["depart"][stay] // DAY % days'),
        ("where[stay]", "where[stay] * 0"),
        ("np.add.at(visits, (", "visits.__setitem__(("),  # two stays of a day count as one
        (">= STAY\n    np", "> STAY\n    np"),
        (">= STAY], axis=0", "> STAY], axis=0"),
        ('np.maximum(stop["arrive"], low)', 'stop["arrive"]'),
        ("np.unique(np.column_stack([who, where])[seconds >= STAY], axis=0)",
         "np.column_stack([who, where])[seconds >= STAY]"),
        ("[who, where]", "[where, where]"),
        ("low + unit * DAY)", "days * DAY)"),
    ],
)  # fmt: skip
def test_a_seeded_bug_in_places_is_caught(right: str, wrong: str) -> None:
    def check() -> None:
        for unit in (1, 2, 4):
            check_places(HARD, unit)

    assert_caught(truth_places, "count_visits", right, wrong, check)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("== 0:\n", "< 0:\n"),  # short stops break ways
        ("- 1) // DAY + 1)", "- 1) // DAY)"),
        ("(min(end, here.depart) - 1)", "min(end - 1, here.depart)"),  # departure at midnight
        ("there.depart // DAY", "here.arrive // DAY"),
        ("seen[i, day] = True\n                trips", "trips"),
        ("+= int(math.hypot(", "= int(math.hypot("),
        ("last = k", "last = 0"),
    ],
)  # fmt: skip
def test_a_seeded_bug_in_days_is_caught(right: str, wrong: str) -> None:
    assert_caught(truth_days, "fill_days", right, wrong, lambda: check_days(HARD))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (".depart <= low", ".arrive <= low"),  # forgets who is there when a unit begins
        (".arrive < high", ".depart < high"),
        ("!= i * metres.shape[1] + u", "!= i"),
        ("seconds > 0 and here >= 0 and counted[here] != i * metres.shape[1] + u", "seconds > 0 and here >= 0"),
        ("seconds > 0 and here >= 0", "here >= 0"),
        ("if home[i] >= 0", "if True"),
        ("x / total", "x"),
        ("x += seconds *", "x += 1 *"),
        ("range(begin, stop)", "range(begin + 1, stop)"),
    ],
)
def test_a_seeded_bug_in_units_is_caught(right: str, wrong: str) -> None:
    assert_caught(truth_units, "fill_units", right, wrong, lambda: check_both(HARD))


def check_both(many: Sequence[Device]) -> None:
    for unit in (1, 2, 4):
        check_units(many, unit)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("stop.depart)", "stop.depart) + 60"), ("max(low, stop.arrive)", "stop.arrive"), (">= STAY", "> STAY")],
)
def test_a_seeded_bug_in_stays_is_caught(right: str, wrong: str) -> None:
    room, _, _ = made([(0, [Stop(DAY - 600, DAY + 1_200, 0, 0), Stop(2 * DAY - 600, 2 * DAY + 1_199, 0, 0)])])

    def check() -> None:
        assert stays.stay_seconds(room, 0, 0, 0, DAYS * DAY) == 1_800
        assert stays.stay_seconds(room, 0, 0, DAY, 2 * DAY) == 1_200
        assert stays.stay_seconds(room, 0, 0, 0, DAY) == 0
        assert stays.stay_seconds(room, 0, 1, 2 * DAY, 3 * DAY) == 0

    assert_caught(stays, "stay_seconds", right, wrong, check)
