"""What noise a statistic gets, as data: chosen before a record is read, and published as it stands."""

from dataclasses import dataclass
from fractions import Fraction
from math import log
from typing import Literal

ONE = 1024
"""Fixed point: contributions, bounds and scales are whole numbers of 1/1024."""

MAX_NORM = 2**30
"""Largest norm, in units of 1/ONE: two of its squares fit into int64 (`privacy.bounding`)."""

Kind = Literal["gaussian", "laplace"]

NORMAL_95 = 1.959963984540054
"""Of a normal distribution, 95 % lies within so many standard deviations of the mean."""
LAPLACE_95 = log(20)
"""Of a Laplace distribution, 95 % lies within so many scales."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """Discrete noise on integer sums, its sensitivity and its cost.

    kind   gaussian: `norm` bounds the L2 norm of a row's vector; laplace: the L1 norm
    norm   in units of 1/ONE, above 0
    scale  of the noise (sigma, or the b of Laplace), in units of 1/ONE, above 0
    """

    kind: Kind
    norm: int
    scale: int

    def __post_init__(self) -> None:
        if self.norm < 1 or self.scale < 1:
            raise ValueError(f"norm and scale must be at least 1, got {self.norm} and {self.scale}")

    @property
    def rho(self) -> Fraction:
        """Exact zCDP cost of measuring one vector of this norm.

        Gaussian: norm^2 / (2 scale^2) (Bun & Steinke 2016, proposition 6; Canonne, Kamath & Steinke 2020, theorem 4 for
        the discrete one). Laplace: epsilon^2 / 2 with epsilon = norm / scale (Bun & Steinke 2016, proposition 4).
        Both formulas are the same number; what differs is the norm that they take.
        """
        return Fraction(self.norm**2, 2 * self.scale**2)

    @property
    def epsilon(self) -> Fraction | None:
        """Pure epsilon where there is one (Laplace)."""
        return Fraction(self.norm, self.scale) if self.kind == "laplace" else None

    @property
    def stderr(self) -> float:
        """Standard deviation of the noise in contributions (1.0 is one visit, one device-hour, ...)."""
        return self.scale / ONE * (2**0.5 if self.kind == "laplace" else 1.0)

    @property
    def half_width(self) -> float:
        """Half the width of the interval that holds 95 % of the noise, in contributions.

        Of the continuous distribution, and half a step more, since the noise goes in steps of 1/ONE. It holds for the
        bounded sum: what bounding took away, and who carries no phone, is not in it.
        """
        factor = LAPLACE_95 if self.kind == "laplace" else NORMAL_95
        return (factor * self.scale + 0.5) / ONE
