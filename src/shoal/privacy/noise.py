"""Noise: the one way out of the secret side. Takes sealed sums and a paid budget, gives noisy values."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from shoal._arrays import Int64
from shoal.privacy._open import open_sums
from shoal.privacy._opendp import opendp
from shoal.privacy.budget import Paid
from shoal.privacy.mechanism import Mechanism
from shoal.privacy.sums import ExactSums

CHUNK = 1 << 12  # small, so that the last ones keep all threads busy


class GuaranteeError(RuntimeError):
    """OpenDP's privacy map and ours disagree: a bug, please report it. Nothing was drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """Noisy sums of one statistic: what may be seen from here on.

    values     int64[cells]  in units of 1/ONE; only of the cells that were asked for, in their order
    mechanism  the noise in them
    """

    statistic: str
    values: Int64
    mechanism: Mechanism


def measure(
    sums: ExactSums,
    statistic: str,
    mechanism: Mechanism,
    paid: Paid,
    workers: int | None = None,
    cells: Int64 | None = None,
) -> Measurements:
    """Draw noise for every cell of `sums`, once, from what was paid for `statistic`.

    cells  int64[k], strictly ascending: draw for these alone. They may follow from earlier draws, never from sums: part
           of a vector is no longer than the whole, so the privacy map is that of the whole

    Raises `UnpaidError` before anything is drawn where the payment is missing, too small or already used, `ValueError`
    where a cell stands twice or does not exist.

    The privacy map is taken once, of the whole vector and its norm. The draw goes in chunks over threads of this one
    process: the noise of different cells is independent, so the chunks' outputs side by side are distributed exactly as
    one draw of the whole vector is, and the cost is that of one draw.
    """
    draw = _measurement(mechanism)
    _agree(draw, mechanism)
    totals = open_sums(sums)
    if cells is not None:
        _check(cells, totals.size)
        totals = totals[cells]
    paid.use(statistic, mechanism.rho)
    noisy = np.empty_like(totals)

    def fill(begin: int) -> None:
        noisy[begin : begin + CHUNK] = draw(totals[begin : begin + CHUNK])

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as threads:
        for _ in threads.map(fill, range(0, totals.size, CHUNK)):
            pass
    return Measurements(statistic, noisy, mechanism)


def _check(cells: Int64, size: int) -> None:
    """A cell drawn twice would cost twice."""
    if cells.ndim != 1 or (cells.size and not (cells[0] >= 0 and cells[-1] < size and (np.diff(cells) > 0).all())):
        raise ValueError("cells to draw must be strictly ascending and on the grid: a bug of Shoal's, please report it")


def _measurement(mechanism: Mechanism) -> Any:
    """OpenDP's discrete mechanism on int64 vectors, exact for integers."""
    dp = opendp()
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    if mechanism.kind == "gaussian":
        return dp.make_gaussian(domain, dp.l2_distance(T="i64"), scale=float(mechanism.scale))
    return dp.make_laplace(domain, dp.l1_distance(T="i64"), scale=float(mechanism.scale))


def _agree(draw: Any, mechanism: Mechanism) -> None:
    """Does OpenDP say that this draw costs what was charged? Its floats round up, so a sliver is allowed."""
    loss = Fraction(draw.map(mechanism.norm))
    rho = loss if mechanism.kind == "gaussian" else loss**2 / 2
    if not mechanism.rho * (1 - Fraction(1, 2**40)) <= rho <= mechanism.rho * (1 + Fraction(1, 2**40)):
        raise GuaranteeError(f"this {mechanism.kind} draw costs rho {float(rho):g}, not {float(mechanism.rho):g}")
