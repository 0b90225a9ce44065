"""Findings judged: the rates of each attack, whether they are possible under the claim, and whether it was able at all.

An attack is above its ceiling where the lower end of an interval is, at 95 % for all attacks together (a union bound):
each has 5 % over the number of attacks, of which the area, the advantage and both rates at few alarms have a quarter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoal._arrays import Float64
from shoal.audit.attack import Finding, Scores, Share
from shoal.audit.ceiling import Ceiling
from shoal.audit.rates import Rate, auc, curve, found_at, least, most, rate

ABLE = 0.95
"""AUC that an attack must reach where nothing is protected."""
ALL = 0.05
"""Chance that some attack of an audit is called above its ceiling though the claim holds."""
LEAST_FOR_1, LEAST_FOR_01 = 100, 1000
"""Devices outside below which a rate at 1 % or 0.1 % of false alarms can't be told."""


@dataclass(frozen=True, eq=False)
class Judged:
    """A membership attack in rates; no score is kept but as a curve.

    at_1, at_01  devices found at 1 % and 0.1 % false alarms; None: too few devices to tell
    needed       controls on which the attack must succeed
    above        which figures are above the ceiling
    curve        float64[2, k]: false alarms and found
    """

    attack: str
    statistic: str
    inside: int
    outside: int
    auc: Rate
    advantage: Rate
    at_1: Rate | None
    at_01: Rate | None
    ceiling: Ceiling
    controls: Mapping[str, Rate]
    needed: tuple[str, ...]
    above: tuple[str, ...]
    curve: Float64

    @property
    def kept(self) -> bool:
        return not self.above

    @property
    def able(self) -> bool:
        """Did it succeed where nothing is protected?"""
        return all(control.value >= ABLE for name, control in self.controls.items() if name in self.needed)

    def as_json(self) -> dict[str, Any]:
        return {
            "attack": self.attack,
            "statistic": self.statistic,
            "targets_in": self.inside,
            "targets_out": self.outside,
            "auc": self.auc.as_json(),
            "advantage": self.advantage.as_json(),
            "found_at_1_percent": None if self.at_1 is None else self.at_1.as_json(),
            "found_at_0.1_percent": None if self.at_01 is None else self.at_01.as_json(),
            "ceiling": self.ceiling.as_json(),
            "controls": {name: control.as_json() for name, control in self.controls.items()},
            "controls_needed": list(self.needed),
            "above": list(self.above),
            "kept": self.kept,
            "able": self.able,
        }


@dataclass(frozen=True)
class JudgedShare:
    """An attack that guesses, in rates."""

    attack: str
    statistic: str
    what: str
    share: Rate
    limit: float
    limit_means: str
    controls: Mapping[str, Rate]
    able: bool
    kept: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "attack": self.attack,
            "statistic": self.statistic,
            "what": self.what,
            "right": self.share.as_json(),
            "limit": round(self.limit, 5),
            "limit_means": self.limit_means,
            "controls": {name: control.as_json() for name, control in self.controls.items()},
            "kept": self.kept,
            "able": self.able,
        }


def judge(found: Sequence[Finding | Share]) -> tuple[tuple[Judged, ...], tuple[JudgedShare, ...]]:
    """Rates of all findings, each held against its ceiling or limit."""
    level = ALL / max(1, len(found))
    return (
        tuple(_judged(f, level) for f in found if isinstance(f, Finding)),
        tuple(_judged_share(f, level) for f in found if isinstance(f, Share)),
    )


def _judged(finding: Finding, level: float) -> Judged:
    s, ceiling = finding.scores, finding.ceiling
    half = level / 4
    above = []
    # one-sided: twice the level, of which a two-sided interval has half on either side
    if auc(s.inside, s.outside, 2 * half).low > ceiling.auc:
        above.append("AUC")
    if _advantage(s, 2 * half).low > ceiling.advantage:
        above.append("advantage")
    rates = {}
    for alarms, few in ((0.01, LEAST_FOR_1), (0.001, LEAST_FOR_01)):
        rates[alarms] = found_at(s.inside, s.outside, alarms) if s.outside.size >= few else None
        if rates[alarms] is not None and _is_above(s, alarms, half, ceiling):
            above.append(f"found at {100 * alarms:g} %")
    return Judged(
        finding.attack,
        finding.statistic,
        s.inside.size,
        s.outside.size,
        auc(s.inside, s.outside),
        _advantage(s, ALL),
        rates[0.01],
        rates[0.001],
        ceiling,
        {name: auc(c.inside, c.outside) for name, c in finding.controls.items()},
        finding.needed,
        tuple(above),
        _short(*curve(s.inside, s.outside)),
    )


def _advantage(scores: Scores, level: float) -> Rate:
    """Found less false alarms at the best threshold: chosen by every other score, counted on the rest."""
    alarms, found = curve(scores.inside[::2], scores.outside[::2])
    thresholds = np.unique(np.concatenate([scores.inside[::2], scores.outside[::2]]))[::-1]
    best = int(np.argmax(found - alarms))
    threshold = np.inf if best == 0 else float(thresholds[best - 1])
    inside, outside = scores.inside[1::2], scores.outside[1::2]
    hits, false = int((inside >= threshold).sum()), int((outside >= threshold).sum())
    n, m = max(1, inside.size), max(1, outside.size)
    side = level / 4  # two ends, of two rates
    low = least(hits, n, side) - most(false, m, side)
    high = most(hits, n, side) - least(false, m, side)
    return Rate(hits / n - false / m, low, high)


def _is_above(scores: Scores, alarms: float, level: float, ceiling: Ceiling) -> bool:
    """Are more found than the ceiling at the most false alarms that the threshold may have?"""
    place = min(scores.outside.size - 1, int(alarms * scores.outside.size))
    threshold = float(scores.outside[::-1][place])
    hits = int((scores.inside > threshold).sum())
    false = most(place, scores.outside.size, level / 2)
    return least(hits, scores.inside.size, level / 2) > float(ceiling.true_positives(false))


def _judged_share(found: Share, level: float) -> JudgedShare:
    return JudgedShare(
        found.attack,
        found.statistic,
        found.what,
        rate(found.hits, found.trials),
        found.limit,
        found.limit_means,
        {name: rate(hits, trials) for name, (hits, trials, _) in found.controls.items()},
        all(hits / trials >= wanted for hits, trials, wanted in found.controls.values()),
        least(found.hits, found.trials, level) <= found.limit,
    )


def _short(alarms: Float64, found: Float64, points: int = 200) -> Float64:
    """A curve in few points, which keeps its shape and no single score."""
    at = np.unique(np.concatenate([np.linspace(0, 1, points), np.geomspace(1e-4, 1, points // 2)]))
    place = np.searchsorted(alarms, at, side="right") - 1
    return np.stack([at, found[place]])
