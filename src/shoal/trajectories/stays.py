"""Stays: where a device kept within a radius for at least a while."""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.trajectories._types import Spans
from shoal.trajectories.distance import Reach, cosine, is_near, is_surely_within, look_around, reach

NO_GAP_RULE = -1
"""As `max_gap`: silences don't matter, and what is still open at a row's end is no stay (as in trackintel)."""

_NEVER = 2**62
"""Seconds: no silence is longer."""


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """s stays of d rows, by the records that they were found in; a stay starts with the time of its record `head`.

    first  int64[d+1]  stay where each row begins
    head   int64[s]    first record inside
    last   int64[s]    last record inside
    end    int64[s]    seconds since 1970 UTC: time of the first record outside, or of `last` before a silence
    """

    first: Int64
    head: Int64
    last: Int64
    end: Int64


def stays_of(
    first: Int64, time: Int64, lat: Int32, lon: Int32, radius: float, minimum: int, max_gap: int = NO_GAP_RULE
) -> Found:
    """The stays of d rows; `radius` in metres above 0, the other arguments as in `find_stays`."""
    found = Found(np.empty_like(first), np.empty_like(time), np.empty_like(time), np.empty_like(time))
    s = find_stays(
        first, time, lat, lon, reach(radius), minimum, max_gap, found.first, found.head, found.last, found.end
    )
    # copies: a stay for each record was provided for, and few are needed
    return Found(found.first, found.head[:s].copy(), found.last[:s].copy(), found.end[:s].copy())


def zones_of(found: Found, time: Int64, spans: Spans, zones: int) -> Int32:
    """Zone of each stay, int32[s]; `time` of the n records, `spans` of the same d rows, `zones` the number of zones."""
    zone = np.empty(found.head.size, dtype=np.int32)
    seconds = np.zeros(zones + 1, dtype=np.int64)
    fill_zones(found.first, time[found.head], found.end, spans.first, spans.start, spans.end, spans.zone, seconds, zone)
    return zone


@njit
def find_stays(
    first: Int64,
    time: Int64,
    lat: Int32,
    lon: Int32,
    within: Reach,
    minimum: int,
    max_gap: int,
    stay_first: Int64,
    head: Int64,
    last: Int64,
    end: Int64,
) -> int:
    """Write the stays one after the other and return how many they are.

    first            int64[d+1]  record where each row begins
    time             int64[n]    seconds since 1970 UTC, ascending within a row
    lat, lon         int32[n]    1e-7 degrees
    within           the radius of a stay
    minimum          seconds     a shorter stay is none
    max_gap          seconds     a longer silence ends what is known; NO_GAP_RULE: silences don't matter
    stay_first       int64[d+1]  filled here
    head, last, end  int64[n]    filled here up to the number returned; see `Found`

    Rule    the first record is the anchor. A record at the radius or further closes the candidate: it is a stay from
            the anchor to that record if that takes the minimum; that record is the next anchor. With a gap rule, at a
            silence and at the row's end the candidate ends with its last record, and the next anchor is the record
            after the silence. Without one, an open candidate at the row's end is dropped.
    Cost    one pass, trigonometry for about one pair of records in ten thousand and for each anchor.
    Source  Li et al. 2008, "Mining user similarity based on location history", as trackintel's method `sliding`.
            Slow twin: `stays` in tests/trajectories/naive.py.
    """
    count = 0
    stay_first[0] = 0
    longest = max_gap if max_gap >= 0 else _NEVER
    for row in range(first.size - 1):
        anchor, stop = first[row], first[row + 1]
        while anchor < stop:
            cos_anchor = cosine(lat[anchor])
            wide, square = look_around(cos_anchor, within)
            record = anchor + 1
            while (
                record < stop
                and time[record] - time[record - 1] <= longest
                and (
                    is_surely_within(lat[anchor], lon[anchor], lat[record], lon[record], wide, square)
                    or is_near(lat[anchor], lon[anchor], cos_anchor, lat[record], lon[record], within)
                )
            ):
                record += 1
            if record == stop and max_gap < 0:
                break
            silent = record == stop or time[record] - time[record - 1] > longest
            ends = time[record - 1] if silent else time[record]
            if ends - time[anchor] >= minimum:
                head[count], last[count], end[count] = anchor, record - 1, ends
                count += 1
            anchor = record
        stay_first[row + 1] = count
    return count


@njit
def fill_zones(
    stay_first: Int64,
    start: Int64,
    end: Int64,
    span_first: Int64,
    span_start: Int64,
    span_end: Int64,
    span_zone: Int32,
    seconds: Int64,
    zone: Int32,
) -> None:
    """Write the zone of each of s stays: the one with most of the stay's time by the spans.

    stay_first            int64[d+1]  stay where each row begins
    start, end            int64[s]    of the stays, which ascend and don't overlap within a row
    span_first            int64[d+1]  span where each row begins
    span_start, span_end  int64[m]    of the spans, which ascend and don't overlap within a row
    span_zone             int32[m]    zone of each span, -1 outside every zone
    seconds               int64[z+1]  zeros; used here and left as zeros
    zone                  int32[s]    filled here

    Rule    time outside every zone competes like a zone but loses ties; ties between zones go to the smaller index;
            without any time it is -1.
    Cost    two passes over the spans of stays, however many zones a stay touches.
    Source  docs/definitions.md, "Stay". Slow twin: `stay_zone` in tests/trajectories/naive.py.
    """
    for row in range(stay_first.size - 1):
        begin, stop = span_first[row], span_first[row + 1]
        for stay in range(stay_first[row], stay_first[row + 1]):
            while begin < stop and span_end[begin] <= start[stay]:
                begin += 1
            span = begin
            while span < stop and span_start[span] < end[stay]:
                overlap = min(span_end[span], end[stay]) - max(span_start[span], start[stay])
                if overlap > 0:  # a stay may take no time
                    seconds[span_zone[span] + 1] += overlap
                span += 1
            best, most = -1, 0
            for touched in range(begin, span):
                candidate = span_zone[touched]
                total = seconds[candidate + 1]
                seconds[candidate + 1] = 0
                if total > most or (total == most and candidate >= 0 and (best < 0 or candidate < best) and most > 0):
                    best, most = candidate, total
            zone[stay] = best
