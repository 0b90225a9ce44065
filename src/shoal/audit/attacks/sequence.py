"""Membership over a sequence of releases: who was there every week has paid every week, and is found the better."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from shoal._arrays import Bool, Float64, Int64
from shoal.audit.attack import Finding
from shoal.audit.attacks._games import EXACT, RELEASE, Played
from shoal.audit.canary import claim_of, coins
from shoal.audit.likelihood import log_likelihood
from shoal.design import Measure
from shoal.privacy.mechanism import ONE, Mechanism

if TYPE_CHECKING:
    from shoal.audit.world import World

QUARTER = 13
"""Weeks."""


@dataclass(frozen=True)
class Releases:
    """The adversary knows the hours of every device, and of all but the target whether they are in the records.

    releases  of one unit after the other; `QUARTER` weeks make a quarter. Everybody lives the same unit again and
              again, which is the worst case: each release asks about the very same cells
    repeats   the whole sequence, with new coins: of one release only targets that are apart are trials of their own

    The score is the logarithm of the likelihood ratio of all releases together, which no test beats (Neyman & Pearson
    1933). Sequences are attacked like this, by what they have in common, in "Learning to attack" (2025, arXiv
    2510.24807); knowing the hours, there is nothing left to be learnt.
    """

    releases: int = 4
    repeats: int = 3
    name: ClassVar[str] = "membership over a sequence"

    def run(self, world: "World") -> Sequence[Finding]:
        """The first release alone, and all of them; none where the plan does not count presence by zone and hour.

        Ceiling: the costs of all releases and units added up, since a device that is there in k units pays k times.
        """
        measure = next((m for m in world.design.measures if m.name == "presence"), None)
        if measure is None or measure.grid.time.name != "hour" or measure.grid.columns != ("zone",):
            return []
        games = {count: Played() for count in sorted({1, self.releases})}
        for _ in range(self.repeats):
            inside = coins(len(world.targets))
            there = np.ones(len(world.places), dtype=np.bool_)
            there[world.targets[~inside]] = False
            target = _Targets.of(world, measure, inside, bounded=True)
            each = [target.scores(world.release(there).estimate["presence"]) for _ in range(self.releases)]
            apart = world.apart("presence")
            exact = _Targets.of(world, measure, inside, bounded=False).scores(world.exact(there).estimate["presence"])
            for count, game in games.items():
                game.add(RELEASE, np.sum(each[:count], axis=0), inside, apart)
                game.add(EXACT, exact, inside)
        units, found = world.design.calendar.units, []
        for count, game in games.items():
            name = f"{self.name}, {count} release{'s' if count > 1 else ''}"
            found.append(game.finding(claim_of([measure], count * units), name, "presence", (EXACT,)))
        return found


@dataclass(frozen=True, eq=False)
class _Targets:
    """What the targets and all devices add to presence, by hour.

    cell     int64[m, h]    of each target in each hour
    there    bool[m, h]     is it on?
    alone    float64[m, h]  what it adds, held to the bound of its unit where that is asked for
    others   float64[m, h]  what all others in the records add to its cell
    """

    cell: Int64
    there: Bool
    alone: Float64
    others: Float64
    mechanism: Mechanism

    @classmethod
    def of(cls, world: "World", measure: Measure, inside: Bool, *, bounded: bool) -> "_Targets":
        on = world.places >= 0
        hours = on.shape[1]
        units = world.design.calendar.hour_unit
        length = np.stack([on[:, units == u].sum(axis=1) for u in range(world.design.calendar.units)], axis=1)
        if measure.mechanism.kind == "gaussian":
            length = np.sqrt(length)
        bound = measure.mechanism.norm / ONE if bounded else np.inf
        held = np.minimum(1.0, bound / np.maximum(length, 1e-9))
        added = np.where(on, held[:, units], 0.0)
        cell = np.where(on, world.places, 0).astype(np.int64) * hours + np.arange(hours)
        counted = np.ones(len(on), dtype=np.bool_)
        counted[world.targets[~inside]] = False
        total = np.bincount(cell[counted].ravel(), added[counted].ravel(), measure.grid.cells)
        mine = cell[world.targets]
        alone = added[world.targets]
        others = total[mine] - np.where(inside[:, None], alone, 0.0)
        return cls(mine, on[world.targets], alone, others, measure.mechanism)

    def scores(self, estimate: Float64) -> Float64:
        """float64[m]"""
        ratio = log_likelihood(estimate[self.cell] - self.others, self.alone, self.mechanism)
        found: Float64 = np.where(self.there, ratio, 0.0).sum(axis=1)
        return found
