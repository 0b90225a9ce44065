"""Record and replay: a whole run is recorded on one data set and played back on a neighbour with the same noise.

The method of dp-recorder (Cebere, Erb, Desfontaines, Bellet, Fitzsimons 2026, arXiv 2602.17454), for this pipeline.
Privacy is proven for the draws. So for two data sets that differ in one row, all records of one device in one unit,
everything around the draws must be the same: which are drawn, in which order, with which noise, for which cells; what
is asked of the account; and, given that the draws come out alike, every byte that is published. And what goes into a
draw may differ by no more than the norm that was declared and paid for.
"""

import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import shoal
from shoal import pipeline
from shoal._arrays import Int64
from shoal.ledger import Request
from shoal.ledger.accounts import Accounts
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.privacy.budget import Paid
from shoal.privacy.mechanism import Mechanism
from shoal.privacy.noise import Measurements, measure
from shoal.privacy.sums import ExactSums
from shoal.release.proof import PROOF
from shoal.release.read import Release


class DivergedError(AssertionError):
    """The neighbour's run asked for another draw than the one that was recorded."""


@dataclass(frozen=True)
class Draw:
    """One call of `noise.measure`: what was asked, what it was asked of, and what it gave."""

    statistic: str
    mechanism: Mechanism
    size: int
    cells: tuple[int, ...] | None
    totals: Int64
    drawn: Int64

    @property
    def asked(self) -> tuple[object, ...]:
        return self.statistic, self.mechanism, self.size, self.cells

    def moved(self, other: "Draw") -> float:
        """How far the sums are apart, as a share of the declared norm; above 1 is a violation."""
        apart = [int(a) - int(b) for a, b in zip(self.totals, other.totals, strict=True) if a != b]
        if self.mechanism.kind == "laplace":
            return sum(map(abs, apart)) / self.mechanism.norm
        squares: int = sum(a * a for a in apart)
        share: float = float(squares) ** 0.5 / self.mechanism.norm  # a float for people; what decides are integers
        return min(share, 1.0) if squares <= self.mechanism.norm**2 else max(share, 1.0 + 1e-9)


@dataclass
class Run:
    """What a run did, in its order; `published`: path -> bytes, without what says when and under which key."""

    draws: list[Draw] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    asked: list[Mapping[str, object]] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    published: dict[str, bytes] = field(default_factory=dict)

    def same_as(self, other: "Run") -> list[str]:
        """What differs, but noise: names of it, nothing where the runs are alike."""
        found = [name for name in ("events", "asked", "phases") if getattr(self, name) != getattr(other, name)]
        found += ["draws"] if [d.asked for d in self.draws] != [d.asked for d in other.draws] else []
        names = self.published.keys() | other.published.keys()
        return found + sorted(name for name in names if self.published.get(name) != other.published.get(name))

    def moved(self, other: "Run") -> dict[str, float]:
        """Measure -> share of its norm by which its sums are apart."""
        return {a.statistic: a.moved(b) for a, b in zip(self.draws, other.draws, strict=True)}


def run(
    plan: Plan,
    state: Path,
    out: Path,
    *,
    engine: Any = None,
    played: Run | None = None,
    bug: AbstractContextManager[object] | None = None,
) -> Run:
    """Carry out `plan`, recording it; with `played` each draw gives what it gave then, or raises `DivergedError`.

    bug  a seeded fault, in force while the plan is carried out
    """
    own = Run()

    def drawing(
        sums: ExactSums, statistic: str, mechanism: Mechanism, paid: Paid, cells: Int64 | None = None
    ) -> Measurements:
        totals = open_sums(sums).copy()
        asked = (statistic, mechanism, totals.size, None if cells is None else tuple(cells.tolist()))
        own.events.append("draw")
        if played is None:
            drawn = measure(sums, statistic, mechanism, paid, cells=cells).values
        else:
            paid.use(statistic, mechanism.rho)
            place = len(own.draws)
            if place >= len(played.draws) or played.draws[place].asked != asked:
                raise DivergedError(f"draw {place} is of {statistic}, or of other cells, than what was recorded")
            drawn = played.draws[place].drawn.copy()
        own.draws.append(Draw(*asked, totals, drawn))
        return Measurements(statistic, drawn, mechanism)

    charge = Accounts.charge

    def charging(accounts: Accounts, request: Request) -> Paid:
        own.asked.append({name: value for name, value in vars(request).items() if name != "key"})
        own.events.append("charge")
        return charge(accounts, request)

    with pytest.MonkeyPatch.context() as patch, bug or nullcontext():
        patch.setattr(Accounts, "charge", charging)
        patch.setattr(pipeline, "measure", drawing)
        release = shoal.release(
            plan,
            state=state,
            out=out,
            engine=engine,
            progress=lambda phase, *_: own.phases.append(phase),
            tell=lambda _: None,
        )
    own.phases = sorted(set(own.phases))  # how often each is told depends on how many records there are
    own.published = _bytes(release)
    return own


def _bytes(release: Release) -> dict[str, bytes]:
    """All bytes of a release, but those that tell one run from another: charge, time and log, and digests of them."""
    files = {str(path.relative_to(release.folder)): path for path in release.folder.rglob("*") if path.is_file()}
    del files[PROOF]  # about the log
    manifest = json.loads(files["manifest.json"].read_text())
    charge, created, log = manifest["account"].pop("charge"), manifest.pop("created"), manifest.pop("log")
    for told in (name for name in manifest["files"] if not name.endswith(".parquet")):
        manifest["files"][told] = None  # their texts are compared
    found = {name: path.read_bytes() for name, path in files.items() if name.endswith(".parquet")}
    own = re.compile("|".join([r"\d{4}-\d\d-\d\dT[\d:.]+Z", *map(re.escape, (charge, created[:10], log))]))
    for name in files.keys() - found.keys():
        found[name] = own.sub("*", files[name].read_text()).encode()
    found["manifest.json"] = json.dumps(manifest, sort_keys=True).encode()
    return found
