"""Unicity of a source: what share of its devices a few hours give away. A noisy number, paid for like every other.

For a privacy officer who still holds raw traces: the number that argues for publishing statistics instead (de Montjoye,
Hidalgo, Verleysen & Blondel 2013; Farzanehfar, Houssiau & de Montjoye 2021). Its proof is docs/proofs/unicity.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, isqrt
from secrets import token_hex
from typing import Any

from shoal import deny
from shoal.design import Design
from shoal.engines import Progress
from shoal.engines.unicity import UNICITY, Draws, UnicityEngine
from shoal.errors import UsageError
from shoal.kept import Shelf
from shoal.ledger import State
from shoal.ledger.registration import refuse_basis, register, today
from shoal.pipeline import request_of, sum_up
from shoal.plan import Plan, Statistic
from shoal.privacy.accounting import rho_for
from shoal.privacy.mechanism import ONE, Mechanism
from shoal.privacy.noise import measure

POINTS, DRAWS, EPSILON = 4, 20, Fraction(1, 10)
MOST_POINTS, MOST_DRAWS = 12, 1000
NORMAL_97_5 = 2.241402727604947
"""Of a normal distribution, 97.5 % lies within so many standard deviations: two such intervals hold both at 95 %."""


@dataclass(frozen=True)
class Unicity:
    """What came out, with an interval that holds at least 95 % of the noise.

    share  of the devices that were seen at all hours of a draw, those with whom no other shared the zones; None: there
           are too few to be told from noise
    """

    points: int
    draws: int
    epsilon: Fraction
    charge: str
    share: float | None
    lower: float
    upper: float

    def as_json(self) -> dict[str, Any]:
        return {
            "points": self.points,
            "draws": self.draws,
            "epsilon": str(self.epsilon),
            "charge": self.charge,
            "share": None if self.share is None else round(self.share, 2),
            "lower": round(self.lower, 2),
            "upper": round(self.upper, 2),
        }

    def render(self) -> str:
        paid = f"Charged: epsilon {float(self.epsilon):g} of every unit of the plan, as {self.charge}."
        if self.share is None:
            return f"Too few devices are seen at {self.points} random hours to be told from noise.\n{paid}"
        return (
            f"Of the devices that are seen at {self.points} random hours, {self.share:.0%} ({self.lower:.0%} to "
            f"{self.upper:.0%}) were where no other device was at all of them:\nwho knows where somebody was at "
            f"{self.points} moments finds that device among the traces. No trace is safe to hand out.\n{paid}"
        )


def unicity(
    plan: Plan,
    *,
    state: State,
    progress: Progress,
    tell: Callable[[str], None],
    points: int = POINTS,
    draws: int = DRAWS,
    epsilon: Fraction = EPSILON,
) -> Unicity:
    """Count, charge, draw. Nothing is kept: asked again it is counted and charged again.

    points   hours that are known of somebody, 1 to 12
    draws    sets of hours that are tried in every unit, 1 to 1000; more say it better and cost nothing
    epsilon  that every unit of the plan pays

    Raises `UsageError` for numbers that can't be meant and a source of trips, and what a release raises.
    """
    if not 1 <= points <= MOST_POINTS or not 1 <= draws <= MOST_DRAWS:
        raise UsageError(f"between 1 and {MOST_POINTS} points and 1 and {MOST_DRAWS} draws can be asked for")
    if not 0 < epsilon <= plan.source.account_cap:
        raise UsageError(f"--epsilon {epsilon}: must be above 0 and at most the account's cap")
    if plan.source.kind != "points":
        raise UsageError("a source of trips says where devices are at no hour: unicity needs a source of points")
    asked = plan.model_copy(update={"statistics": {"presence": Statistic()}, "places": None})
    design, mechanism = Design.of(asked), mechanism_of(draws, rho_for(epsilon, plan.privacy.delta))
    engine = UnicityEngine(Draws.of(design.calendar, draws, points))
    with state.refusals_of(plan):
        refuse_basis(plan, today())
        kept = plan.source.kept
        source = engine.open_kept(design, Shelf(state.folder, plan.source.name)) if kept else engine.open(design)
        register(state.journal, plan)
        request = replace(
            request_of(design),
            rho={UNICITY: mechanism.rho},
            laplace=frozenset(),
            apart=frozenset(),  # one number over all units
            plan_digest=plan.digest(),
            key=token_hex(32),  # it leads to no release
        )
        state.accounts.check(request)
        sums, _ = sum_up(design, engine, source, state, deny.load(state), progress, tell)
        paid = state.accounts.charge(request)
        state.journal.publish()
    noisy = measure(sums[UNICITY], UNICITY, mechanism, paid)
    alone, seen = (int(value) for value in noisy.values)
    share, lower, upper = interval(alone, seen, NORMAL_97_5 * mechanism.scale + 0.5)
    return Unicity(points, draws, epsilon, paid.charge, share, lower, upper)


def mechanism_of(draws: int, rho: Fraction) -> Mechanism:
    """Noise for two numbers of which one row moves each by at most `draws`, at no more than `rho`."""
    square = 2 * (draws * ONE) ** 2
    norm = isqrt(square - 1) + 1
    return Mechanism("gaussian", norm, isqrt(ceil(norm**2 / (2 * rho)) - 1) + 1)


def interval(alone: float, seen: float, half: float) -> tuple[float | None, float, float]:
    """The share, and the least and the most that it can be where both noisy numbers are off by up to `half`."""
    if seen - half <= 0:
        return None, 0.0, 1.0
    lower = max(0.0, (alone - half) / (seen + half))
    upper = min(1.0, max(0.0, alone + half) / (seen - half))
    return min(1.0, max(0.0, alone / seen)), lower, upper
