"""What a bound costs and what it gains: the expected error of a usual number, and the bound that makes it smallest.

Three things make a corrected number wrong, and each grows in its own way with its size S (in contributions):

    noise    sd / kept: the plan's own noise, which the correction multiplies by as much as the number
    chance   sqrt(c S): devices differ, and a small place has few of them; kept shares vary as their mean does
    bias     a S: a place's devices are not like those of its region, so the correction gives too much or too little

The first shrinks with the bound, down to where each device is held to the same norm; the others grow as it does. With
more devices S grows and the noise does not, so that larger bounds pay. `a` and `c` are measured on two simulated cities
of unlike people in the same places, with noise next to nothing: what both err in common is bias, whatever the noise and
whoever was there; what each errs by itself is chance (and noise of a known variance, which is taken off).

    a^2 = sum e1 e2 / sum s1 s2     c = (sum e1^2 + sum e2^2 - 2 sum e1 e2 - noise) / sum (s1 + s2)

over all cells, where s are numbers of a release whose bounds cut nothing off, and e what a bounded one differs by. So
a^2 is a mean over cells weighted by the square of their sizes: it is unbiased, and no cell is too small to count. It is
itself known to a few percent of S only (of pairs of zones, 5 to 10), so it is made to fall with the bound, and held to
the share that is lost: no more can be given back to the wrong place.

The usual number is sum s1 s2 / mean sum s: the size, in one city, of the cell in which a contribution of the other lies
on average. The median of non-empty cells would depend on how few devices are simulated; this grows as they do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, sqrt

import numpy as np

from shoal.estimate.correction import CERTAIN, SEEN
from shoal.tune.city import Seen

EQUAL = 1.05
"""Of bounds whose errors are within this factor of the smallest the largest is chosen: it takes least away."""
UNSEEN = 0.25
"""Of the noise, a loss may be that is too small against it to be corrected: 94 % of 95 % intervals hold then."""


@dataclass(frozen=True)
class Loss:
    """What a bound does in simulated cities.

    kept    share of all contributions that is kept
    bias    a: relative error that all of a place's numbers have in common
    chance  c: variance for each contribution
    """

    kept: float
    bias: float
    chance: float


@dataclass(frozen=True)
class Scene:
    """One statistic of the user's plan, in contributions.

    size   of a usual number
    total  of all numbers together
    cells  numbers at the finest level
    above  cells of the next coarser level, whose totals the correction uses
    """

    size: float
    total: float
    cells: int
    above: int


def usual_size(one: Seen, other: Seen) -> float:
    """Of a number in one of two cities; 0 where they have nothing in common."""
    return max(0.0, 2 * float(one.fine @ other.fine) / float(one.top.sum() + other.top.sum()))


def losses(whole: Sequence[Seen], bounded: Sequence[Sequence[Seen]]) -> list[Loss]:
    """Of each of several bounds, ascending; `whole` and the parts of `bounded` are of the same two cities."""
    common = max(float(whole[0].fine @ whole[1].fine), 0.0)
    total = float(whole[0].top.sum() + whole[1].top.sum())
    square, chance, kept = [], [], []
    for cities in bounded:
        errors = [city.fine - all_.fine for city, all_ in zip(cities, whole, strict=True)]
        both = float(errors[0] @ errors[1])
        noise = sum(e.size * (c.noise**2 + w.noise**2) for e, c, w in zip(errors, cities, whole, strict=True))
        square.append(both / common if common > 0 else 0.0)
        chance.append(max(0.0, sum(float(e @ e) for e in errors) - 2 * both - noise) / total)
        kept.append(min(1.0, sum(float(city.fine.sum()) * city.kept for city in cities) / total))
    falling = np.maximum(descending(square), 0.0)
    return [Loss(k, min(sqrt(a), 1 - k), c) for k, a, c in zip(kept, falling.tolist(), chance, strict=True)]


def descending(values: Sequence[float]) -> np.ndarray:
    """The nearest values that never rise (least squares; pool adjacent violators, Ayer et al. 1955).

    A larger bound has no more bias; what a simulation says against it is chance.
    """
    pools: list[tuple[float, int]] = []
    for value in values:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] < pools[-1][0]:
            (last, n), (before, m) = pools.pop(), pools.pop()
            pools.append(((last * n + before * m) / (n + m), n + m))
    return np.concatenate([np.full(n, mean) for mean, n in pools])


def is_corrected(scene: Scene, kept: float, noise: float, above: float) -> bool:
    """Would totals of the plan's own noise show what is lost? The rule of `estimate.correction`.

    noise, above  of one number at the finest level and at the next coarser one
    """
    coarse, fine = sqrt(scene.above) * above, sqrt(scene.cells) * noise
    if scene.total < SEEN * coarse or scene.total * kept < SEEN * fine:
        return False
    error = sqrt(coarse**2 + (fine / kept) ** 2) / (scene.total * kept)
    return 1 / kept - 1 > CERTAIN * error


@dataclass(frozen=True)
class Error:
    """Of a usual number, standard deviations in contributions.

    noise      as the correction multiplies it
    left       what else is wrong
    corrected  whether what is lost would be seen and given back
    """

    noise: float
    left: float
    corrected: bool

    @property
    def both(self) -> float:
        return hypot(self.noise, self.left)

    @property
    def is_sound(self) -> bool:
        """Would intervals that speak of noise alone still hold about as often as they say?"""
        return self.corrected or self.left <= UNSEEN * self.noise


def error_of_usual(scene: Scene, loss: Loss, noise: float, above: float) -> Error:
    """Of a usual number under a bound; `noise` and `above` as in `is_corrected`."""
    if is_corrected(scene, loss.kept, noise, above):
        return Error(noise / loss.kept, sqrt((loss.bias * scene.size) ** 2 + loss.chance * scene.size), corrected=True)
    return Error(noise, (1 - loss.kept) * scene.size, corrected=False)


def chosen(errors: Sequence[float]) -> int:
    """The last of those that are about as small as the smallest. Infinite ones are never chosen, unless all are."""
    least = min(errors)
    return max(i for i, error in enumerate(errors) if error <= EQUAL * least)
