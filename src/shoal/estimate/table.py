"""From noisy sums to the tables that are published: estimate, error, interval, consistent value."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from shoal._arrays import Bool, Float64, Int32
from shoal.areas import REST, named
from shoal.areas import Areas as NamedAreas
from shoal.ends import Selection
from shoal.estimate.areas import Areas, sums
from shoal.estimate.areas import areas as decide
from shoal.estimate.consistent import consistent
from shoal.estimate.correction import Level as LevelFound
from shoal.estimate.correction import corrected, half_width
from shoal.estimate.gravity import Pairs, like_others
from shoal.estimate.ladder import Ladder, add_up
from shoal.estimate.smooth import smoothed
from shoal.estimate.weighted import Tree, solved
from shoal.keys import Grid
from shoal.levels import ALL, Level
from shoal.privacy.mechanism import ONE
from shoal.zones.regions import Regions

if TYPE_CHECKING:  # whoever only reads a release must not load what draws noise
    from shoal.privacy.noise import Measurements


@dataclass(frozen=True, eq=False)
class Merge:
    """How places are put together.

    zones      text[z]: ids of the places, which are single zones
    groupings  from fine to coarse, each inside one of the next; the last step, everything, comes by itself
    target     half an interval over its number, at most
    """

    zones: Sequence[str]
    groupings: Sequence[Regions]
    target: float


@dataclass(frozen=True, eq=False)
class Estimated:
    """One published table.

    rows       a row a cell, in cell order: the key columns, estimate, stderr, lower, upper, consistent, suppressed
    areas      what the rows are about where zones were merged; None: its own places
    corrected  share of the total that the correction gave back; None: numbers stand as measured
    width      half of the 95 % interval of the median row; None: all rows have that of the noise
    ends       ids of the zones whose pairs were measured, as first and as second end; None: all candidate pairs
    """

    rows: pl.DataFrame
    areas: NamedAreas | None
    corrected: float | None
    width: float | None
    ends: tuple[tuple[str, ...], tuple[str, ...]] | None = None


def tables(
    measured: "Sequence[Measurements]",
    grid: Grid,
    zone_ids: Sequence[str],
    levels: Sequence[Level],
    *,
    divisor: int = 1,
    most: float = 1.0,
    lossless: bool = False,
    merge: Merge | None = None,
    suppressed: Bool | None = None,
) -> list[Estimated]:
    """The tables of one statistic, one a level, from fine to coarse.

    measured  one a level; the finest first, then those of `levels`
    divisor   published values are sums over this
    most      contributions that a row adds to one cell at most, or thereabouts
    lossless  bounding never takes anything away: nothing is corrected
    merge     how zones are put together where each by itself would drown in noise; None: never
    suppressed  bool[p]: places of `grid` that received nothing, of which nothing is published; None: none

    Suppressed rows stand in their tables without numbers, as do the rows of coarser places that hold no other; they
    take part in no estimate, are merged with nothing, and what adds up does so without them.

    Unit: contributions (device-hours, visits, trips, devices) over `divisor`. The finest `estimate` is the measured
    value, corrected for what bounding took away; the coarser ones combine theirs with the sum of what lies below.
    [lower, upper] holds 95 times in 100 what would have been summed without bounding. `consistent` is a whole number,
    never negative, and adds up over places and levels.
    """
    keys = [grid.frame(zone_ids), *(level.frame() for level in levels)]
    into, kept = _kept(levels, grid, suppressed)
    if len(measured) == 1:
        return [_alone(measured[0], keys[0], grid, divisor, kept[0])]
    ladder = _ladder(measured, into, kept, grid, divisor)
    found = corrected(ladder, lossless=lossless, most=most / divisor).levels
    tree = Tree.grown([f.estimate for f in found], [f.errors for f in found], ladder.into)
    combined, variance = solved(tree)
    grids = [grid, *(level.grid for level in levels)]
    noise = [np.sqrt(np.minimum(f.errors.variance, v)) for f, v in zip(found, variance, strict=True)]
    groups = [ladder.into[0] if levels[0].name == "region" else None, *(None for _ in levels)]
    learnt = [
        _learnt(cells, left, values, error, group, laplace=m.mechanism.kind == "laplace")
        for cells, left, values, error, group, m in zip(grids, kept, combined, noise, groups, measured, strict=True)
    ]
    whole = consistent(tuple(learnt), ladder.into)
    result = []
    for at, level in enumerate(found):
        if at == 0 and merge is not None:
            fine = (tree, combined[0], variance[0], whole[0])
            result.append(_merged(*fine, kept[0], grid, merge, found[0], ladder.laplace))
            continue
        estimate, error = (level.estimate, level.stderr) if at == 0 else (combined[at], np.sqrt(variance[at]))
        pure = measured[at].mechanism.kind == "laplace"
        half = half_width(error, np.sqrt(level.errors.variance), laplace=pure)
        share = level.share if at == 0 and not lossless else None
        rows = _rows(keys[at], kept[at], estimate, error, half, whole[at])
        result.append(Estimated(rows, None, share, float(np.median(half))))
    return result


def end_table(
    measured: "Measurements", grid: Grid, zone_ids: Sequence[str], divisor: int, suppressed: Bool | None = None
) -> Estimated:
    """The totals of one end of pairs, as they were measured: complete, every zone has its rows.

    suppressed  bool[z]: zones that received nothing, whose rows have no numbers; None: none
    """
    kept = np.ones(len(zone_ids), dtype=np.bool_) if suppressed is None else ~suppressed
    return _alone(measured, grid.frame(zone_ids), grid, divisor, kept)


def pair_table(
    measured: "Measurements", chosen: Selection, zone_ids: Sequence[str], divisor: int, regions: Regions | None = None
) -> Estimated:
    """The pairs that were measured, as they were: totals that hold other pairs too can't correct them.

    regions  of the zones: between which two of them pairs lie tells what to expect of them
    """
    first, second = (tuple(zone_ids[zone] for zone in kept.tolist()) for kept in chosen.kept)
    groups = None
    if regions is not None and len(chosen.grid.places):
        lies = regions.of_zone[chosen.grid.places]
        groups = np.unique(lies, axis=0, return_inverse=True)[1].ravel().astype(np.int32)
    kept = np.ones(len(chosen.grid.places), dtype=np.bool_)  # an end without numbers is never chosen
    found = _alone(measured, chosen.grid.frame(zone_ids), chosen.grid, divisor, kept, groups)
    return replace(found, ends=(first, second))


def _kept(levels: Sequence[Level], grid: Grid, suppressed: Bool | None) -> tuple[list[Int32], list[Bool]]:
    """Which places of each level are left, bool[n_l]; and of those of each level but the last, theirs at the next."""
    of_place = [np.arange(len(grid.places), dtype=np.int32), *(level.of_place for level in levels)]
    fine = np.ones(len(grid.places), dtype=np.bool_) if suppressed is None else ~suppressed
    kept = [fine, *(np.bincount(level.of_place, fine, len(level.grid.places)) > 0 for level in levels)]
    into = []
    for at in range(len(levels)):
        nested = np.zeros(len(kept[at]), dtype=np.int32)
        nested[of_place[at]] = of_place[at + 1]
        into.append((np.cumsum(kept[at + 1], dtype=np.int32) - 1)[nested[kept[at]]].astype(np.int32))
    return into, kept


def _ladder(
    measured: "Sequence[Measurements]", into: Sequence[Int32], kept: Sequence[Bool], grid: Grid, divisor: int
) -> Ladder:
    columns = max(1, len(grid.classes)) * grid.time.bins
    return Ladder(
        tuple(m.values.reshape(-1, columns)[left] / (ONE * divisor) for m, left in zip(measured, kept, strict=True)),
        tuple(m.mechanism.stderr / divisor for m in measured),
        tuple(into),
        measured[0].mechanism.kind == "laplace",
    )


def _alone(
    measured: "Measurements", keys: pl.DataFrame, grid: Grid, divisor: int, kept: Bool, groups: Int32 | None = None
) -> Estimated:
    """A table that was measured at one level: as it is."""
    columns = max(1, len(grid.classes)) * grid.time.bins
    estimate = measured.values.reshape(-1, columns)[kept] / (ONE * divisor)
    mechanism = measured.mechanism
    error = np.full_like(estimate, mechanism.stderr / divisor)
    half = np.full_like(estimate, mechanism.half_width / divisor)
    learnt = _learnt(grid, kept, estimate, error, groups, laplace=mechanism.kind == "laplace")
    (whole,) = consistent((learnt,), ())
    return Estimated(_rows(keys, kept, estimate, error, half, whole), None, None, None)


def _learnt(grid: Grid, kept: Bool, values: Float64, noise: Float64, groups: Int32 | None, *, laplace: bool) -> Float64:
    """float64[k, m] numbers of the kept places drawn towards what they have in common: pairs, or zones over times."""
    if len(grid.columns) == 2:
        first, second = np.ascontiguousarray(grid.places[kept].T)
        return like_others(Pairs(first, second, groups), values, noise, laplace=laplace)
    return smoothed(values, float(np.median(noise)))


def _merged(
    tree: Tree,
    values: Float64,
    variances: Float64,
    whole: Float64,
    kept: Bool,
    grid: Grid,
    merge: Merge,
    fine: LevelFound,
    laplace: bool,
) -> Estimated:
    """The finest table by areas: each place by itself where its interval is narrow enough, or with its siblings.

    A suppressed place stays by itself, and without numbers: in an area it would be one of several that are not.
    """
    steps = [*merge.groupings, Regions((ALL,), np.zeros(len(kept), dtype=np.int32))]
    found = decide(tree, values, variances, [step.of_zone[kept] for step in steps], merge.target)
    areas = _named(found, steps, merge.zones, kept)
    shown = np.zeros(len(areas.ids), dtype=np.bool_)
    shown[areas.of_zone[kept]] = True
    of = (np.cumsum(shown, dtype=np.int32) - 1)[areas.of_zone[kept]].astype(np.int32)
    number = int(shown.sum())
    estimate, variance = sums(tree, values, of, number)
    own = add_up(fine.errors.variance, of, number)
    parts = np.bincount(of, minlength=number).astype(np.float64)[:, None]
    error = np.sqrt(variance)
    half = half_width(error, np.minimum(np.sqrt(own), error), laplace=laplace, parts=parts)
    keys = areas.grid(grid).frame(areas.ids)
    rows = _rows(keys, shown, estimate, error, half, add_up(whole, of, number))
    return Estimated(rows, areas, fine.share, float(np.median(half)))


def _named(found: Areas, steps: Sequence[Regions], zones: Sequence[str], kept: Bool) -> NamedAreas:
    """The areas by the names of their zones, or of what they are all or the rest of; suppressed zones by themselves."""
    size = np.bincount(found.of, minlength=len(found.level))
    left = np.flatnonzero(kept)
    labels, merged = [], []
    for area, (level, group) in enumerate(zip(found.level.tolist(), found.group.tolist(), strict=True)):
        merged.append(level > 0)
        if level == 0:
            labels.append(zones[left[group]])
            continue
        step = steps[level - 1]
        whole = size[area] == np.count_nonzero(step.of_zone == group)
        labels.append(step.ids[group] if whole and step.ids[group] not in zones else step.ids[group] + REST)
    silent = np.flatnonzero(~kept)
    of_zone = np.empty(len(kept), dtype=np.int32)
    of_zone[kept], of_zone[silent] = found.of, len(labels) + np.arange(silent.size)
    labels += [zones[zone] for zone in silent.tolist()]
    return named(labels, merged + [False] * silent.size, of_zone)


def _rows(
    keys: pl.DataFrame, kept: Bool, estimate: Float64, error: Float64, half: Float64, whole: Float64
) -> pl.DataFrame:
    """The rows of all places; the numbers, float64[places that are kept, columns], are those of the others."""
    columns = keys.height // max(1, kept.size)

    def column(values: Float64) -> pl.Series:
        if kept.all():
            return pl.Series(np.ascontiguousarray(values).ravel(), dtype=pl.Float64)
        every = np.full((kept.size, columns), np.nan)
        every[kept] = values
        return pl.Series(every.ravel(), dtype=pl.Float64).fill_nan(None)

    return keys.with_columns(
        estimate=column(estimate),
        stderr=column(error),
        lower=column(estimate - half),
        upper=column(estimate + half),
        consistent=column(whole),
        suppressed=pl.Series(np.repeat(~kept, columns), dtype=pl.Boolean),
    )
