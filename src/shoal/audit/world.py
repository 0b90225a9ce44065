"""A simulated world: a plan's copy, invented people in its zones, and releases of them by the real pipeline.

Under construction: this is the interface that attacks are written against.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shoal._arrays import Bool, Float64, Int32, Int64
from shoal.audit.ceiling import Ceiling
from shoal.design import Design
from shoal.plan import Plan


@dataclass(frozen=True, eq=False)
class Tables:
    """Numbers by table (`presence`, `presence.region`, `presence.all`, ...), flat in the order of the grid's cells.

    estimate    name -> float64[cells], in contributions (sums, not means over units); pairs that were not measured: nan
    """

    estimate: Mapping[str, Float64]


@dataclass(frozen=True, eq=False)
class Round:
    """One release: which targets were in, and what came out.

    inside   bool[m]
    seen     what the release's tables say
    folder   of the release, as an adversary gets it
    """

    inside: Bool
    seen: Tables
    folder: Path


@dataclass(frozen=True, eq=False)
class World:
    """All that an attack may ask about; which part its adversary knows, it must say.

    plan, design  of the simulated copy (`synthetic`), whose zones are the audited plan's
    places        int32[d, h]  zone of each device in each hour of the calendar, -1 where it is switched off
    targets       int64[m]     the devices whose membership is asked, ascending
    rounds        releases, the coin of each target thrown anew for each
    """

    plan: Plan
    design: Design
    places: Int32
    targets: Int64
    rounds: tuple[Round, ...]

    def release(self, there: Bool, plan: Plan | None = None, state: Path | None = None) -> Tables:
        """One more release, of the devices in `there` (bool[d]); by another plan over the same records, if given.

        state  a folder whose accounts it is charged to; default: one of its own, so that nothing is handed out again
        """
        raise NotImplementedError

    def exact(self, there: Bool) -> Tables:
        """The same numbers without bounding and noise, worked out from the invented traces: for controls."""
        raise NotImplementedError

    def k_anonymous(self, there: Bool, k: int = 10) -> Tables:
        """`exact`, with 0 in place of numbers below k: for controls."""
        raise NotImplementedError

    def ceiling(self, *tables: str) -> Ceiling:
        """What the claim lets any test of one device's membership reach, from these tables; none named: all."""
        raise NotImplementedError
