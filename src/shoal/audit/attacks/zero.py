"""Membership without further knowledge: the release alone, and the target's trace or a tenth of it.

Knows no other device. Takes from the release how many are in each place and how many at each time, and thinks of people
who go anywhere at any time by these numbers alone; what their town would show, with the target and without, tells how
likely the release is to hold it. The noise and its size stand in the manifest and are allowed for.

Source: Guan, Guepin, Cretu & de Montjoye 2024, "A Zero Auxiliary Knowledge Membership Inference Attack on Aggregate
Location Data", PoPETs 2024(4), arXiv 2406.18671. They draw such people and train on them; for people who are
independent by place and time the numbers of a town follow Poisson's law, and the best linear classifier is the one
below, which training would end at.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from shoal._arrays import Bool, Float64
from shoal.audit.attack import Finding
from shoal.audit.attacks._games import EXACT, RELEASE, Played, games, shown
from shoal.audit.contribution import Vectors, sums
from shoal.audit.people import dice
from shoal.audit.publish import mean
from shoal.audit.world import World
from shoal.design import Measure

TENTH = 0.1
FEWEST_CELLS = 500
"""As for Knock-Knock."""


class Zero:
    """With the whole trace and with a tenth of it, on all statistics together; of a sequence on their mean."""

    name: Final = "zero knowledge"

    def run(self, world: World) -> Sequence[Finding]:
        m, luck = world.targets.size, dice()
        if sum(np.unique(world.raw[f.name].cell).size for f in world.fine) < FEWEST_CELLS:
            return []
        some = {f.name: luck.random(world.raw[f.name].cell.size) < TENTH for f in world.fine}
        found = []
        for words, rounds, releases in games(world):
            whole, tenth = Played(), Played()
            for one in rounds:
                for where, tables, _ in shown(world, one):
                    score, part, numbers = np.zeros(m), np.zeros(m), mean(tables).estimate
                    for measure in world.fine:
                        known = (world.bounded if where == RELEASE else world.raw)[measure.name]
                        noise = measure.mechanism.stderr / len(tables) ** 0.5 if where == RELEASE else 0.0
                        seen = np.nan_to_num(numbers[measure.name])
                        score += scores(known, seen, measure, noise, m)
                        kept = some[measure.name] if known.cell.size == some[measure.name].size else None
                        part += scores(known, seen, measure, noise, m, _first(kept, known, luck))
                    asked = world.apart() if where == RELEASE else world.shown
                    whole.add(where, score, one.inside, asked)
                    tenth.add(where, part, one.inside, asked)
            ceiling = world.ceiling(releases=releases)
            found += [
                whole.finding(ceiling, f"{self.name}, the whole trace{words}", "all", (EXACT,)),
                tenth.finding(ceiling, f"{self.name}, a tenth of the trace{words}", "all", ()),
            ]
        return found


def _first(kept: Bool | None, known: Vectors, luck: np.random.Generator) -> Bool:
    """Which entries are known; bounding may have taken the smallest away, then as many others."""
    return luck.random(known.cell.size) < TENTH if kept is None else kept


def scores(
    known: Vectors, seen: Float64, measure: Measure, noise: float, targets: int, kept: Bool | None = None
) -> Float64:
    """How much better the numbers fit with each target than without: float64[targets].

    seen   float64[cells]; noise its standard deviation
    kept   bool[n]  entries of the vectors that the adversary knows; None: all
    """
    bins = measure.grid.time.bins
    table = seen.reshape(-1, bins)
    each = table.clip(min=0)
    total = max(float(each.sum()), 1e-9)
    usual = (each.sum(axis=1, keepdims=True) * each.sum(axis=0, keepdims=True) / total).ravel()
    stop = int(known.first[targets])
    cell, weight, device = known.cell[:stop], known.weight[:stop], known.devices[:stop]
    spread = usual[cell] + noise**2 + 1e-3
    gain = weight * (seen[cell] - usual[cell] - weight / 2) / spread
    if kept is not None:
        gain = np.where(kept[:stop], gain, 0.0)
    return sums(device, gain, targets)
