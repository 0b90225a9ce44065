"""The canary audit: thousands of invented devices at the very bound, each alone in its cells, in or out by a coin.

One run of the real pipeline. Whoever reads the release guesses of each canary whether it was in; the claim says how
often such guesses may be right at most, and noise of the right size makes them right that often.

Source: Steinke, Nasr & Jagielski 2023, "Privacy auditing with one (1) training run", for many canaries in one run; the
bound for Gaussian noise follows Dong, Roth & Su 2022.
"""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.special import ndtr

from shoal._arrays import Bool, Float64
from shoal.audit import likelihood
from shoal.audit.ceiling import Ceiling
from shoal.audit.contribution import Vectors, sums, vectors
from shoal.audit.copy import copy_of, source_of
from shoal.audit.people import dice
from shoal.audit.publish import Tables, publish
from shoal.audit.rates import least_mu, tail
from shoal.audit.traces import Traces, step_of
from shoal.design import Design, Measure
from shoal.plan import Plan, Statistic, Zones

CANARIES = 5_000
MOST_CELLS = 2_500_000
"""Numbers of the run; with more there are fewer canaries. A core draws 100,000 of them in a second."""
FEWEST = 500
DRAWS = 100_000
"""Of Laplace noise, to learn how often a guess is right."""
ALARM = 0.008
"""Chance of a false alarm, over all statistics together, where the mechanism is exactly what it claims."""
_DEGREE = 111_195.0
"""Metres of a degree of latitude."""


@dataclass(frozen=True)
class Canaries:
    """What the canary audit found of one statistic, or of all together (`all`).

    canaries  of which it was guessed
    right     guesses that were right
    filled    share of the bound that the canaries reach: their vectors, or with Laplace noise their largest number
    claim     what the plan's noise claims
    allowed   share of right guesses that noise as stated lets expect at most; with Gaussian noise what `claim` allows,
              with Laplace noise less where the vector lies in several numbers
    least_mu  what the loss is at least, at confidence 1 - level
    chance    of so many right guesses or more where noise and bound are as stated
    level     below which `chance` is no accident
    """

    statistic: str
    canaries: int
    right: int
    filled: float
    claim: Ceiling
    allowed: float
    least_mu: float
    chance: float
    level: float

    def as_json(self) -> dict[str, Any]:
        return {
            "statistic": self.statistic,
            "canaries": self.canaries,
            "right": self.right,
            "bound_filled": round(self.filled, 4),
            "claim": self.claim.as_json(),
            "allowed": round(self.allowed, 5),
            "least_mu": round(self.least_mu, 4),
            "chance": self.chance,
            "level": self.level,
            "kept": self.kept,
        }

    @property
    def kept(self) -> bool:
        """Is what was seen possible where the noise and the bound are as stated?"""
        return self.chance >= self.level


def canaries(plan: Plan, *, number: int = CANARIES) -> tuple[Canaries, ...]:
    """Audit the pipeline with canaries under the statistics, bounds, noise and budget of `plan`; no record is opened.

    The zones are the audit's own: a few for each canary, far from all others. Each goes from one of its zones to the
    next hour by hour for a whole unit, which fills every bound many times over. Where a plan has `stay_home`, some stay
    where they are. Where it has Laplace noise, which shows a contribution best that lies in one number alone, some go
    from a zone to outside all of them and back.
    """
    with TemporaryDirectory(prefix="shoal-audit-") as name:
        folder = Path(name)
        copy, design, traces = _cage(plan, folder, number)
        there = coins(traces.devices)
        seen = publish(traces, there, copy, design, folder)
        return judged(design, traces, there, seen)


def coins(number: int) -> Bool:
    """Fair coins of the operating system: bool[number]."""
    return np.unpackbits(np.frombuffer(os.urandom(ceil(number / 8)), dtype=np.uint8))[:number].astype(np.bool_)


