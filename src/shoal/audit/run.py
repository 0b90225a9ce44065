"""An audit from beginning to end: canaries, a simulated world, every attack on it, the report."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from time import monotonic

from shoal._code import code_digest
from shoal.audit.attack import Attack, Finding, Share
from shoal.audit.attacks import ATTACKS
from shoal.audit.canary import canaries
from shoal.audit.report import Report
from shoal.audit.verdict import judge
from shoal.audit.world import FULL, QUICK, world
from shoal.plan import Plan

Told = Callable[[str, float], None]
"""Told the phase in words, and how much of it is done."""

FEW, MANY = 5_000, 20_000
"""Canaries of a quick audit and of a full one."""


def audit(
    plan: Plan, *, full: bool = False, progress: Told | None = None, attacks: Sequence[Attack] | None = None
) -> Report:
    """Attack a simulated copy of what `plan` would publish. Opens its zone files, never its records; charges nothing.

    full      many more releases, for a night; else some minutes
    progress  called with (phase, done from 0 to 1)
    attacks   default: all that there are

    Raises `PlanError` where the plan can't be meant.
    """
    told, begin, attacks = progress or _silent, monotonic(), ATTACKS if attacks is None else attacks
    told("Canaries", 0.0)
    alone = canaries(plan, number=MANY if full else FEW)
    told("Canaries", 1.0)
    found: list[Finding | Share] = []
    with world(plan, FULL if full else QUICK, lambda done: told("Releases of the copy", done)) as copy:
        for done, attack in enumerate(attacks):
            told("Attacks", done / len(attacks))
            found += attack.run(copy)
        told("Attacks", 1.0)
        about = copy.about
    findings, shares = judge(found)
    return Report(
        source=plan.source.name,
        epsilon=float(plan.privacy.epsilon),
        unit=plan.period.unit,
        plan=plan.digest(),
        code=code_digest(),
        shoal=version("shoal"),
        made=datetime.now(UTC).replace(microsecond=0),
        mode="full" if full else "quick",
        seconds=monotonic() - begin,
        about=about,
        canaries=alone,
        findings=findings,
        shares=shares,
    )


def _silent(phase: str, done: float) -> None:
    """Nobody is told."""
