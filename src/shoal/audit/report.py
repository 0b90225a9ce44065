"""What an audit found: for a terminal, for programs, and as one page to attach to a release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from shoal.audit.canary import Canaries
from shoal.audit.verdict import Judged, JudgedShare
from shoal.audit.world import About

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

Verdict = Literal["passed", "failed", "void"]

WORDS: dict[Verdict, str] = {
    "passed": "PASSED: no attack did better than the claimed guarantee allows, and the attacks are able to succeed.",
    "failed": "FAILED: an attack did better than the claimed guarantee allows. Do not publish; report it: SECURITY.md.",
    "void": "VOID: attacks failed even where nothing was protected, so that this audit says nothing.",
}
MEANING = (
    "Everything here was done to invented devices in a temporary folder; no real record was opened. A perfect attacker "
    "who knows everything but whether one device is in the records reaches the ceiling and no more, whatever the "
    "attack. AUC: how well the attack tells devices that are in from devices that are not; 0.5 is guessing, 1 is "
    "certainty. Found: the share of devices that are in that it finds at so many false alarms. Intervals: 95 %."
)


@dataclass(frozen=True)
class Report:
    """An audit of a plan.

    code     digest of Shoal's own modules, as in manifests
    made     UTC
    plan     digest of the public part of the plan
    about    the simulated copy: devices, zones, units, releases
    """

    source: str
    epsilon: float
    unit: str
    plan: str
    code: str
    shoal: str
    made: datetime
    mode: str
    seconds: float
    about: About
    canaries: tuple[Canaries, ...]
    findings: tuple[Judged, ...]
    shares: tuple[JudgedShare, ...]

    @property
    def verdict(self) -> Verdict:
        lines: Sequence[Judged | JudgedShare] = (*self.findings, *self.shares)
        if not all(c.kept for c in self.canaries) or not all(line.kept for line in lines):
            return "failed"
        if not all(line.able for line in lines):
            return "void"
        return "passed"

    def as_json(self) -> dict[str, Any]:
        """Rates, bounds and counts of invented devices alone."""
        return {
            "verdict": self.verdict,
            "means": WORDS[self.verdict],
            "source": self.source,
            "plan_sha256": self.plan,
            "code": self.code,
            "shoal": self.shoal,
            "made": f"{self.made.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "mode": self.mode,
            "seconds": round(self.seconds, 1),
            "epsilon": self.epsilon,
            "unit": self.unit,
            "copy": self.about.as_json(),
            "canaries": [c.as_json() for c in self.canaries],
            "attacks": [f.as_json() for f in self.findings],
            "guesses": [s.as_json() for s in self.shares],
        }

    def render(self) -> "Group":
        """For a terminal."""
        from rich.console import Group
        from rich.text import Text

        colour = {"passed": "bold green", "failed": "bold red", "void": "bold yellow"}[self.verdict]
        parts: list[Any] = [
            Text(f"{self.source}: epsilon {self.epsilon:g} for one device over one {self.unit}. {self.about.words}"),
            Text("\nCanaries: invented devices at the very bound, alone in their cells", style="bold"),
            _canary_grid(self.canaries),
        ]
        if self.findings:
            parts += [Text("\nIs a device in the records?", style="bold"), _grid(self.findings)]
        if self.shares:
            parts += [Text("\nGuesses", style="bold"), _share_grid(self.shares)]
        parts += [Text(MEANING, style="dim"), Text(f"\n{WORDS[self.verdict]}", style=colour)]
        return Group(*parts)


def _table(*heads: str) -> "Table":
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for i, head in enumerate(heads):
        grid.add_column(head, justify="left" if i == 0 or head in ("statistic", "") else "right")
    return grid


def _canary_grid(found: Sequence[Canaries]) -> "Table":
    grid = _table("statistic", "canaries", "guessed right", "allowed", "mu at least", "claimed", "")
    for c in found:
        grid.add_row(
            c.statistic,
            f"{c.canaries:,}",
            percent(c.right / c.canaries),
            percent(c.allowed),
            f"{c.least_mu:.2f}",
            c.claim.words,
            mark(c.kept),
        )
    return grid


def _grid(found: Sequence[Judged]) -> "Table":
    grid = _table("attack", "statistic", "AUC", "95 %", "ceiling", "found at 1 %", "ceiling", "without noise", "")
    for f in found:
        grid.add_row(
            f.attack,
            f.statistic,
            f"{f.auc.value:.3f}",
            f"{f.auc.low:.3f}-{f.auc.high:.3f}",
            f"{f.ceiling.auc:.3f}",
            "-" if f.at_1 is None else percent(f.at_1.value),
            percent(float(f.ceiling.true_positives(0.01))),
            ", ".join(f"{auc.value:.2f}" for auc in f.controls.values()),
            mark(f.kept, f.able),
        )
    return grid


def _share_grid(found: Sequence[JudgedShare]) -> "Table":
    grid = _table("attack", "statistic", "right", "95 %", "limit", "without noise", "")
    for s in found:
        grid.add_row(
            f"{s.attack}: {s.what}",
            s.statistic,
            percent(s.share.value),
            f"{percent(s.share.low)}-{percent(s.share.high)}",
            percent(s.limit),
            ", ".join(percent(c.value) for c in s.controls.values()),
            mark(s.kept, s.able),
        )
    return grid


def mark(kept: bool, able: bool = True) -> str:
    """In a word, what a line says."""
    return "ABOVE" if not kept else "not able" if not able else "kept"


def percent(share: float) -> str:
    """A share as people read it."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"