def judged(design: Design, traces: Traces, there: Bool, seen: Tables) -> tuple[Canaries, ...]:
    """What the release says of the canaries: of each statistic, and of all together."""
    fine = [measure for measure in design.measures if measure.level is None]
    evidence, filled, added = {}, {}, {}
    for measure in fine:
        added[measure.name] = expected = vectors(traces, design, measure, bounded=True)
        laplace = measure.mechanism.kind == "laplace"
        evidence[measure.name] = log_likelihood(expected, seen.estimate[measure.name], measure)
        longest = expected.largest if laplace else expected.norms(absolute=False)
        filled[measure.name] = longest * 1024 / measure.mechanism.norm
    found = []
    for name, group in [*((m.name, [m]) for m in fine), *([("all", fine)] if len(fine) > 1 else [])]:
        reach = np.linalg.norm([filled[m.name] * float(m.mechanism.rho) ** 0.5 for m in group], axis=0)
        asked = reach > 0.98 * reach.max()
        ratio = np.sum([evidence[m.name] for m in group], axis=0)[asked]
        claim = claim_of(group)
        # half of the alarms may come from all together, whose evidence is the strongest
        level = ALARM / 2 if name == "all" else ALARM / (2 if len(fine) > 1 else 1) / len(fine)
        right = int(((ratio > 0) == there[asked]).sum())
        share = float(np.mean([filled[m.name][asked].mean() for m in group]))
        one = int(np.flatnonzero(asked)[0])  # all that are asked are alike
        allowed = stated([(m, added[m.name].weight[added[m.name].devices == one]) for m in group])
        found.append(_judge(name, int(asked.sum()), right, share, claim, min(allowed, claim.accuracy), level))
    return tuple(found)


def _judge(
    statistic: str, number: int, right: int, filled: float, claim: Ceiling, allowed: float, level: float
) -> Canaries:
    chance, least = tail(right, number, allowed), least_mu(right, number, level)
    return Canaries(statistic, number, right, filled, claim, allowed, least, chance, level)


def stated(parts: Sequence[tuple[Measure, Float64]]) -> float:
    """Chance that a guess by the likelihood ratio is right where noise is as stated, for a device that adds `parts`.

    parts  measures, and the weights of the device's vector in each

    Gaussian: Phi(|vector| / (2 sigma)). With Laplace noise it is found by drawing that noise, and three standard errors
    are added.
    """
    square, ratio = 0.0, np.zeros(DRAWS)
    luck = dice()
    for measure, weight in parts:
        each = weight * 1024 / measure.mechanism.scale
        if measure.mechanism.kind == "gaussian":
            square += float((each**2).sum())
            continue
        for step in each.tolist():
            draw = luck.laplace(size=DRAWS)
            ratio += np.abs(draw) - np.abs(draw - step)
    if not ratio.any():
        return float(ndtr(square**0.5 / 2))
    ratio += luck.normal(-square / 2, square**0.5, DRAWS)
    share = float((ratio < 0).mean() + (ratio == 0).mean() / 2)  # of a device that is out; one that is in is its mirror
    return min(1.0, share + float(3 * (share * (1 - share) / DRAWS) ** 0.5))


def claim_of(measures: Sequence[Measure], units: int = 1) -> Ceiling:
    """What these measures together claim of a device that is there for so many units."""
    gaussian = [m.mechanism.rho for m in measures if m.mechanism.kind == "gaussian"]
    laplace = [epsilon for m in measures if (epsilon := m.mechanism.epsilon) is not None]
    return Ceiling.of(gaussian, laplace, units)


def log_likelihood(expected: Vectors, seen: Float64, measure: Measure) -> Float64:
    """How much likelier the numbers around each device are with it than without: the logarithm, float64[d].

    The numbers are noise, and what the device adds where it is in; `seen` less everyone else where there are others.
    """
    each = likelihood.log_likelihood(np.nan_to_num(seen)[expected.cell], expected.weight, measure.mechanism)
    return sums(expected.devices, each, expected.first.size - 1)


