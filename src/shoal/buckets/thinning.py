"""One record a second and device: what keeps the records of a device within bounds, however many it sent.

The cleaning believes one record of each second, the one with the smallest (lat, lon) (`trajectories.cleaning`). Where
a bucket is too large to be sorted at once, that rule is applied before, piece by piece: a device can then have no more
records than its period has seconds, and no number changes.
"""

from typing import Any

import numpy as np

from shoal._arrays import Int64
from shoal._numba import njit
from shoal.buckets.partition import POINT, Records

_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio: spreads the seconds of a device over the table


def thin(records: Records) -> Records:
    """n POINT records, one left of those that share device and second; the head of the same array, in any order.

    Cost    one look into a hash table of 2 n to 4 n places, 8 bytes each, for each record.
    """
    if records.dtype != POINT:
        raise TypeError("only points can be thinned: two trips may begin in one second")
    places = 1 << max(4, int(2 * records.size - 1).bit_length())
    return records[: _thin(records, np.full(places, -1, dtype=np.int64))]


@njit
def _thin(records: Any, table: Int64) -> int:
    """Move the records that stay to the front; how many they are. `table` int64[2**k] of -1, more than n places."""
    mask = np.uint64(table.size - 1)
    kept = 0
    for row in range(records.size):
        pseudonym, time = records[row]["pseudonym"], records[row]["time"]
        lat, lon = records[row]["lat"], records[row]["lon"]
        mixed = (pseudonym ^ np.uint64(np.uint32(time))) * _MIX
        at = (mixed ^ (mixed >> np.uint64(32))) & mask
        while table[at] >= 0:
            other = records[table[at]]
            if other["pseudonym"] == pseudonym and other["time"] == time:
                if lat < other["lat"] or (lat == other["lat"] and lon < other["lon"]):
                    other["lat"], other["lon"] = lat, lon
                break
            at = (at + np.uint64(1)) & mask
        if table[at] < 0:
            table[at] = kept
            records[kept] = records[row]
            kept += 1
    return kept
