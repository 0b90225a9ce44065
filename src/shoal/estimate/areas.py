"""Adaptive resolution: each place is published by itself or within the smallest area that is known well enough."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.estimate.ladder import add_up
from shoal.estimate.weighted import Tree, residual
from shoal.privacy.mechanism import NORMAL_95


@dataclass(frozen=True, eq=False)
class Areas:
    """Which area each place is published in; every place is in exactly one.

    of     int32[n]      the area of each place
    level  int32[areas]  0: a place by itself; k: what is left of a group of grouping k - 1
    group  int32[areas]  that place or group
    """

    of: Int32
    level: Int32
    group: Int32


def areas(
    tree: Tree,
    values: Float64,
    variances: Float64,
    groupings: Sequence[Int32],
    target: float = 0.1,
    z: float = NORMAL_95,
) -> Areas:
    """The finest areas whose intervals are narrow enough.

    tree, values, variances  of the places, as `estimate.weighted` has them: float64[n, m]
    groupings                int32[n] labels of 0 or more each, from fine to coarse, each nested in the next
    target                   half the width of an interval may be so much of the number
    z                        standard deviations in half a 95 % interval

    Rule    a place stands by itself where z standard deviations, their root mean square over the columns, are at most
            `target` times its mean over the columns. What is left of its group is one area where that holds of it,
            otherwise goes on to the next grouping; the last one takes what is left. Noisy numbers alone decide.
    """
    if not groupings or any(labels.shape != (len(values),) for labels in groupings):
        raise ValueError("areas need at least one grouping, with a label for each place")
    alone = _known(values, variances, target, z)
    of = np.full(len(values), -1, dtype=np.int32)
    of[alone] = np.arange(int(alone.sum()), dtype=np.int32)
    levels, groups = [np.zeros(int(alone.sum()), dtype=np.int32)], [np.flatnonzero(alone).astype(np.int32)]
    made = int(alone.sum())
    for k, labels in enumerate(groupings, 1):
        rest = np.flatnonzero(of < 0)
        names, which = np.unique(labels[rest], return_inverse=True)
        trial = np.full(len(values), -1, dtype=np.int32)
        trial[rest] = which
        good = _known(*sums(tree, values, trial, names.size), target, z) | (k == len(groupings))
        number = np.cumsum(good) - 1 + made
        taken = good[which]
        of[rest[taken]] = number[which[taken]]
        made += int(good.sum())
        levels.append(np.full(int(good.sum()), k, dtype=np.int32))
        groups.append(names[good].astype(np.int32))
    return Areas(of, np.concatenate(levels), np.concatenate(groups))


def sums(tree: Tree, values: Float64, of: Int32, number: int) -> tuple[Float64, Float64]:
    """The numbers of areas and the variances of their errors, float64[number, m] each.

    values  float64[n, m]  the places' numbers from `estimate.weighted`
    of      int32[n]       the area of each place; below 0: none

    The numbers are sums of their parts. Their errors are smaller than the parts' together, as the parts of a group add
    up to what was measured of it: a whole group has its own error, and what is left of one that of the group less its
    siblings where that is the better, or what both together say. Exact as `weighted` is: the parts' common error and
    all levels above them are in it.
    """
    inside = np.flatnonzero(of >= 0)
    area = of[inside].astype(np.int64)
    total = add_up(values[inside], of[inside], number)
    variance = np.zeros_like(total)
    node, weight = inside.astype(np.int64), np.ones((inside.size, 1))
    for level, into in enumerate(tree.into):
        parents = len(tree.values[level + 1])
        at = into[node].astype(np.int64)
        pairs, which = np.unique(area * parents + at, return_inverse=True)
        which = which.astype(np.int32)
        own, common = tree.variances[level][node] * weight, tree.common[level][node] * weight
        weights = np.broadcast_to(weight, own.shape)
        linear, square, shared, count = (add_up(x, which, pairs.size) for x in (own, own * weight, common, weights))
        area, node = pairs // parents, pairs % parents
        shares = tree.shares(level, linear, shared, count, node.astype(np.int32))
        variance += add_up(
            residual(tree, level, square + shared**2, shares, node.astype(np.int32)), _int32(area), number
        )
        weight = shares[-1]
    top = tree.variances[-1][node] + tree.common[-1][node] ** 2
    return total, variance + add_up(weight**2 * top, _int32(area), number)


def _known(values: Float64, variances: Float64, target: float, z: float) -> Bool:
    """Whose interval is narrow enough, of float64[n, m] numbers."""
    found: Bool = z * np.sqrt(variances.mean(axis=1)) <= target * values.mean(axis=1)
    return found


def _int32(numbers: Int64) -> Int32:
    return numbers.astype(np.int32)
