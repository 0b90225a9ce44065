"""A simulated world: a plan's copy, invented people in its zones, and releases of them by the real pipeline."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.sparse import csr_array

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.audit.canary import claim_of, coins
from shoal.audit.ceiling import Ceiling
from shoal.audit.contribution import Vectors, vectors
from shoal.audit.copy import copy_of
from shoal.audit.people import dice, invent
from shoal.audit.publish import Tables, publish
from shoal.audit.traces import Traces
from shoal.design import Design, Measure
from shoal.plan import Plan

APART = 0.2
"""Cosine of two vectors below which noise that hits them is as good as independent."""
K = 10
"""Numbers below are left out of k-anonymous tables."""


@dataclass(frozen=True)
class Size:
    """How large a world is. Small towns are the hardest case: the fewer others there are, the more a device shows.

    devices    that are invented
    targets    of them, in or out by a coin; all others are always in
    releases   the coins are thrown anew for each
    sequences  the first so many of them go on: the same devices are released again
    length     releases of a sequence
    """

    devices: int = 400
    targets: int = 360
    releases: int = 10
    sequences: int = 3
    length: int = 4


QUARTER = 13
"""Weeks."""
QUICK = Size()
FULL = Size(releases=150, sequences=12, length=QUARTER)


@dataclass(frozen=True)
class About:
    """The simulated copy in numbers.

    units      of the plan's that it spans; the guarantee speaks of one
    releases   with coins of their own
    sequences  that go on, to `length` releases each
    """

    devices: int
    zones: int
    units: int
    releases: int
    targets: int
    sequences: int
    length: int

    @property
    def words(self) -> str:
        """One sentence."""
        units = "one unit" if self.units == 1 else f"{self.units} units"
        told = (
            f"A copy over {units} of {self.devices:,} invented devices in {self.zones:,} zones; {self.targets:,} of "
            f"them are in or out by a coin, in each of {self.releases} releases."
        )
        if not self.sequences:
            return told
        return (
            f"{told} {self.sequences} of them go on: the same devices do the same again, {self.length} releases long."
        )

    def as_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Round:
    """One throw of the coins: which targets were in, and what came out.

    inside   bool[m]
    there    bool[d]  the same of all devices
    seen     what the tables of a release say, or of several: of one period after the other, in which everybody does the
             same again. That is the worst case, each release asks about the very same cells
    """

    inside: Bool
    there: Bool
    seen: tuple[Tables, ...]


@dataclass(frozen=True, eq=False)
class World:
    """All that an attack may ask about; which part of it its adversary knows, it must say.

    plan, design  of the simulated copy (`synthetic`), whose zones are the audited plan's
    traces        of the invented devices: `traces.places` int32[d, h], zone by hour, -1 where one is switched off
    targets       int64[m]  the devices whose membership is asked, ascending
    rounds        of one release, the coin of each target thrown anew for each
    sequences     rounds of several releases
    folder        temporary; gone with the world
    """

    plan: Plan
    design: Design
    traces: Traces
    targets: Int64
    rounds: tuple[Round, ...]
    sequences: tuple[Round, ...]
    folder: Path
    _cosines: dict[str, Float64] = field(default_factory=dict)

    @property
    def places(self) -> Int32:
        return self.traces.places

    @cached_property
    def fine(self) -> tuple[Measure, ...]:
        """The finest measure of each statistic."""
        return tuple(measure for measure in self.design.measures if measure.level is None)

    @cached_property
    def bounded(self) -> Mapping[str, Vectors]:
        """Table -> what every device adds to it, held to the bound."""
        return {m.name: vectors(self.traces, self.design, m, bounded=True) for m in self.design.measures}

    @cached_property
    def raw(self) -> Mapping[str, Vectors]:
        """The same without the bound."""
        return {m.name: vectors(self.traces, self.design, m, bounded=False) for m in self.design.measures}

    @cached_property
    def shown(self) -> Bool:
        """bool[m]: targets that do anything that is counted; of the others there is nothing to be found."""
        every = [vectors.norms(absolute=True) for vectors in self.raw.values()]
        return np.asarray(np.sum(every, axis=0)[: self.targets.size] > 0)

    def apart(self, statistic: str = "all") -> Bool:
        """bool[m]: some of the targets, chosen at random, whose vectors have next to nothing in common.

        In one release neighbours are hit by the same noise, so that their scores are right or wrong together: rates
        over all of them would say more than was seen, and a threshold chosen afterwards would fit that noise. Of
        targets that are apart each is a trial of its own.
        """
        alike = self._alike(statistic)
        chosen = np.zeros(self.targets.size, dtype=np.bool_)
        for target in dice().permutation(self.targets.size).tolist():
            if alike[target, target] > 0 and not (alike[target, chosen] > APART).any():
                chosen[target] = True
        return chosen

    def _alike(self, statistic: str) -> Float64:
        """float64[m, m]: cosines of the targets' vectors, each measure in units of its noise; 0 where one is empty."""
        if statistic not in self._cosines:
            m, product = self.targets.size, np.zeros((self.targets.size, self.targets.size))
            for measure in self.fine:
                if statistic in ("all", measure.name):
                    found = self.bounded[measure.name]
                    rows = csr_array((found.weight, found.cell, found.first), shape=(self.traces.devices, found.cells))
                    common = np.asarray((rows[:m] @ rows[:m].T).toarray(), dtype=np.float64)
                    product += common * (1024 / measure.mechanism.scale) ** 2
            length = np.sqrt(np.diag(product))
            self._cosines[statistic] = product / np.maximum(np.outer(length, length), 1e-300)
        return self._cosines[statistic]

    def release(self, there: Bool, plan: Plan | None = None, state: Path | None = None) -> Tables:
        """One more release, of the devices in `there` (bool[d]); by another plan over these records, if given.

        state  a folder whose accounts it is charged to; default: new ones, so that no release is handed out again
        """
        design = self.design if plan is None else Design.of(plan)
        return publish(self.traces, there, plan or self.plan, design, self.folder, state=state)

    def exact(self, there: Bool) -> Tables:
        """The same numbers without bounding and noise, worked out from the invented traces: for controls."""
        return Tables({name: found.total(there) for name, found in self.raw.items()})

    def ceiling(self, *statistics: str, releases: int = 1) -> Ceiling:
        """What the claim lets any test of one device reach from all tables of these statistics; none named: of all.

        releases  one after the other; a device that is there in k units pays k times
        """
        asked = [m for m in self.design.measures if not statistics or m.statistic.name in statistics]
        return claim_of(asked, self.traces.calendar.units * releases)

    @property
    def about(self) -> About:
        units = self.traces.calendar.units
        return About(
            self.traces.devices,
            len(self.design.zones),
            units,
            len(self.rounds),
            self.targets.size,
            len(self.sequences),
            len(self.sequences[0].seen) if self.sequences else 1,
        )


