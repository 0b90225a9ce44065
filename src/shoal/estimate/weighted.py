"""Weighted least squares over nested levels: every number learns from those above and below it, and all add up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shoal._arrays import Float64, Int32
from shoal.estimate.ladder import add_up, check_levels


@dataclass(frozen=True, eq=False)
class Errors:
    """What may be wrong with the numbers of one level, float64[n, m] each, in units of the numbers.

    variance  of the noise of each number by itself; infinite: not measured (not for a number without parts)
    own       variance of what noise does not explain and no other number of the level shares
    common    standard deviation of an error that all numbers of a group share, 0 or more; 0 at the coarsest level

    What is wrong with a number as `own` or `common` is wrong with its parts as well, for they were made to fit it. It
    is spread over them in proportion to their `common`, evenly where that is 0.
    """

    variance: Float64
    own: Float64
    common: Float64

    @classmethod
    def of_noise(cls, variance: Float64) -> "Errors":
        """Independent noise and nothing else."""
        return cls(variance, np.zeros_like(variance), np.zeros_like(variance))


@dataclass(frozen=True, eq=False)
class _Group:
    """What the parts of the groups of a level say, float64[groups, m] each.

    parts, spread  the sum of the parts, and its variance; 0 and infinite for a group without parts
    common         sum of the parts' `common`
    number         of parts, float64[groups]
    alone          variance of the group by its own number and its parts
    handed         variance that the group hands to its parts
    """

    parts: Float64
    spread: Float64
    common: Float64
    number: Float64
    alone: Float64
    handed: Float64


@dataclass(frozen=True, eq=False)
class Tree:
    """The first of the two passes: each number from its own measurement and all below it.

    values, variances  float64[n_l, m] a level: the number; its variance without `common`
    """

    values: tuple[Float64, ...]
    variances: tuple[Float64, ...]
    common: tuple[Float64, ...]
    into: tuple[Int32, ...]
    groups: tuple[_Group, ...]

    @classmethod
    def grown(cls, estimates: Sequence[Float64], errors: Sequence[Errors], into: Sequence[Int32]) -> "Tree":
        check_levels(tuple(estimates), tuple(into))
        values = [estimates[0]]
        variances = [errors[0].variance + errors[0].own]
        groups: list[_Group] = []
        for level, of in enumerate(into, 1):
            error, number = errors[level], len(estimates[level])
            common = add_up(errors[level - 1].common, of, number)
            members = np.bincount(of, minlength=number).astype(np.float64)
            empty = members == 0
            parts = add_up(values[-1], of, number)
            spread = add_up(variances[-1], of, number) + common**2
            spread[empty] = np.inf
            with np.errstate(divide="ignore", invalid="ignore"):
                trust = np.where(np.isinf(error.variance), 1.0, error.variance / (error.variance + spread))
            trust = np.where(np.isinf(spread) | np.isnan(trust), 0.0, trust)  # in the parts
            measured = np.isfinite(error.variance)
            alone = np.where(measured, (1 - trust) * np.where(measured, error.variance, 0.0), spread)
            own = np.where(measured, estimates[level], 0.0)
            values.append(own + trust * (parts - own))
            variances.append(alone + error.own)
            groups.append(_Group(parts, spread, common, members, alone, error.own + error.common**2))
        return cls(tuple(values), tuple(variances), tuple(e.common for e in errors), tuple(into), tuple(groups))

    def shares(self, level: int, amount: Float64, common: Float64, number: Float64, at: Int32) -> tuple[Float64, ...]:
        """How much of what a group gets goes to some of its parts: float64[k, m] for k choices of parts.

        amount, common, number  sums over the chosen parts of their variance, `common`, and 1, each times its weight
        at                      int32[k]  the group of each choice
        returns                 of what its own number differs from the sum of its parts; of what the level above adds
        """
        group = self.groups[level]
        total, spread = group.common[at], group.spread[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            even = number / group.number[at][:, None]
            first = np.where(spread > 0, (amount + common * total) / spread, even)
            along = np.where(total > 0, common / total, even)
            all_ = group.alone[at] + group.handed[at]
            second = np.where(all_ > 0, (first * group.alone[at] + along * group.handed[at]) / all_, first)
        return first, along, second


def weighted(
    estimates: Sequence[Float64], errors: Sequence[Errors], into: Sequence[Int32]
) -> tuple[tuple[Float64, ...], tuple[Float64, ...]]:
    """The best numbers that add up, and the variances of their errors, for all levels.

    estimates  float64[n_l, m] a level, from fine to coarse, unbiased
    into       int32[n_l] for each level but the coarsest: its groups' group at the next level
    returns    float64[n_l, m] a level, parts adding up to their group; and variances likewise

    With noise alone these are the least squares solution, weighted by the inverse variances, found in two passes over
    the tree as Hay, Rastogi, Miklau & Suciu 2010, section 4.1, do for equal variances and groups of one size. `own`
    and `common` are solved along: exactly where only the finest level has `common` and only the finest two `own`;
    elsewhere nearly, as what a coarser level's errors have in common is spread over parts as if it were the group's.
    """
    return solved(Tree.grown(estimates, errors, into))


def solved(tree: Tree) -> tuple[tuple[Float64, ...], tuple[Float64, ...]]:
    """The second pass: from the coarsest level down, what a group got is spread over its parts; see `weighted`."""
    values = [tree.values[-1]]
    variances = [tree.variances[-1] + tree.common[-1] ** 2]
    for level in range(len(tree.into) - 1, -1, -1):
        of, group = tree.into[level], tree.groups[level]
        amount, common = tree.variances[level], tree.common[level]
        shares = tree.shares(level, amount, common, np.ones_like(amount), of)
        whole = tree.values[level + 1]
        first, _, second = shares
        added = first * (whole - group.parts)[of] + second * (values[-1] - whole)[of]
        values.append(tree.values[level] + added)
        variances.append(residual(tree, level, amount + common**2, shares, of) + second**2 * variances[-1][of])
    return tuple(reversed(values)), tuple(reversed(variances))


def residual(tree: Tree, level: int, variance: Float64, shares: tuple[Float64, ...], at: Int32) -> Float64:
    """What stays uncertain of choices of parts (see `Tree.shares`) where their groups are known exactly."""
    group = tree.groups[level]
    first, along, second = shares
    spread = np.where(np.isfinite(group.spread), group.spread, 0.0)
    own = first**2 * (group.alone - spread)[at] + along**2 * group.handed[at]
    return np.maximum(variance + own - second**2 * (group.alone + group.handed)[at], 0.0)
