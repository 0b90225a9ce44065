"""Stays: the sequential rule, with and without a gap rule, and the zone of each stay."""

import numpy as np
import pytest
from hypothesis import given

from shoal.trajectories import stays
from shoal.trajectories._types import Spans
from shoal.trajectories.stays import NO_GAP_RULE, Found, stays_of, zones_of
from tests.trajectories import naive
from tests.trajectories.cases import (
    CALENDAR,
    CORPUS,
    Mode,
    Row,
    Stripes,
    assert_caught,
    both,
    bucket_of,
    distinct,
    rows,
    split,
)

NOON = CALENDAR.start + 12 * 3600
MINUTE = 60


def kernel(
    many: list[Row], radius: float = 200.0, minimum: int = 1200, max_gap: int = 7200
) -> list[list[tuple[int, ...]]]:
    b = bucket_of(many)
    found = stays_of(b.first, b.time, b.lat, b.lon, radius, minimum, max_gap)
    begin = np.repeat(b.first[:-1], np.diff(found.first))
    return split(found.first, found.head - begin, found.last - begin, found.end)


def check(many: list[Row] = CORPUS) -> None:
    many = distinct(many)
    for radius, minimum, max_gap in ((200.0, 1200, 7200), (200.0, 1200, NO_GAP_RULE), (50.0, 1, 0), (800.0, 600, 600)):
        twins = [naive.stays(row, radius, minimum, max_gap if max_gap >= 0 else None) for row in many]
        assert kernel(many, radius, minimum, max_gap) == [[(s.head, s.last, s.end) for s in own] for own in twins]


@both
@given(many=rows)
def test_equals_its_twin(mode: Mode, many: list[Row]) -> None:
    with mode():
        check(many)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("ends - time[anchor] >= minimum", "ends - time[anchor] > minimum"),
        ("if silent else time[record]", ""),
        ("time[record - 1] if silent else time[record]", "time[min(record, stop - 1)]"),
        ("<= longest", "< longest"),
        ("> longest", ">= longest"),
        ("longest = max_gap if max_gap >= 0 else _NEVER", "longest = max_gap"),
        ("anchor = record\n", "anchor = record + 1\n"),
        ("lat[record], lon[record], wide, square", "lat[record], lon[record], 0.0, square"),
        ("lat[record], lon[record], wide, square", "lat[record], lon[record], wide, 4 * square"),
        ("record - 1, ends", "record, ends"),
        ("if record == stop and max_gap < 0:", "if record == stop:"),
        ("if record == stop and max_gap < 0:", "if False:"),
        ("record < stop\n", "record < time.size\n"),  # looks at another device
    ],
)
def test_seeded_bug_is_caught(right: str, wrong: str) -> None:
    assert_caught(stays, "find_stays", right, wrong, check)


def still(minutes: range, lat: int = 0) -> Row:
    return [(NOON + m * MINUTE, lat, 0) for m in minutes]


FAR = 20_000  # 222 m
CASES: dict[str, tuple[Row, int, list[tuple[int, int, int]]]] = {
    "no record": ([], 7200, []),
    "one record": (still(range(1)), 7200, []),
    "left after exactly the minimum": ([*still(range(20)), (NOON + 1200, FAR, 0)], 7200, [(0, 19, 20)]),
    "left a second too early": ([*still(range(20)), (NOON + 1199, FAR, 0)], 7200, []),
    "end of row, gap rule": (still(range(21)), 7200, [(0, 20, 20)]),
    "end of row, too short": (still(range(20)), 7200, []),
    "end of row, no gap rule": (still(range(21)), NO_GAP_RULE, []),
    "silence ends it": ([*still(range(0, 31, 10)), *still(range(200, 211, 10))], 7200, [(0, 3, 30)]),
    "silence splits it": ([*still(range(0, 31, 10)), *still(range(200, 241, 10))], 7200, [(0, 3, 30), (4, 8, 240)]),
    "silence of exactly the maximum": (still(range(0, 241, 120)), 7200, [(0, 2, 240)]),
    "no gap rule spans silence": ([*still(range(0, 31, 10)), (NOON + 99_960, FAR, 0)], NO_GAP_RULE, [(0, 3, 1666)]),
    "one record, left after long": ([(NOON, 0, 0), (NOON + 3600, FAR, 0)], 7200, [(0, 0, 60)]),
    "next anchor is the record outside": (
        [*still(range(0, 21, 5)), *still(range(25, 46, 5), FAR), *still(range(50, 61, 5))],
        7200,
        [(0, 4, 25), (5, 9, 50)],
    ),
}


@both
@pytest.mark.parametrize(("row", "max_gap", "expected"), CASES.values(), ids=CASES)
def test_cases(mode: Mode, row: Row, max_gap: int, expected: list[tuple[int, int, int]]) -> None:
    with mode():
        found = [(h, last, NOON + end * MINUTE) for h, last, end in expected]
        assert kernel([[], row, []], max_gap=max_gap) == [[], found, []]


@both
def test_the_radius_is_outside(mode: Mode) -> None:
    with mode():
        for lat, is_stay in ((17_986, False), (17_987, True)):  # 199.996 m, 200.007 m
            assert bool(kernel([[*still(range(20)), (NOON + 1200, lat, 0)]], max_gap=NO_GAP_RULE)[0]) is is_stay


