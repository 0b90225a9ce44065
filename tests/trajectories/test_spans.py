"""Spans: presence as interface.md, "Presence, exactly", has it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal._arrays import Int32
from shoal.trajectories import spans
from shoal.trajectories.spans import spans_of
from tests.trajectories import naive
from tests.trajectories.cases import (
    CALENDAR,
    CORPUS,
    GAPS,
    Mode,
    Row,
    Stripes,
    assert_caught,
    both,
    bucket_of,
    rows,
    split,
    unit_of,
)

NOON = CALENDAR.start + 12 * 3600
HOURS2 = 7200


Zoning = Callable[[Int32, Int32], Int32]


def each(lat: Int32, lon: Int32) -> Int32:
    """Every record in a zone of its own: nothing is merged."""
    return np.arange(lat.size, dtype=np.int32)


def one(lat: Int32, lon: Int32) -> Int32:
    return np.full(lat.size, 3, dtype=np.int32)


ZONINGS: tuple[Zoning, ...] = (each, one, Stripes().locate)


def kernel(many: list[Row], max_gap: int = HOURS2, zoning: Zoning = each) -> list[list[tuple[int, ...]]]:
    """(start, end, zone) of each row."""
    b = bucket_of(many)
    made = spans_of(b.first, b.unit, b.time, zoning(b.lat, b.lon), CALENDAR.unit_start, max_gap)
    assert [a.dtype.name for a in (made.start, made.end, made.zone)] == ["int64", "int64", "int32"]
    return split(made.first, made.start, made.end, made.zone)


def times(made: list[list[tuple[int, ...]]]) -> list[list[tuple[int, int]]]:
    return [[(start, end) for start, end, _ in own] for own in made]


def bounds(row: Row) -> tuple[int, int]:
    low, high = CALENDAR.unit_start[unit_of(row) :][:2].tolist()
    return low, high


def check(many: list[Row] = CORPUS) -> None:
    for max_gap in (HOURS2, 60, 400, 600, 0):
        twins = [naive.spans([record[0] for record in row], *bounds(row), max_gap) for row in many]
        for zoning in ZONINGS:
            b = bucket_of(many)
            located = split(b.first, zoning(b.lat, b.lon))
            assert kernel(many, max_gap, zoning) == [
                naive.merged(own, [zone for (zone,) in zones]) for own, zones in zip(twins, located, strict=True)
            ]


@both
@given(many=rows)
def test_equals_its_twin(mode: Mode, many: list[Row]) -> None:
    with mode():
        check(many)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("time[record] + gap // 2", "time[record] + (gap + 1) // 2"),  # the odd second
        ("following = time[record + 1] - edge", "following = time[record + 1]"),
        ("gap <= shared", "gap < shared"),
        ("max(max_gap, 2 * edge)", "max_gap"),
        ("max(max_gap, 2 * edge)", "max(max_gap, edge)"),
        ("record + 1 < stop", "record + 1 < time.size"),  # looks at another device
        ("zone[record + 1] == own", "True"),
        ("and time[record + 1] - time[record] <= shared", ""),
        ("max(since, low)", "since"),
        ("min(max(until, low), high)", "until"),
        ("if since < until:", "if True:"),
    ],
)
def test_seeded_bug_is_caught(right: str, wrong: str) -> None:
    assert_caught(spans, "fill_spans", right, wrong, check)


@pytest.mark.parametrize(
    ("gap", "max_gap", "first_end", "second_start"),
    [
        (10, HOURS2, 5, 5),
        (11, HOURS2, 5, 5),
        (1, HOURS2, 0, 0),
        (7200, HOURS2, 3600, 3600),
        (7201, HOURS2, 300, 7201 - 300),
        (599, 60, 299, 299),
        (600, 60, 300, 300),
        (601, 60, 300, 301),
        (60, 60, 30, 30),
        (61, 60, 30, 30),
    ],
)
@both
def test_two_records(mode: Mode, gap: int, max_gap: int, first_end: int, second_start: int) -> None:
    with mode():
        row = [(NOON, 0, 0), (NOON + gap, 0, 0)]
        assert times(kernel([row], max_gap)) == [
            [(NOON - 300, NOON + first_end), (NOON + second_start, NOON + gap + 300)],
        ]


@both
def test_cut_to_the_unit(mode: Mode) -> None:
    with mode():
        low, high = CALENDAR.unit_start[1:3].tolist()
        assert high - low == 23 * 3600
        assert times(kernel([[(low, 0, 0)], [(high - 1, 0, 0)]])) == [[(low, low + 300)], [(high - 301, high)]]


@both
@given(many=rows, max_gap=st.sampled_from(GAPS))
def test_spans_of_a_row_never_overlap_and_hold_their_record(mode: Mode, many: list[Row], max_gap: int) -> None:
    with mode():
        made = kernel(many, max_gap)
    time = [record[0] for row in many for record in row]
    for row, own in zip(many, made, strict=True):
        if row:
            low, high = bounds(row)
            edges = [instant for start, end, _ in own for instant in (start, end)]
            assert edges == sorted(edges) and (not edges or (low <= edges[0] and edges[-1] <= high))
        for start, end, record in own:
            assert start < end and (start <= time[record] <= end or time[record] >= bounds(row)[1])


@both
def test_neighbours_within_the_gap_leave_no_second_out(mode: Mode) -> None:
    with mode():
        row = [(NOON + offset, 0, 0) for offset in (0, 1, 8, 707, 7906, 15_106)]
        made = times(kernel([row]))[0]
        assert [a[1] for a in made[:-1]] == [b[0] for b in made[1:]]
        assert sum(end - start for start, end in made) == 15_106 + 600


@both
def test_standing_still_is_one_span(mode: Mode) -> None:
    with mode():
        row = [(NOON + offset, 0, 0) for offset in (0, 1, 8, 707, 7906, 15_107, 15_108)]  # one silence of 7,201 s
        first, last = (NOON - 300, NOON + 7906 + 300, 3), (NOON + 15_107 - 300, NOON + 15_108 + 300, 3)
        assert kernel([row], zoning=one) == [[first, last]]
