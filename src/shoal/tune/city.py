"""Two simulated cities under the conditions of a plan, and what releases of them say at almost no noise.

The way is the one of any user: `shoal.simulate` writes files, `api.release` makes releases, whose tables are read back.
State and accounts lie in the temporary folder too, whatever the environment names.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, log
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from shoal import api
from shoal.design import Design
from shoal.errors import PlanError
from shoal.plan import MAX_EPSILON_SYNTHETIC, Period, Plan, Statistic, Zones
from shoal.simulate import simulate

if TYPE_CHECKING:
    from shoal._arrays import Float64

Told = Callable[[str, float], None]
"""Told the phase in words, and how much of it is done."""
Bounds = Mapping[str, tuple[Fraction, Fraction]]
"""Of each statistic: at the finest level, and of its totals."""

SEEDS = (1, 2)
"""Of the two cities: the same streets and places, other people."""
DEVICE_DAYS = 35_000
"""Of each city, which takes some seconds. 5,000 devices over a week."""
MOST_DEVICES = 12_000
"""Of each city, however short."""
MOST_CELLS = 600_000
"""Numbers of one release: drawing noise takes the most time. With more of them the zones are coarser."""
FINEST, COARSEST = 10, 6
"""H3 resolutions that a city of 1,000 square kilometres may have."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One statistic in one release of a simulated city, in contributions (sums, not means over units).

    fine   float64[cells]  its finest numbers, corrected
    top    float64[columns]  its totals over all places
    noise  standard deviation of the noise in one fine number
    kept   share of the corrected total that was there before the correction
    """

    fine: "Float64"
    top: "Float64"
    noise: float
    kept: float


@dataclass(frozen=True, eq=False)
class Cities:
    """Two cities in a temporary folder.

    folder   the temporary one
    plans    of each city, at an epsilon at which noise is next to nothing
    design   of these plans, which differ in their records alone
    devices  of one city
    """

    folder: Path
    plans: tuple[Plan, ...]
    design: Design
    devices: int

    def release(self, city: int, bounds: Bounds) -> dict[str, Seen]:
        """What a release of one city says of the statistics that `bounds` names."""
        wishes = dict(self.design.plan.statistics)
        for name, (bound, total) in bounds.items():
            wishes[name] = wishes[name].model_copy(update={"bound": bound, "total_bound": total})
        with TemporaryDirectory(dir=self.folder) as folder:
            state = Path(folder) / "state"
            done = api.release(
                self.plans[city].model_copy(update={"statistics": wishes}),
                out=Path(folder) / "out",
                state=state,
                accounts=f"sqlite:///{Path(folder) / 'accounts.sqlite'}",
                progress=lambda *_: None,
                tell=lambda _: None,
            )
            seen = {}
            for name in bounds:
                facts = done[name].facts
                kept = 1 - (facts.corrected or 0.0)
                fine, top = (
                    done[table].to_polars()["estimate"].to_numpy() * facts.divisor for table in (name, f"{name}.all")
                )
                seen[name] = Seen(fine, top, facts.stderr * facts.divisor / kept, kept)
            return seen


@contextmanager
def cities(plan: Plan, wanted: Design, devices: int | None, progress: Told) -> Iterator[Cities]:
    """Two cities with the unit, movement and statistics of `plan`, gone at the end.

    wanted   the design of `plan`
    devices  of each city; None: as many as take some seconds
    """
    start, days = _days_of(plan)
    devices = devices or min(MOST_DEVICES, ceil(DEVICE_DAYS / days))
    with TemporaryDirectory(prefix="shoal-tune-") as name:
        folder = Path(name)
        plans = []
        for city, seed in enumerate(SEEDS):
            file = simulate(folder / f"city-{seed}", devices=devices, days=days, seed=seed, start=start)
            plans.append(_like(plan, Plan.load(file), start, days))
            progress("Simulating two cities", (city + 1) / len(SEEDS))
        design = _affordable(plans[0], wanted)
        plans = [p.model_copy(update={"zones": design.plan.zones}) for p in plans]
        yield Cities(folder, tuple(plans), design, devices)


def _days_of(plan: Plan) -> tuple[date, int]:
    """First day, and how many: one unit of the plan, and of units of a day a week of them if there is one."""
    period = plan.period
    if period.unit == "month":
        return date(2026, 3, 1), 31
    return date(2026, 3, 2), 7 if period.unit == "week" else min(7, (period.end - period.start).days)


def _like(plan: Plan, city: Plan, start: date, days: int) -> Plan:
    """The simulated city's plan, with what `plan` says on movement and statistics; its bounds are left out."""
    privacy = plan.privacy.model_copy(update={"epsilon": Fraction(MAX_EPSILON_SYNTHETIC)})
    return city.model_copy(
        update={
            "period": Period(start=start, end=start + timedelta(days=days), unit=plan.period.unit),
            "privacy": privacy,
            "cleaning": plan.cleaning,
            "movement": plan.movement,
            "sensitive": None,
            "statistics": {name: unbound(wish) for name, wish in plan.statistics.items()},
        }
    )


def unbound(wish: Statistic) -> Statistic:
    """A statistic without bounds of its own."""
    return wish.model_copy(update={"bound": None, "total_bound": None})


def _affordable(city: Plan, wanted: Design) -> Design:
    """The city's design with zones as fine as the plan's, or coarser where there would be too many numbers."""
    for resolution in range(_resolution(city, wanted), COARSEST, -1):
        zones = _zones(city, resolution)
        try:
            design = Design.of(city.model_copy(update={"zones": zones}))
        except PlanError:  # more pairs of zones than can be measured
            continue
        if sum(measure.grid.cells for measure in design.measures) <= MOST_CELLS:
            return design
    return Design.of(city.model_copy(update={"zones": _zones(city, COARSEST)}))


def _resolution(city: Plan, wanted: Design) -> int:
    """The plan's where its zones are H3's, else that at which the city has about as many zones as the plan."""
    zones = wanted.plan.zones
    if zones.resolution is not None:
        return max(COARSEST, min(FINEST, zones.resolution))
    own = city.zones.resolution or 0
    known = len(Design.of(city.model_copy(update={"statistics": {"residents": Statistic()}})).zones)
    return max(COARSEST, min(FINEST, own + round(log(len(wanted.zones) / known, 7))))


def _zones(city: Plan, resolution: int) -> Zones:
    return city.zones.model_copy(update={"resolution": resolution})