def test_a_million_records_of_one_stay_in_a_hundred_thousand_zones() -> None:
    n, zones = 1_000_000, 100_000
    zone = (np.arange(n) % zones).astype(np.int32)
    time = np.arange(NOON, NOON + n)
    spans = Spans(np.array([0, n], np.int64), time, time + 1, zone)
    found = Found(np.array([0, 1]), np.array([0]), np.array([n - 1]), time[-1:])
    assert zones_of(found, time, spans, zones).tolist() == [0]
    spans.zone[500_000] = 77_777
    assert zones_of(found, time, spans, zones).tolist() == [77_777]


# --- the zone of a stay


def zones_kernel(many: list[Row], max_gap: int) -> tuple[list[list[tuple[int, ...]]], list[list[int]]]:
    """(start, end, zone) of the stays, and what the twin says about their zones."""
    b = bucket_of(many)
    zone = Stripes().locate(b.lat, b.lon)
    edges = CALENDAR.unit_start.tolist()
    spans = [
        naive.spans([r[0] for r in row], edges[unit], edges[unit + 1], max(max_gap, 0))
        for row, unit in zip(many, b.unit.tolist(), strict=True)
    ]
    start, end = (np.array([s[i] for own in spans for s in own], dtype=np.int64) for i in (0, 1))
    found = stays_of(b.first, b.time, b.lat, b.lon, 800.0, 600, max_gap)
    got = split(
        found.first, b.time[found.head], found.end, zones_of(found, b.time, Spans(b.first, start, end, zone), 5)
    )
    located = split(b.first, zone)
    twin = [
        [naive.stay_zone(s, e, own_spans, [z for (z,) in own_zones]) for s, e, _ in own]
        for own, own_spans, own_zones in zip(got, spans, located, strict=True)
    ]
    return got, twin


def check_zones(many: list[Row] = CORPUS) -> None:
    many = distinct(many)
    for max_gap in (7200, NO_GAP_RULE, 300):
        got, twin = zones_kernel(many, max_gap)
        assert [[zone for _, _, zone in own] for own in got] == twin


@both
@given(many=rows)
def test_zones_equal_their_twin(mode: Mode, many: list[Row]) -> None:
    with mode():
        check_zones(many)


def test_the_corpus_has_stays_in_and_outside_zones() -> None:
    zones = [zone for own in zones_kernel(distinct(CORPUS), 7200)[1] for zone in own]
    assert set(zones) == {-1, 0, 1, 2, 3, 4} and len(zones) > 500


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("total > most", "total >= most"),
        ("min(span_end[span], end[stay])", "span_end[span]"),
        ("max(span_start[span], start[stay])", "span_start[span]"),
        ("span_start[span] < end[stay]", "span_end[span] <= end[stay]"),
        ("begin, stop = span_first[row], span_first[row + 1]", "begin, stop = span_first[row], span_end.size"),
        ("span = begin\n", "span, begin = begin, begin + 1\n"),
        ("seconds[candidate + 1] = 0", "pass"),
    ],
)
def test_seeded_bug_in_zones_is_caught(right: str, wrong: str) -> None:
    def check_all() -> None:
        check_zones()
        check_ties()

    assert_caught(stays, "fill_zones", right, wrong, check_all)


TIES: dict[str, tuple[list[tuple[int, int]], int]] = {
    "one zone": ([(3, 10)], 3),
    "most time": ([(3, 10), (1, 9)], 3),
    "tie: smaller index": ([(3, 10), (1, 10)], 1),
    "tie: smaller index first": ([(1, 10), (3, 10)], 1),
    "outside wins": ([(-1, 11), (0, 10)], -1),
    "outside loses ties": ([(-1, 10), (4, 10)], 4),
    "outside loses ties, later": ([(4, 10), (-1, 10)], 4),
    "times add up": ([(2, 10), (1, 11), (2, 10)], 2),
    "no time at all": ([(2, 0), (1, 0)], -1),
    "zone without time": ([(0, 0), (4, 1)], 4),
}


def tie(parts: list[tuple[int, int]]) -> int:
    """Zone of a stay over consecutive spans of (zone, seconds), between spans of zone 0 that are not its own."""
    seconds = [50, *(s for _, s in parts), 50]
    start = NOON + np.cumsum([0, *seconds[:-1]], dtype=np.int64)
    spans = Spans(
        np.array([0, len(seconds)]),
        start,
        start + np.array(seconds),
        np.array([0, *(z for z, _ in parts), 0], dtype=np.int32),
    )
    found = Found(np.array([0, 1]), np.array([1]), np.array([len(parts)]), start[-1:])
    return int(zones_of(found, start, spans, 5)[0])


def check_ties() -> None:
    for parts, expected in TIES.values():
        assert tie(parts) == expected


@both
@pytest.mark.parametrize(("parts", "expected"), TIES.values(), ids=TIES)
def test_ties(mode: Mode, parts: list[tuple[int, int]], expected: int) -> None:
    with mode():
        assert tie(parts) == expected


@both
def test_the_record_that_closed_a_stay_stands_for_some_of_it(mode: Mode) -> None:
    with mode():
        # one record in zone 1, the next 200 m off in zone 4: 1000 s each; the stay has both halves
        time = np.array([NOON, NOON + 2001])
        spans = Spans(
            np.array([0, 2]),
            np.array([NOON - 300, NOON + 1000]),
            np.array([NOON + 1000, NOON + 2301]),
            np.array([1, 4], dtype=np.int32),
        )
        found = Found(np.array([0, 1]), np.array([0]), np.array([0]), np.array([NOON + 2001]))
        assert zones_of(found, time, spans, 5).tolist() == [4]
