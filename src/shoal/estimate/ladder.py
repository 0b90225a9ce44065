"""One statistic measured at several nested levels: zones, their regions, everything."""

from dataclasses import dataclass

import numpy as np

from shoal._arrays import Float64, Int32


@dataclass(frozen=True, eq=False)
class Ladder:
    """Noisy numbers of one statistic at nested levels, from fine to coarse.

    values   float64[n_l, m] a level, in published units; the m columns are class x time bin
    stderr   of the noise of one number, for each level
    into     int32[n_l] for each level but the coarsest: the group of the next level that holds each group of this one
    laplace  whether all its noise is Laplace; otherwise it is Gaussian

    Raises `ValueError` where the shapes do not fit: a bug of ours.
    """

    values: tuple[Float64, ...]
    stderr: tuple[float, ...]
    into: tuple[Int32, ...]
    laplace: bool

    def __post_init__(self) -> None:
        check_levels(self.values, self.into)
        if len(self.stderr) != len(self.values):
            raise ValueError(f"{len(self.values)} levels need as many standard errors, got {len(self.stderr)}")
        if not all(0 <= error < np.inf for error in self.stderr):
            raise ValueError(f"standard errors are finite and not negative, got {self.stderr}")


def check_levels(values: tuple[Float64, ...], into: tuple[Int32, ...]) -> None:
    """Raises `ValueError` where numbers and groups of nested levels do not fit together."""
    if not values or len(into) != len(values) - 1:
        raise ValueError(f"{len(values)} levels need one grouping less, got {len(into)}")
    if any(level.ndim != 2 or level.shape[1] != values[0].shape[1] for level in values):
        raise ValueError(f"all levels have the same columns, got {[level.shape for level in values]}")
    for level, (groups, fine, coarse) in enumerate(zip(into, values, values[1:], strict=False)):
        if groups.shape != (len(fine),):
            raise ValueError(f"level {level} has {len(fine)} groups, but {groups.shape} are put into the next")
        if groups.size and not 0 <= int(groups.min()) <= int(groups.max()) < len(coarse):
            raise ValueError(f"level {level} names a group that level {level + 1} does not have")


def add_up(values: Float64, into: Int32, number: int) -> Float64:
    """The sums of float64[n, m] by group, float64[number, m]; a group without members has 0."""
    m = values.shape[1]
    if m == 1:
        return np.asarray(np.bincount(into, values[:, 0], number), dtype=np.float64)[:, None]
    cell = (into.astype(np.int64)[:, None] * m + np.arange(m)).ravel()
    return np.asarray(np.bincount(cell, values.ravel(), number * m), dtype=np.float64).reshape(number, m)
