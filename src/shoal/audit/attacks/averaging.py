"""Averaging and differencing: the same question again, a hair beside it, inside it, until the account refuses."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from math import isqrt, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import shapely
from scipy.special import ndtr

from shoal._arrays import Bool, Float64
from shoal.audit.attack import Share
from shoal.design import Design, Measure
from shoal.errors import BudgetError
from shoal.ledger import State
from shoal.plan import Plan, Zones
from shoal.privacy.accounting import rho_for
from shoal.privacy.mechanism import ONE

if TYPE_CHECKING:
    from shoal.audit.publish import Tables
    from shoal.audit.world import World

K = 10
"""Of the k-anonymous control."""


@dataclass(frozen=True)
class Averaging:
    """The adversary may write plans over one source, and reads every release. Knows no trace.

    repeats  how often the same plan is asked again
    most     plans a hair beside it that are asked at most; the account should refuse long before
    cap      the account's cap, in times the plan's epsilon. A small one makes the attack short; the error is compared
             with the floor that it implies

    Source  Asghar & Kaafar 2020, "Averaging attacks on bounded noise-based disclosure control algorithms"; Gadotti et
            al. 2019, "When the signal is in the noise", for plans that differ by a hair.
    """

    repeats: int = 10
    most: int = 60
    cap: Fraction = Fraction(2)
    name: ClassVar[str] = "averaging"

    def run(self, world: "World") -> Sequence[Share]:
        """Three or four `Share`s, or none where no statistic counts by zone and hour or day."""
        measure = _attacked(world.design)
        if measure is None:
            return []
        there = np.ones(len(world.places), dtype=np.bool_)
        with TemporaryDirectory(prefix="shoal-audit-") as folder:
            asking = _Asking(world, there, self._plan(world.plan, measure), measure.name, Path(folder))
            again = asking.again(self.repeats)
            answers = asking.until_refused(self.most)
            free = len(answers) - asking.charges
        truth = world.exact(there).estimate[measure.name]
        rho = rho_for(answers[0].plan.source.account_cap, answers[0].plan.privacy.delta)
        floor = min(answer.norm for answer in answers) / sqrt(2 * rho)
        limit = hit_chance(floor, normal=all(answer.is_normal for answer in answers))
        means = f"an error no smaller than {floor:.3g}, which the account's cap implies"
        control = nested_control(truth.reshape(-1, measure.grid.time.bins))
        found = hits(average([a.estimate for a in answers], [a.stderr for a in answers]), truth)
        what = "numbers of the table, found to less than half a contribution"
        shares = [
            Share("the same plan again", measure.name, "answers that were new, or paid again", again, self.repeats,
                  limit=0.0, limit_means="the first answer is given again, for nothing"),
            Share("a plan a hair beside it", measure.name, "answers that were not paid", max(0, free), len(answers),
                  limit=0.0, limit_means="another plan is another release"),
            Share(self.name, measure.name, what, *found, limit=limit, limit_means=means,
                  controls={f"k-anonymous (nested, k={K})": control}),
        ]  # fmt: skip
        if (inner := nested([a.estimate for a in answers], truth, measure.grid.time.bins))[1]:
            shares.append(
                Share("one zone less", measure.name, what, *inner, limit=limit, limit_means=means,
                      controls={f"k-anonymous (nested, k={K})": control})
            )  # fmt: skip
        return shares

    def _plan(self, plan: Plan, measure: Measure) -> Plan:
        """The plan with this statistic alone, all its budget on it, and bounds beyond which nobody is: no bias."""
        wish = plan.statistics[measure.name]
        if measure.name == "presence":
            days = {"day": 1, "week": 7, "month": 31}[plan.period.unit]
            bound = Fraction(isqrt(24 * days + days) + 1)
            wish = wish.model_copy(update={"bound": bound, "total_bound": bound, "resolution": None, "target": None})
        terms = {"cap": self.cap * plan.privacy.epsilon, "year_cap": None, "max_bad_rows": Fraction(1)}
        source = plan.source.model_copy(update=terms)  # in a shorter period most rows are bad
        return plan.model_copy(update={"source": source, "statistics": {measure.name: wish}})


def average(answers: Sequence[Float64], stderrs: Sequence[float]) -> Float64:
    """float64[cells]: answers to one question, each weighted by 1 / its variance; nan where none says anything."""
    weights = np.array([stderr**-2 for stderr in stderrs])[:, None] * np.isfinite(answers)
    total = weights.sum(axis=0)
    with np.errstate(invalid="ignore"):
        found: Float64 = (weights * np.nan_to_num(answers)).sum(axis=0) / total
    return found


def nested(answers: Sequence[Float64], truth: Float64, times: int) -> tuple[int, int]:
    """Each zone that one answer lacks, as the sum of the first answer less the sum of that one (hits, trials)."""
    right, trials = 0, 0
    whole = answers[0].reshape(-1, times)
    for answer in answers[1:]:
        inner = answer.reshape(-1, times)
        gone = np.flatnonzero(np.isnan(inner).all(axis=1))
        if gone.size == 1 and not np.isnan(np.delete(inner, gone, axis=0)).any():
            found = whole.sum(axis=0) - np.nansum(inner, axis=0)
            right += hits(found, truth.reshape(-1, times)[gone[0]])[0]
            trials += times
    return right, trials


def hits(found: Float64, truth: Float64) -> tuple[int, int]:
    """How many numbers are right to less than half a contribution, and how many there are."""
    return int((np.abs(found - truth) < 0.5).sum()), truth.size


def hit_chance(floor: float, *, normal: bool) -> float:
    """The most that the chance can be of being right to less than half a contribution, by noise of any account.

    floor   1 / sqrt(I), where I = sum of 2 rho / C^2 is the Fisher information of all answers on the number, which is
            1 / sigma^2 for Gaussian noise and 1 / b^2 for Laplace noise
    normal  all of it is Gaussian: then the best estimate is normal with that error. Else: an estimate whose error has
            density f has Fisher information of at most I, and f(x) <= 1/2 int |f'| <= 1/2 sqrt(I)
    """
    return float(2 * ndtr(0.5 / floor) - 1) if normal else min(1.0, 0.5 / floor)


def nested_control(truth: Float64, k: int = K) -> tuple[int, int, float]:
    """The same attack on exact totals that are suppressed below k: all zones, less all zones but one.

    truth    float64[zones, times]
    returns  hits, trials, and the share of hits that there must be
    """
    totals = truth.sum(axis=0)
    asked = totals >= 2 * k  # in other hours even the total of all zones is suppressed
    with_all, without = totals[asked], (totals - truth)[:, asked]
    found = np.where(with_all >= k, with_all, 0) - np.where(without >= k, without, 0)
    right = hits(found.ravel(), truth[:, asked].ravel())
    return *right, 0.95


@dataclass(frozen=True, eq=False)
class _Answer:
    """What one plan said of the attacked cells; nan where it says nothing. Norm and error in contributions."""

    plan: Plan
    estimate: Float64
    stderr: float
    norm: float
    is_normal: bool


class _Asking:
    """One state, to which all plans are put."""

    def __init__(self, world: "World", there: Bool, plan: Plan, statistic: str, folder: Path) -> None:
        self._world, self._there, self._plan, self._name, self._folder = world, there, plan, statistic, folder
        self._design = Design.of(plan)

    @property
    def charges(self) -> int:
        """That were made in the accounts of the state."""
        return sum(len(account.charges) for account in State.open(self._folder / "state").accounts.statement())

    def again(self, repeats: int) -> int:
        """The same plan so many times more: in how many cases the answer was another one, or was charged."""
        first, paid = self._ask(self._plan), self.charges
        new = 0
        for _ in range(repeats):
            answer = self._ask(self._plan).estimate
            same = all(np.array_equal(first.estimate[t], answer[t], equal_nan=True) for t in answer)
            new += not same or self.charges > paid
            paid = self.charges
        return new

    def until_refused(self, most: int) -> list[_Answer]:
        """The plan and what lies a hair beside it, until the account refuses even an eighth of the epsilon."""
        answers = [self._answer(self._plan)]
        epsilon = self._plan.privacy.epsilon
        for plan in self._hairs():
            while 8 * epsilon >= self._plan.privacy.epsilon and len(answers) < most:
                try:
                    answers.append(self._answer(_with_epsilon(plan, epsilon)))
                    break
                except BudgetError:
                    epsilon /= 2
            else:
                return answers
        return answers

    def _ask(self, plan: Plan) -> "Tables":
        return self._world.release(self._there, plan, self._folder / "state")

    def _answer(self, plan: Plan) -> _Answer:
        design = Design.of(plan)
        estimate = self._spread(design, self._ask(plan))
        mechanism = _measure(design, self._name).mechanism
        return _Answer(plan, estimate, mechanism.stderr, mechanism.norm / ONE, mechanism.kind == "gaussian")

    def _spread(self, design: Design, tables: "Tables") -> Float64:
        """A release's numbers by the cells of the first plan."""
        mine, theirs = _measure(self._design, self._name).grid, _measure(design, self._name).grid
        zone = self._design.zones.index_of(design.zones.ids)
        bin_ = {value: index for index, value in enumerate(mine.time.values.to_list())}
        time = np.array([bin_.get(value, -1) for value in theirs.time.values.to_list()])
        place, when = zone[theirs.places[:, 0]][:, None], time[None, :]
        ok = (place >= 0) & (when >= 0)
        found = np.full((len(mine.places), mine.time.bins), np.nan)
        numbers = tables.estimate[self._name].reshape(ok.shape)
        found[np.broadcast_to(place, ok.shape)[ok], np.broadcast_to(when, ok.shape)[ok]] = numbers[ok]
        return found.ravel()

    def _hairs(self) -> Iterator[Plan]:
        """Plans a hair beside the first, without end: share, bound, zones, period."""
        plan = self._plan
        wish, units = plan.statistics[self._name], plan.period.unit_starts()
        for i in count(1):
            yield _with_wish(plan, self._name, share=wish.share + Fraction(i, 1000))
            bound = Fraction(_measure(self._design, self._name).mechanism.norm, ONE) * (1 + Fraction(i, 1000))
            yield _with_wish(plan, self._name, bound=bound, total_bound=max(bound, wish.total_bound or bound))
            if len(self._design.zones) > i + 1:
                yield self._one_zone_less(i)
            if len(units) > 1 and i == 1:
                yield plan.model_copy(update={"period": plan.period.model_copy(update={"start": units[1]})})
                yield plan.model_copy(update={"period": plan.period.model_copy(update={"end": units[-1]})})

    def _one_zone_less(self, i: int) -> Plan:
        """The plan over the same zones but the i-th from the end, as polygons of the same names."""
        zones = self._design.zones
        file, kept = self._folder / f"zones-{i}.geojson", np.delete(np.arange(len(zones)), len(zones) - i)
        features = ",".join(
            f'{{"type":"Feature","properties":{{"zone":"{zones.ids[z]}"}},"geometry":{shapely.to_geojson(zones.shapes[z])}}}'
            for z in kept
        )
        file.write_text(f'{{"type":"FeatureCollection","features":[{features}]}}')
        return self._plan.model_copy(update={"zones": Zones(kind="polygons", file=str(file), id="zone")})


def _attacked(design: Design) -> Measure | None:
    """Presence, or what else has a number for each zone at each time."""
    fit = [
        m
        for m in design.measures
        if m.level is None and m.grid.columns == ("zone",) and not m.grid.classes
        and m.grid.time.name in ("hour", "day") and not m.statistic.of_named_places
    ]  # fmt: skip
    return min(fit, key=lambda m: m.name != "presence", default=None)


def _measure(design: Design, name: str) -> Measure:
    return next(m for m in design.measures if m.name == name)


def _with_epsilon(plan: Plan, epsilon: Fraction) -> Plan:
    return plan.model_copy(update={"privacy": plan.privacy.model_copy(update={"epsilon": epsilon})})


def _with_wish(plan: Plan, name: str, **changes: Fraction) -> Plan:
    return plan.model_copy(update={"statistics": {name: plan.statistics[name].model_copy(update=changes)}})
