"""A simulated world: a plan's copy, invented people in its zones, and releases of them by the real pipeline.

Under construction: this is the interface that attacks are written against.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from shoal._arrays import Bool, Int32, Int64
from shoal.audit.ceiling import Ceiling
from shoal.audit.publish import Tables
from shoal.design import Design
from shoal.plan import Plan


@dataclass(frozen=True)
class About:
    """The simulated copy in numbers.

    units  of the plan's that it spans; the guarantee speaks of one
    """

    devices: int
    zones: int
    units: int
    releases: int
    targets: int

    @property
    def words(self) -> str:
        """One sentence."""
        return (
            f"A copy of {self.units} unit(s) with {self.devices:,} invented devices in {self.zones:,} zones, "
            f"{self.targets:,} of them in or out by a coin in each of {self.releases} releases."
        )

    def as_json(self) -> dict[str, int]:
        return asdict(self)


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
