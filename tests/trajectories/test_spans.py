"""Spans: presence as interface.md, "Presence, exactly", has it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.trajectories import spans
from shoal.trajectories.spans import spans_of
from tests.trajectories import naive
from tests.trajectories.cases import (
    CALENDAR,
    CORPUS,
    GAPS,
    Mode,
    Row,
    assert_caught,
    both,
    bucket_of,
    rows,
    split,
    unit_of,
)

NOON = CALENDAR.start + 12 * 3600
HOURS2 = 7200


def kernel(many: list[Row], max_gap: int = HOURS2) -> list[list[tuple[int, ...]]]:
    b = bucket_of(many)
    made = spans_of(b.first, b.unit, b.time, np.arange(b.time.size, dtype=np.int32), CALENDAR.unit_start, max_gap)
    assert [a.dtype.name for a in (made.start, made.end, made.zone)] == ["int64", "int64", "int32"]
    assert made.zone.tolist() == list(range(b.time.size))
    return split(made.first, made.start, made.end)


def bounds(row: Row) -> tuple[int, int]:
    low, high = CALENDAR.unit_start[unit_of(row) :][:2].tolist()
    return low, high


def check(many: list[Row] = CORPUS) -> None:
    for max_gap in (HOURS2, 60, 400, 600, 0):
        twins = [naive.spans([record[0] for record in row], *bounds(row), max_gap) for row in many]
        assert kernel(many, max_gap) == twins


@both
@given(many=rows)
def test_equals_its_twin(mode: Mode, many: list[Row]) -> None:
    with mode():
        check(many)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("now + gap // 2", "now + (gap + 1) // 2"),  # the odd second
        ("now - gap + gap // 2", "now - gap // 2"),
        ("gap <= max_gap", "gap < max_gap"),
        ("gap < 2 * edge", "gap < edge"),
        ("or gap < 2 * edge", ""),
        ("record > begin", "record > 0"),  # looks at another device
        ("record + 1 < stop", "record + 1 < time.size"),
        ("max(since, low)", "since"),
        ("min(max(until, low), high)", "until"),
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
        assert kernel([row], max_gap) == [
            [(NOON - 300, NOON + first_end), (NOON + second_start, NOON + gap + 300)],
        ]


@both
def test_cut_to_the_unit(mode: Mode) -> None:
    with mode():
        low, high = CALENDAR.unit_start[1:3].tolist()
        assert high - low == 23 * 3600
        assert kernel([[(low, 0, 0)], [(high - 1, 0, 0)]]) == [[(low, low + 300)], [(high - 301, high)]]


@both
@given(many=rows, max_gap=st.sampled_from(GAPS))
def test_spans_of_a_row_never_overlap_and_hold_their_record(mode: Mode, many: list[Row], max_gap: int) -> None:
    with mode():
        made = kernel(many, max_gap)
    for row, own in zip(many, made, strict=True):
        if row:
            low, high = bounds(row)
            edges = [instant for span in own for instant in span]
            assert edges == sorted(edges) and low <= edges[0] and edges[-1] <= high
            for (time, _, _), (start, end) in zip(row, own, strict=True):
                assert start <= time <= end or time >= high


@both
def test_neighbours_within_the_gap_leave_no_second_out(mode: Mode) -> None:
    with mode():
        row = [(NOON + offset, 0, 0) for offset in (0, 1, 8, 707, 7906, 15_106)]
        made = kernel([row])[0]
        assert [a[1] for a in made[:-1]] == [b[0] for b in made[1:]]
        assert sum(end - start for start, end in made) == 15_106 + 600
