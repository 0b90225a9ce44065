"""How well any attack can do at best where the claimed guarantee holds: the trade-off between its two errors.

Source: Dong, Roth & Su 2022, "Gaussian differential privacy": a mechanism is mu-GDP where telling its two outputs
apart is no easier than telling N(0, 1) from N(mu, 1); Kairouz, Oh & Viswanath 2015 for pure epsilon.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import exp, sqrt, tanh
from typing import Self

import numpy as np
from scipy.special import ndtr, ndtri

from shoal._arrays import Float64


@dataclass(frozen=True)
class Ceiling:
    """What Gaussian noise of together mu, and Laplace noise of together epsilon, let any test reach.

    mu       sqrt(2 rho) of the Gaussian part, 0 or more
    epsilon  of the Laplace part, pure, 0 or more
    """

    mu: float = 0.0
    epsilon: float = 0.0

    def __post_init__(self) -> None:
        if not (self.mu >= 0 and self.epsilon >= 0):
            raise ValueError(f"mu and epsilon must be 0 or more, got {self.mu} and {self.epsilon}")

    @classmethod
    def of(cls, gaussian: Iterable[Fraction], laplace: Iterable[Fraction] = (), units: int = 1) -> Self:
        """From the rho of each vector with Gaussian noise and the epsilon of each with Laplace noise.

        Gaussian mechanisms compose to sqrt(sum of mu^2) (Dong, Roth & Su 2022, corollary 3.3), and mu^2 = 2 rho. A
        target that is there for `units` units pays each time.
        """
        rho = sum(gaussian, Fraction(0)) * units
        return cls(sqrt(2 * rho), float(sum(laplace, Fraction(0)) * units))

    @property
    def words(self) -> str:
        """The claim in numbers: `mu 0.45`, `epsilon 1`, or both."""
        parts = [f"mu {self.mu:.2g}"] if self.mu or not self.epsilon else []
        return ", ".join([*parts, *([f"epsilon {self.epsilon:.2g}"] if self.epsilon else [])])

    def as_json(self) -> dict[str, float]:
        return {
            "mu": round(self.mu, 6),
            "epsilon": round(self.epsilon, 6),
            "auc": round(self.auc, 5),
            "advantage": round(self.advantage, 5),
            "found_at_1_percent": round(float(self.true_positives(0.01)), 5),
            "found_at_0.1_percent": round(float(self.true_positives(0.001)), 5),
        }

    def true_positives(self, false_positives: Float64 | float) -> Float64:
        """Largest share of targets that are found, at that share of false alarms; both from 0 to 1.

        Given what the Laplace part says, the Gaussian part can do G; and no event is more than e^epsilon times as
        likely by the Laplace part. Both for "in" and, the sides changed, for "out".
        """
        alarms = np.asarray(false_positives, dtype=np.float64)
        normal = ndtr(ndtri(alarms) + self.mu)
        found: Float64 = np.minimum(exp(self.epsilon) * normal, 1 - exp(-self.epsilon) * (1 - normal))
        return np.clip(found, 0.0, 1.0)

    @property
    def advantage(self) -> float:
        """Largest difference between the two shares."""
        if not self.epsilon:
            return float(2 * ndtr(self.mu / 2) - 1)  # Dong, Roth & Su 2022, section 2.3
        if not self.mu:
            return tanh(self.epsilon / 2)
        alarms = np.linspace(0, 1, 20_001)
        return float((self.true_positives(alarms) - alarms).max())

    @property
    def accuracy(self) -> float:
        """Largest share of right guesses about a fair coin."""
        return (1 + self.advantage) / 2

    @property
    def auc(self) -> float:
        """Largest area under the curve of found against false alarms."""
        alarms = np.linspace(0, 1, 20_001)
        return float(np.trapezoid(self.true_positives(alarms), alarms))
