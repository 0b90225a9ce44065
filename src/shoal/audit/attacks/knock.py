"""Knock-Knock: shadow releases with and without the target teach a classifier what a release with it looks like.

Knows the traces of nine devices in ten, the targets among them, but of none whether it is in; nothing of the others but
that they live like these. Makes shadow towns of those that it knows, passes their numbers through the same bound and
noise as the release (a strategic adversary), and fits a linear classifier for each target to all shadows at once.

Source: Pyrgelis, Troncoso & De Cristofaro 2018, "Knock Knock, Who's There?", arXiv 1708.06145. Ours is a ridge
regression on the label, which for two classes is Fisher's linear discriminant, where theirs was logistic: both look for
the best plane, and one solution serves all targets.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import csr_array

from shoal._arrays import Bool, Float64, Int64
from shoal.audit.attack import Finding
from shoal.audit.attacks._games import EXACT, K_ANONYMOUS, RELEASE, Played, games, shown
from shoal.audit.people import dice
from shoal.audit.publish import mean
from shoal.audit.world import World, suppressed

SHADOWS = 1_500
RIDGE = 0.1
"""Added to the mean square of each direction, in units of a number's own variance."""
FEWEST_CELLS = 500
"""That people are seen in. With fewer numbers than that, what is known can't tell so many devices apart at all."""


class Knock:
    """Played on all statistics together; of a sequence on the mean of its releases."""

    name: Final = "Knock-Knock, shadow releases"

    def run(self, world: World) -> Sequence[Finding]:
        m, luck = world.targets.size, dice()
        used = {f.name: np.unique(world.raw[f.name].cell) for f in world.fine}
        if sum(cells.size for cells in used.values()) < FEWEST_CELLS:
            return []
        known = {where: _known(world, used, where) for where in (RELEASE, EXACT)}
        inside = luck.random((SHADOWS, m)) < 0.5
        others = luck.multinomial(world.traces.devices - m, np.full(m, 1 / m), SHADOWS)
        shadows = np.asarray((inside + others) @ known[EXACT])
        learnt = {
            EXACT: classifier(shadows, inside),
            K_ANONYMOUS: classifier(suppressed(shadows), inside),
        }
        found = []
        for words, rounds, releases in games(world):
            shadows = np.asarray((inside + others) @ known[RELEASE]) + _noise(world, used, luck, releases)
            learnt[RELEASE] = classifier(shadows, inside)
            played = Played()
            for one in rounds:
                for where, tables, _ in shown(world, one):
                    middle, scale, plane = learnt[where]
                    numbers = mean(tables).estimate
                    seen = np.concatenate([np.nan_to_num(numbers[name])[cells] for name, cells in used.items()])
                    asked = world.apart() if where == RELEASE else world.shown
                    played.add(where, ((seen - middle) / scale) @ plane, one.inside, asked)
            found.append(played.finding(world.ceiling(releases=releases), f"{self.name}{words}", "all", (EXACT,)))
        return found


def classifier(shadows: Float64, inside: Bool) -> tuple[Float64, Float64, Float64]:
    """Mean and scale of the numbers, float64[n], and a plane for each target, float64[n, m].

    shadows  float64[s, n]; inside bool[s, m]: which targets were in each
    """
    mean, scale = shadows.mean(axis=0), shadows.std(axis=0) + 1e-3
    scaled = (shadows - mean) / scale
    number = len(scaled)
    alike = scaled @ scaled.T + RIDGE * number * np.eye(number)  # as many equations as shadows, not as numbers
    plane = scaled.T @ np.linalg.solve(alike, inside - inside.mean(axis=0))
    return mean, scale, plane


def _known(world: World, used: dict[str, Int64], where: str) -> csr_array:
    """Traces of the targets in the cells that are used, a row each."""
    from scipy.sparse import hstack

    m, tables = world.targets.size, world.bounded if where == RELEASE else world.raw
    parts = []
    for name, cells in used.items():
        found = tables[name]
        rows = csr_array((found.weight, found.cell, found.first), shape=(world.traces.devices, found.cells))
        parts.append(rows[:m][:, cells])
    return csr_array(hstack(parts, format="csr"))


def _noise(world: World, used: dict[str, Int64], luck: np.random.Generator, releases: int) -> Float64:
    """Noise like that in the mean of so many releases, for the shadows."""
    parts = []
    for measure in world.fine:
        size, scale = (SHADOWS, used[measure.name].size), measure.mechanism.scale / 1024
        draw = luck.laplace if measure.mechanism.kind == "laplace" else luck.normal
        parts.append(sum(draw(0.0, scale, size) for _ in range(releases)) / releases)
    return np.concatenate(parts, axis=1)
