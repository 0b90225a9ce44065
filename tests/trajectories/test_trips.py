"""Trips: between stays, where no silence hides the way."""

import numpy as np
import pytest
from hypothesis import given

from shoal.trajectories import trips
from shoal.trajectories.stays import NO_GAP_RULE, stays_of
from shoal.trajectories.trips import trips_of
from tests.trajectories import naive
from tests.trajectories.cases import CALENDAR, CORPUS, Mode, Row, assert_caught, both, bucket_of, distinct, rows, split

NOON = CALENDAR.start + 12 * 3600
FAR = 20_000  # 222 m


def kernel(many: list[Row], stay_gap: int, max_gap: int) -> list[list[tuple[int, ...]]]:
    """(start, origin, destination) of the trips; a stay's zone is its number in the row."""
    b = bucket_of(many)
    found = stays_of(b.first, b.time, b.lat, b.lon, 200.0, 1200, stay_gap)
    number = np.arange(found.head.size) - np.repeat(found.first[:-1], np.diff(found.first))
    made = trips_of(found, number.astype(np.int32), b.time, max_gap)
    assert [a.dtype.name for a in (made.start, made.origin, made.destination)] == ["int64", "int32", "int32"]
    return split(made.first, made.start, made.origin, made.destination)


def check(many: list[Row] = CORPUS) -> None:
    many = distinct(many)
    for stay_gap, max_gap in ((7200, 7200), (NO_GAP_RULE, 7200), (NO_GAP_RULE, NO_GAP_RULE), (7200, 600)):
        expected = []
        for row in many:
            found = naive.stays(row, 200.0, 1200, stay_gap if stay_gap >= 0 else None)
            leads = naive.trips([r[0] for r in row], found, max_gap if max_gap >= 0 else None)
            expected.append([(found[i].end, i, i + 1) for i in leads])
        assert kernel(many, stay_gap, max_gap) == expected


@both
@given(many=rows)
def test_equals_its_twin(mode: Mode, many: list[Row]) -> None:
    with mode():
        check(many)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("> max_gap", ">= max_gap"),
        ("range(last[i], head[i + 1])", "range(last[i] + 1, head[i + 1])"),
        ("range(last[i], head[i + 1])", "range(last[i], head[i + 1] - 1)"),
        ("stay_first[row + 1] - 1)", "min(stay_first[row + 1], head.size - 1))"),  # looks at another device
        ("if max_gap >= 0:", "if True:"),
        ("break", "known = True"),
    ],
)
def test_seeded_bug_is_caught(right: str, wrong: str) -> None:
    assert_caught(trips, "find_trips", right, wrong, check)


def journey(way: list[int]) -> Row:
    """30 min at one place, records on the way at `way` seconds, 30 min at another."""
    here = [(NOON + s, 0, 0) for s in range(0, 1801, 60)]
    moving = [(NOON + 1800 + s, FAR * (i + 1), 0) for i, s in enumerate(way)]
    there = [(NOON + 1800 + way[-1] + s, FAR * len(way), 0) for s in range(60, 1801, 60)]
    return here + moving + there


CASES: dict[str, tuple[list[int], list[tuple[int, int, int]]]] = {
    "straight over": ([60], [(60, 0, 1)]),
    "on the way": ([60, 120, 180], [(60, 0, 1)]),
    "longest silence allowed, at the start": ([7200, 7260], [(7200, 0, 1)]),
    "longest silence allowed, at the end": ([60, 7260], [(60, 0, 1), (7260, 1, 2)]),  # it stayed for that silence
    "too long at the start": ([7201, 7261], []),
    "too long at the end": ([60, 7261], []),
    "too long in the middle": ([60, 120, 7321, 7400], []),
}


@both
@pytest.mark.parametrize(("way", "expected"), CASES.values(), ids=CASES)
def test_cases(mode: Mode, way: list[int], expected: list[tuple[int, int, int]]) -> None:
    with mode():
        leads = [(NOON + 1800 + start, a, b) for start, a, b in expected]
        assert kernel([[], journey(way), []], 7200, 7200) == [[], leads, []]


@both
def test_within_one_zone_is_a_trip_too(mode: Mode) -> None:
    with mode():
        b = bucket_of([journey([60])])
        found = stays_of(b.first, b.time, b.lat, b.lon, 200.0, 1200, 7200)
        made = trips_of(found, np.array([3, 3], dtype=np.int32), b.time, 7200)
        assert (made.origin.tolist(), made.destination.tolist()) == ([3], [3])
