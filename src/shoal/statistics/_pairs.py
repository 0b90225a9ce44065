"""Pairs of zones as places: which are measured, and which of them each entry is."""

import numpy as np

from shoal._arrays import Float64, Int32, Int64
from shoal._numba import njit
from shoal.keys import Grid, TimeKey, pair_places
from shoal.plan import Plan

LARGE = 1_000_000
"""Cells above which pairs are measured top-down: their ends first, then the pairs of ends that stand out
(`shoal.ends`). Every pair would cost minutes and drown in zeros."""
MAX_CELLS = 1 << 26
"""Cells whose exact sums, pairs and ends take some GiB of memory."""

Index = tuple[Int64, Int32]
"""int64[z+1], place where each first zone's pairs begin, and int32[p], their second zones."""


def pairs_of(plan: Plan, name: str, centres: Float64, time: TimeKey) -> Int32:
    """The candidate pairs of the statistic `name`, int32[p, 2]: all, or those whose centres are within `max_km`.

    Public geometry alone. Raises `PlanError` where they are too many.
    """
    wish, zones = plan.statistics[name], centres.shape[0]
    if wish.max_km is None and zones * zones * time.bins > MAX_CELLS:
        pairs = f"{zones} zones make {zones * zones:,} pairs x {time.bins} times"
        raise plan.error(
            f"statistics.{name}",
            f"{pairs}, above {MAX_CELLS:,} cells; limit them with max_km, or use coarser zones",
        )
    places = pair_places(centres, None if wish.max_km is None else float(wish.max_km))
    if places.shape[0] * time.bins > MAX_CELLS:
        pairs = f"{places.shape[0]:,} pairs x {time.bins} times"
        raise plan.error(f"statistics.{name}.max_km", f"leaves {pairs}, above {MAX_CELLS:,} cells; lower it")
    return places


def index_of(grid: Grid) -> Index:
    """The grid's pairs, ready for `find_pairs`."""
    first, second = np.ascontiguousarray(grid.places.T)
    return np.searchsorted(first, np.arange(int(first.max(initial=-1)) + 2)), second


def find_pairs(first: Int32, second: Int32, index: Index) -> Int64:
    """Place of each pair of zones, int64[n]; -1 where it is no candidate."""
    place = np.empty(first.size, dtype=np.int64)
    _find_pairs(first, second, *index, place)
    return place


@njit
def _find_pairs(origin: Int32, destination: Int32, first: Int64, candidate: Int32, place: Int64) -> None:
    """place int64[n]: which candidate pair each is, -1 where it is none; `first`, `candidate` as in `Index`.

    Rule    binary search among the second zones of the pair's first: few lines of memory, where a search among all
            pairs would touch one a step.
    """
    for trip in range(origin.size):
        place[trip] = -1
        if 0 <= origin[trip] < first.size - 1:
            low, high = first[origin[trip]], first[origin[trip] + 1]
            while low < high:
                middle = (low + high) >> 1
                if candidate[middle] < destination[trip]:
                    low = middle + 1
                else:
                    high = middle
            if low < first[origin[trip] + 1] and candidate[low] == destination[trip]:
                place[trip] = low