def _cage(plan: Plan, folder: Path, number: int) -> tuple[Plan, Design, Traces]:
    """The plan over zones of the canaries' own, its design, and the canaries' traces."""
    copy = copy_of(plan, folder)
    own = Design.of(copy)
    zones = 2
    if any(s.name in ("visitors", "catchment") for s in own.statistics):
        zones = 4
    wishes = {s.name: _wish(s.name, plan.statistics[s.name], own) for s in own.statistics}
    radius = float(plan.movement.stay_radius)
    apart = 3 * radius
    longest = Fraction(ceil(apart * zones), 1000)
    for name in ("flows", "catchment"):
        if name in wishes:
            wishes[name] = wishes[name].model_copy(update={"max_km": longest})
    cage = copy.model_copy(
        update={
            "zones": Zones(kind="points", file=str(folder / "zones.csv"), within=Fraction(ceil(radius))),
            "places": None,
            "source": source_of(plan),
            "statistics": wishes,
        }
    )
    _write_zones(folder / "zones.csv", 4, zones, apart)
    each = sum(m.grid.cells for m in Design.of(cage).measures) / 4
    number = max(FEWEST, min(number, int(MOST_CELLS / each)))
    points = _write_zones(folder / "zones.csv", number, zones, apart)
    design = Design.of(cage)
    return cage, design, _walks(design, points, number, zones, apart)


def _wish(name: str, wish: Statistic, own: Design) -> Statistic:
    """The statistic with the bound that the audited plan gives it, which also holds its totals.

    So nothing that bounding takes away shows between levels, and numbers are published as they were measured.
    """
    statistic = next(s for s in own.statistics if s.name == name)
    by = None if wish.by is None else tuple("zone" if key == "place" else key for key in wish.by)
    total = None if statistic.lossless or statistic.top_down else statistic.bound
    bound = None if statistic.lossless else statistic.bound
    return wish.model_copy(
        update={"by": by, "bound": bound, "total_bound": total, "resolution": None, "target": None, "max_km": None}
    )


def _write_zones(file: Path, number: int, zones: int, apart: float) -> Float64:
    """`number` clusters of `zones` points, metres apart, the clusters far from each other; their degrees."""
    side = ceil(number**0.5)
    pitch = 5 * apart * zones / _DEGREE
    cluster = np.arange(number)
    lat = (cluster // side - side / 2) * pitch
    lon = (cluster % side - side / 2) * pitch
    lat = np.repeat(lat, zones) + np.tile(np.arange(zones), number) * apart / _DEGREE
    lon = np.repeat(lon, zones)
    points = np.column_stack([lat, lon]).round(7)
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "lat", "lon"])
        rows.writerows([f"{i:08d}", *point] for i, point in enumerate(points.tolist()))
    return points


def _walks(design: Design, points: Float64, number: int, zones: int, apart: float) -> Traces:
    """Each canary in its own zones, in turn; some stay in the first, some leave it and come back (`canaries`)."""
    step = step_of(float(design.plan.movement.max_gap_minutes))
    least = ceil((float(design.plan.movement.stay_minutes) * 60 + step) / 3600)
    turn = (np.arange(design.calendar.hours) // least) % zones
    own = zones * np.arange(number)[:, None]
    places = (own + turn[None, :]).astype(np.int32)
    kinds = ["around"]
    if "stay_home" in design.plan.statistics:
        kinds.append("still")
    laplace = any(m.mechanism.kind == "laplace" for m in design.measures if m.level is None)
    if laplace and design.plan.source.kind == "points":
        kinds.append("back")
    outside = points[::zones] + np.array([zones * apart / _DEGREE, 0.0])  # one for each canary, beyond its last zone
    for kind, walk in (("still", own), ("back", np.where(turn % 2, points.shape[0] + own // zones, own))):
        if kind in kinds:
            at = kinds.index(kind)
            places[at :: len(kinds)] = walk[at :: len(kinds)]
    return Traces(places, design.calendar, np.concatenate([points, outside]), step)