def suppressed(numbers: Float64, k: int = K) -> Float64:
    """0 in place of numbers below k."""
    return np.where(numbers >= k, numbers, 0.0)


@contextmanager
def world(plan: Plan, size: Size = QUICK, progress: Callable[[float], None] | None = None) -> Iterator[World]:
    """A world after `plan`, and its releases; everything of it is gone at the end."""
    with TemporaryDirectory(prefix="shoal-audit-") as name:
        folder = Path(name)
        copy = copy_of(plan, folder)
        design = Design.of(copy)
        traces = invent(design, size.devices, dice())
        rounds: list[Round] = []
        number, done = size.releases + size.sequences * (size.length - 1), count()

        def released(there: Bool) -> Tables:
            if progress is not None:
                progress(next(done) / number)
            return publish(traces, there, copy, design, folder)

        for _ in range(size.releases):
            there = np.ones(traces.devices, dtype=np.bool_)
            there[: size.targets] = coins(size.targets)
            rounds.append(Round(there[: size.targets], there, (released(there),)))
        sequences = [
            replace(one, seen=(*one.seen, *(released(one.there) for _ in range(size.length - 1))))
            for one in rounds[: size.sequences]
        ]
        if progress is not None:
            progress(1.0)
        targets = np.arange(size.targets, dtype=np.int64)
        yield World(copy, design, traces, targets, tuple(rounds), tuple(sequences), folder)
