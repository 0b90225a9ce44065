"""Stays: where a device kept within a radius for at least a while."""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Int32, Int64
from shoal._numba import njit
from shoal.trajectories._types import Spans
from shoal.trajectories.distance import Reach, cosine, is_near, reach

NO_GAP_RULE = -1
"""As `max_gap`: silences don't matter, and what is still open at a row's end is no stay (as in trackintel)."""


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
    """Zone of each stay, int32[s]; `time` and `spans` of the n records, `zones` the number of zones."""
    zone = np.empty(found.head.size, dtype=np.int32)
    seconds = np.zeros(zones + 1, dtype=np.int64)
    fill_zones(found.head, found.last, found.end, time, spans.start, spans.end, spans.zone, seconds, zone)
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
    for row in range(first.size - 1):
        begin, stop = first[row], first[row + 1]
        if begin < stop:
            anchor = begin
            cos_anchor = cosine(lat[anchor])
            for record in range(begin + 1, stop):
                if max_gap >= 0 and time[record] - time[record - 1] > max_gap:
                    ends = time[record - 1]
                elif is_near(lat[anchor], lon[anchor], cos_anchor, lat[record], lon[record], within):
                    continue
                else:
                    ends = time[record]
                if ends - time[anchor] >= minimum:
                    head[count], last[count], end[count] = anchor, record - 1, ends
                    count += 1
                anchor = record
                cos_anchor = cosine(lat[anchor])
            if max_gap >= 0 and time[stop - 1] - time[anchor] >= minimum:
                head[count], last[count], end[count] = anchor, stop - 1, time[stop - 1]
                count += 1
        stay_first[row + 1] = count
    return count


@njit
def fill_zones(
    head: Int64,
    last: Int64,
    end: Int64,
    time: Int64,
    span_start: Int64,
    span_end: Int64,
    span_zone: Int32,
    seconds: Int64,
    zone: Int32,
) -> None:
    """Write the zone of each of s stays: the one with most of the stay's time by the spans.

    head, last, end       int64[s]    as in `Found`
    time                  int64[n]    of the records
    span_start, span_end  int64[n]    span of each record
    span_zone             int32[n]    zone of each record, -1 outside every zone
    seconds               int64[z+1]  zeros; used here and left as zeros
    zone                  int32[s]    filled here

    Rule    time outside every zone competes like a zone but loses ties; ties between zones go to the smaller index;
            without any time it is -1.
    Cost    two passes over the records of stays, however many zones a stay touches.
    Source  docs/definitions.md, "Stay". Slow twin: `stay_zone` in tests/trajectories/naive.py.
    """
    for stay in range(head.size):
        begin, until = time[head[stay]], end[stay]
        # the record that closed the stay stands for some of its time; after a silence there is none, and the next
        # record may be another row's
        stop = last[stay] + (2 if until > time[last[stay]] else 1)
        for record in range(head[stay], stop):
            overlap = min(span_end[record], until) - max(span_start[record], begin)
            if overlap > 0:
                seconds[span_zone[record] + 1] += overlap
        best, most = -1, 0
        for record in range(head[stay], stop):
            candidate = span_zone[record]
            total = seconds[candidate + 1]
            seconds[candidate + 1] = 0
            if total > most or (total == most and candidate >= 0 and (best < 0 or candidate < best) and most > 0):
                best, most = candidate, total
        zone[stay] = best
