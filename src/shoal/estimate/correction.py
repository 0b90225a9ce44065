"""What bounding took away, given back: fine numbers brought up to what coarser ones say, as far as these can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from shoal._arrays import Bool, Float64, Int32
from shoal.estimate.ladder import Ladder, add_up
from shoal.estimate.weighted import Errors, weighted
from shoal.privacy.mechanism import LAPLACE_95, NORMAL_95

SEEN = 5.0
"""Totals of fewer standard deviations are lost in noise: no factor is taken from them."""
CERTAIN = 3.0
"""Standard errors by which the totals of two levels must differ before anything is taken for lost: factors are never
below 1, so that correcting by noise alone would make every number too large."""
FEWEST = 4
"""Fewer groups than that say nothing about how much groups differ."""
UNEVEN = 0.25
"""Devices in one place lose unlike shares: their factors' relative variance is so much of (factor - 1).

At most 1 (some lose all, others nothing); 0.1 to 0.4 for lognormal activity whose logarithm has a standard deviation
of 0.7 to 1.5.
"""
ANSWER = 0.7
"""The power of the loss with which kept shares answer to activity; see `_scaled`."""
UNKNOWN = 0.25
"""Where nothing was measured about how factors differ between places: their relative standard deviation, as a share of
the loss. So it is where activity differs by 30 % (its logarithm's standard deviation) and 10 to 60 % are lost."""


@dataclass(frozen=True, eq=False)
class Level:
    """The corrected numbers of one level.

    estimate  float64[n, m]
    factor    float64[groups, m]: by what its group multiplied each number; 1 or more. At the coarsest level all 1
    errors    the noise times the factor; what is particular to a number; what a group's numbers share
    stderr    float64[n, m] of all that, and of what is wrong with the groups above
    share     of all that there is, what bounding took away at this level and the factors give back; 0 to 1
    """

    estimate: Float64
    factor: Float64
    errors: Errors
    stderr: Float64
    share: float


@dataclass(frozen=True, eq=False)
class Corrected:
    """All levels, from fine to coarse."""

    levels: tuple[Level, ...]


class _Spread(NamedTuple):
    """Relative variances of the factor: between groups over all columns, and of groups in single columns."""

    groups: float
    cells: float


class _Coarse(NamedTuple):
    """Numbers float64[k, m] to which finer ones are fitted, the variance of their noise, and that of their sum, [m]."""

    values: Float64
    variance: Float64
    of_sum: Float64


class _Factors(NamedTuple):
    """Factors float64[groups, m], their relative variances likewise, and how much they differ (None: unknown)."""

    factor: Float64
    variance: Float64
    overall: float
    spread: _Spread | None


def corrected(ladder: Ladder, *, lossless: bool = False, most: float = 1.0) -> Corrected:
    """Numbers for the sums as they were before bounding, and how far off they may be.

    lossless  nothing is ever cut off (a device counts once, in one cell): all factors are exactly 1
    most      what a device adds to one number at most, or thereabouts; in published units

    Model   bounding multiplies what a device adds by at most 1, harder at finer levels, the coarsest losing next to
            nothing. So the sums of a level are too low by a factor that depends on region and hour, which is the
            overall one times a column's times a group's. From the coarsest level down each is estimated from the ratio
            of the levels above, as corrected and joined, to this one, and drawn towards 1 by how little its noise
            allows to say: the empirical Bayes estimate, with the variance between groups by the method of moments.
    A group's factor in a column is taken from the other columns. So it owes nothing to the noise of the group's own
    number there, and `estimate.weighted` may join the two: that is where a group's own ratio comes in.
    Never below 1; where totals are lost in noise exactly 1, with no error beside the noise's.

    Inside a group factors differ too, but no coarser number says by how much. Taken is as much as between groups, and
    that devices differ: a place of n devices differs by 1 / sqrt(n) of that. So the intervals of large numbers are too
    wide where places of a group are more alike than groups are, and too narrow where they are less so. Errors are
    relative, so they are multiplied by the size of a number, which is its smoothed, non-negative value.

    Source  DerSimonian & Laird 1986, "Meta-analysis in clinical trials"; with weights renewed once, as DerSimonian &
            Kacker 2007, "Random-effects model for meta-analysis of clinical trials: an update".
    """
    top = len(ladder.values) - 1
    values = ladder.values[top]
    zeros, ones = np.zeros_like(values), np.ones_like(values)
    noise = np.full(values.shape, ladder.stderr[top])
    size = np.maximum(values, 0.0)
    found = [Level(values, ones, Errors(noise**2, zeros, zeros), noise, 0.0)]
    handed = zeros  # relative variance of what is wrong with the groups above
    borrowed = None if lossless else _first_spread(ladder)
    for level in reversed(range(top)):
        into, above = ladder.into[level], found[-1]
        if lossless:
            factors = _nothing(above.estimate)
        else:
            coarse = _coarse(found, ladder.into[level + 1 :])
            factors = _factors(ladder.values[level], ladder.stderr[level], into, coarse)
        spread = factors.spread or _scaled(borrowed, factors.overall)
        unseen = spread.groups + spread.cells if factors.spread is None and len(above.estimate) > 1 else 0.0
        estimate = ladder.values[level] * factors.factor[into]
        variance = (ladder.stderr[level] * factors.factor) ** 2
        group_size = size
        size = _smoothed(estimate, variance, into, group_size)
        own = size**2 * (spread.groups + spread.cells) + UNEVEN * (factors.factor - 1)[into] * most * size
        common = size * np.sqrt(factors.variance + unseen)[into]
        errors = Errors(variance[into], own, common)
        passed = size**2 * handed[into]
        stderr = np.sqrt(errors.variance + own + common**2 + passed)
        share = max(0.0, 1 - float(ladder.values[level].sum()) / float(estimate.sum())) if factors.overall > 1 else 0.0
        found.append(Level(estimate, factors.factor, errors, stderr, share))
        with np.errstate(divide="ignore", invalid="ignore"):
            handed = np.where(size > 0, (own + common**2 + passed) / size**2, 0.0)
    return Corrected(tuple(reversed(found)))


def half_width(stderr: Float64, noise: Float64 | float, *, laplace: bool, parts: Float64 | float = 1.0) -> Float64:
    """Half the 95 % interval of numbers whose error has the standard deviation `stderr`.

    noise  how much of that is noise of the mechanism, as a standard deviation
    parts  of so many numbers, about equally noisy, that noise is the sum

    Gaussian: 1.96 standard deviations. Laplace noise alone: log(20) / sqrt(2) = 2.12. Of noise together with other
    errors, which are about normal, the excess kurtosis is what matters for the quantile in first order (Cornish &
    Fisher 1938): Laplace has 3, and what is added divides it by the square of the variance's growth, as do equal parts
    by their number. Between the two ends the width goes in proportion to it.
    """
    if not laplace:
        return NORMAL_95 * stderr
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(stderr > 0, np.minimum(np.square(noise) / np.square(stderr), 1.0), 1.0)
    return (NORMAL_95 + (LAPLACE_95 / 2**0.5 - NORMAL_95) * share**2 / parts) * stderr


def _coarse(found: Sequence[Level], into: Sequence[Int32]) -> _Coarse:
    """What the last level of `found` says together with those above it: many groups' noisy sum alone says too little.

    found  from the coarsest level down, as corrected; into: between them, from fine to coarse
    """
    levels = found[::-1]
    values, variances = weighted(
        [level.estimate for level in levels], [Errors.of_noise(level.errors.variance) for level in levels], into
    )
    return _Coarse(values[0], variances[0], variances[-1].sum(axis=0))


def _factors(values: Float64, stderr: float, into: Int32, above: _Coarse) -> _Factors:
    """By what the groups of a level must be multiplied to say what the levels above do."""
    coarse, coarse_var, whole_var = above
    k, m = coarse.shape
    members = np.bincount(into, minlength=k).astype(np.float64)[:, None]
    coarse, coarse_var = coarse * (members > 0), coarse_var * (members > 0)
    fine = add_up(values, into, k)
    fine_var = np.broadcast_to(members * stderr**2, (k, m))
    if not (_seen(coarse.sum(), whole_var.sum()) and _seen(fine.sum(), fine_var.sum())):
        return _nothing(coarse)
    overall = float(coarse.sum() / fine.sum())
    error = float(np.sqrt(whole_var.sum() + overall**2 * fine_var.sum()) / fine.sum())
    if overall <= 1 + CERTAIN * error:
        return _nothing(coarse)
    column, column_var = _of_columns(coarse, whole_var, fine, fine_var, overall)
    fine, fine_var = fine * column, fine_var * column**2
    group, group_var, spread = _of_groups(coarse, coarse_var, fine, fine_var)
    return _Factors(np.maximum(column * group, 1.0), column_var + group_var, overall, spread)


def _of_columns(
    coarse: Float64, whole_var: Float64, fine: Float64, fine_var: Float64, overall: float
) -> tuple[Float64, Float64]:
    """The columns' factors, float64[m], drawn towards the overall one; and their relative variances."""
    fine_all, var = overall * fine.sum(axis=0), whole_var + overall**2 * fine_var.sum(axis=0)
    usable = _seen(fine_all, overall**2 * fine_var.sum(axis=0))
    ratio, ratio_var = _ratios(coarse.sum(axis=0), fine_all, var, usable)
    between = _between(ratio[usable], ratio_var[usable])
    trust = _trust(between, ratio_var)
    column = np.maximum(overall * (1 + trust * (ratio - 1)), 1.0)
    return column, between * (1 - trust) + var.sum() / fine_all.sum() ** 2


def _of_groups(
    coarse: Float64, coarse_var: Float64, fine: Float64, fine_var: Float64
) -> tuple[Float64, Float64, _Spread | None]:
    """By what a group differs from its column's factor, float64[k, m], as its other columns say; relative variances."""
    k, m = fine.shape
    var = coarse_var + fine_var
    usable = _seen(fine.sum(axis=1), fine_var.sum(axis=1))
    if usable.sum() < FEWEST:
        return np.ones((k, m)), np.zeros((k, m)), None
    ratio, ratio_var = _ratios(coarse.sum(axis=1), fine.sum(axis=1), var.sum(axis=1), usable)
    groups = _between(ratio[usable], ratio_var[usable])
    if m == 1:
        return np.ones((k, m)), np.full((k, m), groups), _Spread(groups, 0.0)

    rest, rest_var, rest_fine_var = (x.sum(axis=1, keepdims=True) - x for x in (fine, var, fine_var))
    rest_seen = _seen(rest, rest_fine_var)
    other, other_var = _ratios(coarse.sum(axis=1, keepdims=True) - coarse, rest, rest_var, rest_seen)
    squares = fine.clip(min=0) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        uneven = np.where(rest_seen, (squares.sum(axis=1, keepdims=True) - squares) / rest**2, 0.0).clip(max=1.0)

    cell_seen = usable[:, None] & _seen(fine, fine_var)
    trust = _trust(groups, other_var)
    group = 1 + trust * (other - 1)
    cell, cell_var = _ratios(coarse, fine * group, var, cell_seen)
    cell_var = cell_var + groups * (1 - trust)
    cells = _between(cell[cell_seen], cell_var[cell_seen]) * _fitted(
        usable
    )  # the columns' factors were fitted to these groups

    groups = max(0.0, groups - cells * float(uneven[usable].mean()))
    trust = _trust(groups, other_var + cells * uneven)
    return 1 + trust * (other - 1), groups * (1 - trust) + cells, _Spread(groups, cells)


def _fitted(usable: Bool) -> float:
    """By how much groups differ more than they seem to where their mean was fitted to them."""
    number = int(usable.sum())
    return number / (number - 1)


def _ratios(coarse: Float64, fine: Float64, var: Float64, usable: Bool) -> tuple[Float64, Float64]:
    """coarse / fine with the variance of its noise, which is taken relative to 1; elsewhere 1, of infinite variance."""
    ratio, variance = np.ones(fine.shape), np.full(fine.shape, np.inf)
    np.divide(coarse, fine, out=ratio, where=usable)
    np.divide(var, fine**2, out=variance, where=usable)
    return ratio, variance


def _between(ratio: Float64, variance: Float64) -> float:
    """Variance of what is beneath ratios of known noise variance, by the method of moments with weights renewed once.

    The estimate, which may be negative, is as good as normal; taken is the mean of that above 0. So nothing is ever
    called certain because noise hid how it differs.
    """
    if ratio.size < 2:
        return 0.0
    found, error = 0.0, 0.0
    for _ in range(2):
        total = variance + max(found, 0.0)
        weight = 1 / np.maximum(total, total.mean() * 1e-9 + 1e-300)
        weight /= weight.sum()
        mean = (weight * ratio).sum()
        noise = (weight * (1 - weight) * variance).sum()
        free = float(1 - (weight**2).sum()) + 1e-300
        found = float((weight * (ratio - mean) ** 2).sum() - noise) / free
        error = float(2 * (weight**2 * (variance + max(found, 0.0)) ** 2).sum()) ** 0.5 / free
    below = NormalDist().cdf(found / error) if error > 0 else 1.0
    return found + error * NormalDist().pdf(found / error) / below if below > 1e-12 else 0.0


def _trust(between: float, variance: Float64) -> Float64:
    """How much a ratio may say against what it is drawn to: 0 to 1."""
    return between / (between + variance) if between > 0 else np.zeros(variance.shape)


def _smoothed(estimate: Float64, variance: Float64, into: Int32, group_size: Float64) -> Float64:
    """How large numbers are, 0 or more: drawn towards their group's mean as far as noise explains how they differ."""
    k = len(group_size)
    members = np.maximum(np.bincount(into, minlength=k), 1)[:, None]
    mean = group_size / members
    off = estimate - mean[into]
    between = np.maximum(add_up(off**2, into, k) / members - variance, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        trust = np.where(between > 0, between / (between + variance), 0.0)
    size = np.maximum(mean[into] + trust[into] * off, 0.0)
    total = add_up(size, into, k)
    scale = np.divide(group_size, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(size * scale[into])


def _first_spread(ladder: Ladder) -> tuple[float, _Spread] | None:
    """How much the factors of the finest step differ and how large they are, as raw numbers say."""
    if len(ladder.values) < 3:
        return None
    values = ladder.values[1]
    variance = np.full(values.shape, ladder.stderr[1] ** 2)
    raw = _Coarse(values, variance, variance.sum(axis=0))
    found = _factors(ladder.values[0], ladder.stderr[0], ladder.into[0], raw)
    return (found.overall, found.spread) if found.spread and found.overall > 1 else None


def _scaled(known: tuple[float, _Spread] | None, overall: float) -> _Spread:
    """The spread of a step whose own can't be seen, from how much a finer level differs from this one.

    How much a kept share answers to activity goes with the power 0.7 of the loss, for losses of 2 to 40 % and lognormal
    activity (tests/estimate/test_correction.py). Both levels answer alike, so what is seen is the difference.
    """
    loss = 1 - 1 / overall
    if known is None:
        return _Spread((UNKNOWN * loss) ** 2, 0.0)
    factor, spread = known
    here = loss**ANSWER
    seen = (1 - 1 / (overall * factor)) ** ANSWER - here
    scale = min(here / seen, 2.0) ** 2
    return _Spread(spread.groups * scale, spread.cells * scale)


def _nothing(like: Float64) -> _Factors:
    return _Factors(np.ones_like(like), np.zeros_like(like), 1.0, _Spread(0.0, 0.0))


def _seen(total: Float64 | float, variance: Float64 | float) -> Bool:
    """Whether a total is clearly more than its noise."""
    return np.asarray(total > SEEN * np.sqrt(variance)) & np.asarray(np.asarray(total) > 0)
