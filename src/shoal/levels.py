"""Levels: a statistic's grid seen more coarsely. Each level is measured by itself, with a bound and noise of its own.

Finer levels are bounded harder and lose more; coarser ones say how much that was (`shoal.estimate.correction`), and
what adds up does so over all levels (`shoal.estimate.consistent`). Public: levels follow from the zones alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from shoal._arrays import Int32
from shoal.keys import Grid
from shoal.zones.regions import Regions

LevelName = Literal["region", "all", "origin", "destination", "home", "zone"]
ALL = "all"
"""The one place of the coarsest level."""


@dataclass(frozen=True, eq=False)
class Level:
    """One coarser level of a grid: places are put together, classes and times stay.

    name      region: by the regions of the places (pairs of them for pairs); all: everything in one; else the key
              column of one end of pairs, by zones alone (`shoal.ends`)
    ids       text: what the indexes in `grid.places` mean; of an end none: the zones'
    grid      the cells of this level
    of_place  int32[p]  place of this level that each place of the fine grid lies in
    """

    name: LevelName
    ids: tuple[str, ...]
    grid: Grid
    of_place: Int32

    @property
    def is_end(self) -> bool:
        """Is it the totals of one end of pairs?"""
        return self.name not in ("region", ALL)

    @property
    def width(self) -> int:
        """Cells of one place, at every level alike."""
        return max(1, len(self.grid.classes)) * self.grid.time.bins

    def frame(self) -> pl.DataFrame:
        """The key columns of every cell, in cell order."""
        return self.grid.frame(self.ids)


def levels_of(grid: Grid, regions: Regions | None) -> tuple[Level, ...]:
    """The coarser levels of `grid`, from fine to coarse; none where there is but one place."""
    if grid.places.shape[0] < 2:
        return ()
    levels = []
    if regions is not None:
        pairs = regions.of_zone[grid.places]
        places, of_place = np.unique(pairs, axis=0, return_inverse=True)
        if 2 <= len(places) <= len(pairs) // 2:
            levels.append(_level("region", regions.ids, grid, places.astype(np.int32), of_place))
    one = np.zeros((1, len(grid.columns)), dtype=np.int32)
    return (*levels, _level("all", (ALL,), grid, one, np.zeros(len(grid.places))))


def _level(name: LevelName, ids: Sequence[str], grid: Grid, places: Int32, of_place: np.ndarray) -> Level:
    return Level(
        name, tuple(ids), Grid(grid.columns, places, grid.time, grid.classes), of_place.ravel().astype(np.int32)
    )
