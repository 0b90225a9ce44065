"""Presence: in which zone a row was when, by the time that each of its records stands for."""

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.trajectories._types import Spans

EDGE = 300
"""Seconds that a record stands for beside a silence and at both ends of its row."""


def spans_of(first: Int64, unit: Int32, time: Int64, zone: Int32, unit_start: Int64, max_gap: int) -> Spans:
    """The spans of n records of d rows; arguments as in `fill_spans`, whose `edge` is EDGE."""
    n = time.size
    spans = Spans(np.empty_like(first), np.empty_like(time), np.empty_like(time), np.empty(n, dtype=np.int32))
    s = fill_spans(first, unit, time, zone, unit_start, max_gap, EDGE, spans.first, spans.start, spans.end, spans.zone)
    # copies: a span for each record was provided for, and few are needed; memory never written to costs nothing
    return Spans(spans.first, spans.start[:s].copy(), spans.end[:s].copy(), spans.zone[:s].copy())


@njit
def fill_spans(
    first: Int64,
    unit: Int32,
    time: Int64,
    zone: Int32,
    unit_start: Int64,
    max_gap: int,
    edge: int,
    span_first: Int64,
    start: Int64,
    end: Int64,
    span_zone: Int32,
) -> int:
    """Write the half-open spans [start, end) in which a row was in one zone, and return how many they are.

    first       int64[d+1]  record where each row begins
    unit        int32[d]    unit of each row
    time        int64[n]    seconds since 1970 UTC, ascending within a row
    zone        int32[n]    zone of each record, -1 outside every zone
    unit_start  int64[u+1]  start of each unit, and the period's end
    max_gap     seconds     a longer silence is unknown
    edge        seconds     what a record stands for beside a silence and at both ends, 0 or more
    span_first  int64[d+1]  filled here
    start, end  int64[n]    filled here up to the number returned, never empty, and span_zone int32[n] likewise; the
                            spans of one row ascend, never overlap, and lie in its unit

    Rule    neighbours at most max_gap apart share the time between them half and half, the odd second to the later
            one; beside a longer silence `edge` counts, or half the silence if less. What neighbours of one zone stand
            for without a second between them is one span: movement is mostly standing still.
    Cost    one pass, no allocation; rows are independent.
    Source  docs/definitions.md, "Presence". Slow twin: `spans` in tests/trajectories/naive.py.
    """
    shared = max(max_gap, 2 * edge)  # up to here both sides of a silence meet in its middle
    count = 0
    span_first[0] = 0
    for row in range(first.size - 1):
        low, high = unit_start[unit[row]], unit_start[unit[row] + 1]
        record, stop = first[row], first[row + 1]
        since = low if record == stop else time[record] - edge
        while record < stop:
            own = zone[record]
            while record + 1 < stop and zone[record + 1] == own and time[record + 1] - time[record] <= shared:
                record += 1
            until = time[record] + edge
            following = until
            if record + 1 < stop:
                gap = time[record + 1] - time[record]
                if gap <= shared:
                    until = time[record] + gap // 2
                    following = until
                else:
                    following = time[record + 1] - edge
            since, until = min(max(since, low), high), min(max(until, low), high)
            if since < until:
                start[count], end[count], span_zone[count] = since, until, own
                count += 1
            since = following
            record += 1
        span_first[row + 1] = count
    return count
