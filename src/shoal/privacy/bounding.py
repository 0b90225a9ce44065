"""Bounding: each row's whole vector is scaled down to the declared norm. The last room that knows rows.

Scaling, not sampling: at equal noise a vector of k cells that is held to the norm of a cells keeps sqrt(a/k) of its
mass, where keeping a of its k cells keeps a/k (Liu et al. 2023, "Histogram estimation under user-level privacy").
"""

import numpy as np

from shoal._arrays import Int64
from shoal._numba import njit
from shoal.privacy.contributions import Contributions
from shoal.privacy.mechanism import MAX_NORM, Mechanism


class UnboundedError(RuntimeError):
    """A vector that can't be held to its norm because it is not one: a bug of ours, please report it."""


class Bounded(Contributions):
    """Contributions of which every row is held to the norm of a mechanism; made by `bound` alone."""

    __slots__ = ()


def bound(rows: Contributions, mechanism: Mechanism) -> Bounded:
    """`rows` with every row's norm (L2 for Gaussian, L1 for Laplace noise) at most `mechanism.norm`, in exact integers.

    Rows within the norm stay as they are; others are multiplied by norm / length and rounded down. Each row is treated
    alone. Raises `UnboundedError` where a row names a cell twice or a weight is not positive.
    """
    if mechanism.norm > MAX_NORM:
        raise UnboundedError(f"a norm of at most {MAX_NORM} can be held exactly, got {mechanism.norm}")
    weight = np.empty_like(rows.weight)
    if not _scale_rows(rows.first, rows.cell, rows.weight, mechanism.norm, mechanism.kind == "laplace", weight):
        raise UnboundedError("the cells of a row must be strictly ascending and its weights positive")
    return Bounded(rows.first, rows.cell, weight)


def add(rows: Contributions, totals: Int64) -> None:
    """Add bounded rows into totals, int64[cells], in place; saturates instead of overflowing.

    Raises `UnboundedError`, with nothing added, where a row names a cell outside the grid.
    """
    check_cells(rows, totals.size)
    _add(rows.cell, rows.weight, totals)


def check_cells(rows: Contributions, cells: int) -> None:
    """Raises `UnboundedError` where a row names a cell outside a grid of so many `cells`."""
    if not _are_cells(rows.cell, cells):
        raise UnboundedError("a row names a cell outside the grid")


@njit
def saturated(total: int, weight: int) -> int:
    """total + weight, both 0 or more, and 2**63 - 1 where that is more: sums that stop growing keep the bound."""
    most = np.int64(2**63 - 1)
    return most if total > most - weight else total + weight  # type: ignore[return-value]  # an int to callers


@njit
def _scale_rows(first: Int64, cell: Int64, weight: Int64, norm: int, absolute: bool, out: Int64) -> bool:
    for row in range(first.size - 1):
        begin, end = first[row], first[row + 1]
        for i in range(begin, end):
            if weight[i] <= 0 or (i > begin and cell[i] <= cell[i - 1]):
                return False
            out[i] = weight[i]
        if _within(out, begin, end, norm, absolute):
            continue
        length = 0.0  # a float only proposes the factor; what decides is the integer check
        for i in range(begin, end):
            length += float(weight[i]) if absolute else float(weight[i]) * float(weight[i])
        factor = norm / (length if absolute else np.sqrt(length))
        while True:
            for i in range(begin, end):
                out[i] = np.int64(np.floor(float(weight[i]) * factor))
            if _within(out, begin, end, norm, absolute):
                break
            factor *= 1.0 - 2.0**-30
    return True


@njit
def _within(weight: Int64, begin: int, end: int, norm: int, absolute: bool) -> bool:
    """Is the norm of weight[begin:end] at most `norm`? Exact: every step stays below 2**62."""
    limit = norm if absolute else norm * norm
    total = 0
    for i in range(begin, end):
        if weight[i] > norm:
            return False
        total += weight[i] if absolute else weight[i] * weight[i]
        if total > limit:
            return False
    return True


@njit
def _are_cells(cell: Int64, cells: int) -> bool:
    inside = True
    for i in range(cell.size):
        inside &= 0 <= cell[i] < cells
    return inside


@njit
def _add(cell: Int64, weight: Int64, totals: Int64) -> None:
    for i in range(cell.size):
        totals[cell[i]] = saturated(totals[cell[i]], weight[i])
