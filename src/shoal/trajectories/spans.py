"""Presence: for which time each record stands."""

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.trajectories._types import Spans

EDGE = 300
"""Seconds that a record stands for beside a silence and at both ends of its row."""


def spans_of(first: Int64, unit: Int32, time: Int64, zone: Int32, unit_start: Int64, max_gap: int) -> Spans:
    """One span for each of n records of d rows; arguments as in `fill_spans`, `zone` int32[n] the records' zones."""
    spans = Spans(first, np.empty_like(time), np.empty_like(time), zone)
    fill_spans(first, unit, time, unit_start, max_gap, EDGE, spans.start, spans.end)
    return spans


@njit
def fill_spans(
    first: Int64, unit: Int32, time: Int64, unit_start: Int64, max_gap: int, edge: int, start: Int64, end: Int64
) -> None:
    """Write the half-open span [start, end) that each record stands for.

    first       int64[d+1]  record where each row begins
    unit        int32[d]    unit of each row
    time        int64[n]    seconds since 1970 UTC, ascending within a row
    unit_start  int64[u+1]  start of each unit, and the period's end
    max_gap     seconds     a longer silence is unknown
    edge        seconds     what a record stands for beside a silence and at both ends, 0 or more
    start, end  int64[n]    filled here; the spans of one row never overlap, and lie in its unit

    Rule    neighbours at most max_gap apart share the time between them half and half, the odd second
            to the later one; beside a longer silence `edge` counts, or half the silence if less.
    Cost    one pass, no allocation; rows are independent.
    Source  docs/definitions.md, "Presence". Slow twin: `spans` in tests/trajectories/naive.py.
    """
    for row in range(first.size - 1):
        low, high = unit_start[unit[row]], unit_start[unit[row] + 1]
        begin, stop = first[row], first[row + 1]
        for record in range(begin, stop):
            now = time[record]
            since = now - edge
            if record > begin:
                gap = now - time[record - 1]
                if gap <= max_gap or gap < 2 * edge:
                    since = now - gap + gap // 2
            until = now + edge
            if record + 1 < stop:
                gap = time[record + 1] - now
                if gap <= max_gap or gap < 2 * edge:
                    until = now + gap // 2
            start[record] = min(max(since, low), high)
            end[record] = min(max(until, low), high)
