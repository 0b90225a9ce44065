"""Ends of pairs. Where pairs of zones are too many, the totals of their ends are measured first, and then only the
pairs of those ends that stand out: which pairs have a row is decided on noisy numbers alone, by this public rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.keys import Grid, single_places
from shoal.levels import Level

if TYPE_CHECKING:
    from shoal.levels import LevelName

LEAST = 2.0
"""Standard errors of its noise that a zone's total over all times must reach, so that pairs with this end are measured:
one empty zone in forty does."""
STEP = 1.5
"""The threshold grows by this factor for as long as too many cells would be measured."""
MAX_MEASURED = 4_000_000
"""Cells of pairs that are measured at most: some minutes of drawing, and what a table can hold."""


@dataclass(frozen=True, eq=False)
class Selection:
    """The pairs that are measured.

    kept   int32[k] each: zones kept as first and as second end, ascending
    grid   cells of the candidate pairs of kept ends
    cells  int64[n], ascending: their numbers in the grid of all candidates
    """

    kept: tuple[Int32, Int32]
    grid: Grid
    cells: Int64


def ends_of(grid: Grid, zones: int) -> tuple[Level, ...]:
    """The two levels of a grid of pairs: the totals of each of so many zones as first, and as second end."""
    return tuple(
        Level(
            cast("LevelName", name),
            (),
            Grid((name,), single_places(zones), grid.time),
            np.ascontiguousarray(grid.places[:, end]),
        )
        for end, name in enumerate(grid.columns)
    )


def thresholds() -> Iterator[float]:
    """In standard errors: 2, 3, 4.5, ..."""
    threshold = LEAST
    while np.isfinite(threshold):
        yield threshold
        threshold *= STEP


def standing_out(totals: Float64, stderr: float, threshold: float) -> Bool:
    """Which zones are kept as an end.

    totals     float64[z, bins]  noisy, in published units
    stderr     of each of them
    threshold  in standard errors of a sum over all bins
    returns    bool[z]
    """
    return np.asarray(totals.sum(axis=1) >= threshold * stderr * totals.shape[1] ** 0.5)


def select(grid: Grid, totals: Sequence[Float64], stderr: Sequence[float]) -> Selection:
    """The pairs to measure, given the noisy totals of their ends: post-processing, it sees nothing else.

    grid    of all candidate pairs
    totals  float64[z, bins] for first and second ends, in published units
    stderr  of one number of each

    At the first threshold at which no more than `MAX_MEASURED` cells are left. Which is always reached: there is one at
    which no end is left.
    """
    for threshold in thresholds():
        first, second = (standing_out(t, s, threshold) for t, s in zip(totals, stderr, strict=True))
        place = np.flatnonzero(first[grid.places[:, 0]] & second[grid.places[:, 1]])
        if place.size * grid.time.bins <= MAX_MEASURED:
            break
    kept = (np.flatnonzero(first).astype(np.int32), np.flatnonzero(second).astype(np.int32))
    cells = (place[:, None] * grid.time.bins + np.arange(grid.time.bins)).ravel()
    return Selection(kept, Grid(grid.columns, grid.places[place], grid.time), cells)
