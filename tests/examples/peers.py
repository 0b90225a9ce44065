"""What others would publish of the same trips at the same epsilon: limits, then noise, and nothing made up for.

For comparison only, with the noise of numpy. A peer's limits are tuned on the truth itself, which nobody could do who
keeps the guarantee: so these are the best that each of them can be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shoal.privacy.accounting import rho_for
from tests.examples.riders import Riders

Numbers = NDArray[np.float64]
Indexes = NDArray[np.int64]
SEEDS = 10
RHO = float(rho_for(Fraction(1), Fraction(1, 10**6)))  # epsilon 1 at delta 1e-6
STATIONS, TIMES, TRIPS = (8, 12, 16), (3, 4, 6), (30, 40, 60)
"""Around the best: of stations 1 to 24, times 1 to 24 and trips 1 to 60 all others are worse, with either noise."""


@dataclass(frozen=True)
class Arrivals:
    """rider, station  int64[n]: one entry an arrival of the month; stations: ids, in the order of the indexes."""

    rider: Indexes
    station: Indexes
    stations: tuple[str, ...]

    @classmethod
    def of(cls, riders: Riders) -> "Arrivals":
        found = [(trip[0], cell[0]) for trip in riders.trips if (cell := riders.by_station(trip)) is not None]
        stations = tuple(riders.stations)
        number = {name: index for index, name in enumerate(stations)}
        _, rider = np.unique([name for name, _ in found], return_inverse=True)
        return cls(rider.astype(np.int64), np.array([number[str(station)] for _, station in found]), stations)

    def by_trips(self, most: int, rng: np.random.Generator) -> Numbers:
        """The sums over riders of at most so many of their trips each."""
        kept = _few_of_each(self.rider, most, rng)
        return np.bincount(self.station[kept], minlength=len(self.stations)).astype(np.float64)

    def by_stations(self, most: int, times: int, rng: np.random.Generator) -> Numbers:
        """The sums over riders of at most so many of their stations each, each station so many times at most."""
        n = len(self.stations)
        pairs, number = np.unique(self.rider * n + self.station, return_counts=True)
        kept = _few_of_each(pairs // n, most, rng)
        return np.asarray(np.bincount(pairs[kept] % n, np.minimum(number[kept], times), n))


def _few_of_each(owner: Indexes, most: int, rng: np.random.Generator) -> Indexes:
    """Which entries are kept if each owner keeps `most` of its own, drawn evenly."""
    order = np.lexsort((rng.random(owner.size), owner))
    sorted_ = owner[order]
    rank = np.arange(owner.size) - np.searchsorted(sorted_, sorted_)
    return np.asarray(order[rank < most])


def best(
    arrivals: Arrivals, error: Callable[[Numbers], float], peer: Literal["stations", "trips"], *, cut: bool
) -> tuple[float, str]:
    """The smallest mean error of a peer over `SEEDS` draws, and the limits and noise that give it; cut: below 0 at 0.

    Sensitivity of k stations c times each: L1 k c, L2 sqrt(k) c. Of n trips: n in both.
    """
    limits = [(k, c) for k, c in product(STATIONS, TIMES)] if peer == "stations" else [(1, n) for n in TRIPS]
    found = []
    for (k, c), noise in product(limits, ("gaussian", "laplace")):
        errors = []
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            sums = arrivals.by_stations(k, c, rng) if peer == "stations" else arrivals.by_trips(c, rng)
            scale = k**0.5 * c / (2 * RHO) ** 0.5 if noise == "gaussian" else k * c
            sums += rng.normal(0, scale, sums.size) if noise == "gaussian" else rng.laplace(0, scale, sums.size)
            errors.append(error(np.maximum(sums, 0) if cut else sums))
        found.append((float(np.mean(errors)), f"{k} x {c}, {noise}"))
    return min(found)
