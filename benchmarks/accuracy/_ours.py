"""Shoal: a plan, its design, and the contributions put through bounding, noise and estimation as a release does.

Only what comes before is left out: the contributions are given, as they are to the peers. Zones are squares. The
account is left out too: the budget is minted here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.accuracy._bikes import MONTH
from benchmarks.accuracy._case import Bool, Case, Estimates, Float64
from shoal.design import Design
from shoal.estimate import tables
from shoal.estimate.gravity import Pairs
from shoal.estimate.standout import pairs_standing_out
from shoal.plan import Plan, Unit, next_unit
from shoal.privacy._mint import mint
from shoal.privacy.bounding import add, bound
from shoal.privacy.contributions import contributions
from shoal.privacy.mechanism import Mechanism
from shoal.privacy.noise import measure
from shoal.privacy.sums import ExactSums

STATISTIC: dict[str, tuple[str, list[str], Unit, str]] = {
    "presence": ("presence", ["zone", "hour"], "day", "2026-03-02"),
    "regions": ("presence", ["zone", "hour"], "day", "2026-03-02"),
    "flows": ("flows", ["origin", "destination"], "week", "2026-03-02"),
    "visits": ("visits", ["zone", "week"], "month", f"{MONTH}"),
}
"""Kind of case -> statistic, its keys, the unit of the plan and its first day: one unit holds all."""

BOUNDS: dict[str, tuple[tuple[float | None, float | None], ...]] = {
    "presence": ((None, None), (1.5, None)),
    "regions": ((None, None), (1.5, None)),
    "flows": ((None, None), (0.25, None), (1, None)),
    "visits": ((None, None), *((bound, total) for bound in (0.5, 1, 2, 4) for total in (8, 15, 30))),
}
"""Bounds of the finest level, and of the totals, that are tried; None: Shoal's own."""

PLAN = """
[source]
name = "city"
kind = "{source}"
files = ["records.parquet"]
timezone = "UTC"
synthetic = true
[source.columns]
device = "device"
{columns}
[source.basis]
controller = "nobody"
legal_basis = "simulation"
purpose = "transport planning"
[zones]
kind = "polygons"
file = "zones.geojson"
id = "id"
parent = "parent"
[period]
start = {start}
end = {end}
unit = "{unit}"
[privacy]
epsilon = {epsilon}
delta = {delta}
[statistics.{statistic}]
by = {by}
"""


@dataclass(frozen=True, slots=True)
class Shoal:
    """Shoal with one bound (None: as a plan that gives none); `folder` gets the plan and the zones."""

    bound: Fraction | None
    folder: Path
    total: Fraction | None = None
    name: str = "Shoal"

    @property
    def setting(self) -> str:
        if self.bound is None:
            return "bounds of its own"
        return f"bound {float(self.bound):g}" + ("" if self.total is None else f", totals {float(self.total):g}")

    def __call__(self, case: Case, seed: int) -> Estimates:
        design = design_of(case, self.bound, self.folder, self.total)
        (statistic,) = design.statistics
        bins = statistic.grid.time.bins
        place, time = np.divmod(case.cell, case.cells // case.zones)
        cell = case.cell if case.kind == "flows" else place * bins + time
        rows = contributions(case.first, cell, case.weight)
        paid = mint("benchmark", {m.name: m.mechanism.rho for m in design.measures})
        noisy = []
        for m in design.measures:
            sums = np.zeros(m.grid.cells, dtype=np.int64)
            add(bound(statistic.at_level(rows, m.level), m.mechanism), sums)
            noisy.append(measure(ExactSums(sums), m.name, m.mechanism, paid))
        most = float(statistic.most_in_cell())
        found = tables(noisy, statistic.grid, design.zones.ids, statistic.levels, most=most)
        fine = found[0].rows

        def cells(column: str) -> Float64:
            values = fine[column].to_numpy()
            return values if case.kind == "flows" else values.reshape(case.zones, bins)[:, : case.bins].ravel()

        regions = {}
        if case.kind == "regions":
            by_region = found[1].rows
            regions = {name: by_region[name].to_numpy() for name in ("estimate", "consistent")}
        stderr = float(np.median(fine["stderr"].to_numpy()))
        views = {"consistent": cells("consistent")}
        if case.kind == "flows":
            views["standing out"] = np.where(_stand_out(case, fine, noisy[0].mechanism), views["consistent"], 0.0)
        return Estimates(cells("estimate"), stderr, views, regions)


def _stand_out(case: Case, fine: pl.DataFrame, mechanism: Mechanism) -> Bool:
    """The pairs that `shoal derive RELEASE flows standing-out` gives: found without the truth."""
    estimate, stderr = fine["estimate"].to_numpy(), fine["stderr"].to_numpy()
    first, second = np.divmod(np.arange(case.cells), case.zones)
    regions = case.region[first] * (int(case.region.max()) + 1) + case.region[second]
    group = np.unique(regions, return_inverse=True)[1]
    pairs = Pairs(first.astype(np.int32), second.astype(np.int32), group.astype(np.int32))
    laplace = mechanism.kind == "laplace"
    return pairs_standing_out(pairs, estimate[:, None], stderr[:, None], laplace=laplace)[:, 0]


def settings(case: Case, folder: Path) -> Sequence[Shoal]:
    """The bounds that are tried."""
    return [
        Shoal(None if b is None else Fraction(b).limit_denominator(100), folder, None if t is None else Fraction(t))
        for b, t in BOUNDS[case.kind]
    ]


@lru_cache(maxsize=1)
def design_of(case: Case, limit: Fraction | None, folder: Path, total: Fraction | None = None) -> Design:
    """The design of a plan for `case` with the L2 norm `limit`, written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    statistic, by, unit, first = STATISTIC[case.kind]
    columns = 'start = "start"\nend = "end"\norigin = "origin"\ndestination = "destination"'
    trips = case.kind in ("flows", "visits")
    text = PLAN.format(
        source="trips" if trips else "points",
        columns=columns if trips else 'time = "time"\nlat = "lat"\nlon = "lon"',
        start=first,
        end=next_unit(date.fromisoformat(first), unit),
        unit=unit,
        epsilon=float(case.epsilon),
        delta=float(case.delta),
        statistic=statistic,
        by=json.dumps(by),
    )
    (folder / "zones.geojson").write_text(json.dumps(squares(case)))
    if limit is not None:
        text += f"bound = {float(limit)}\n"
    if total is not None:
        text += f"total_bound = {float(total)}\n"
    (folder / "plan.toml").write_text(text)
    return Design.of(Plan.load(folder / "plan.toml"))


def squares(case: Case) -> dict[str, object]:
    """Zones as squares of a hundredth of a degree, row by row, with their regions as parents; ids in their order."""
    width = int(np.ceil(case.zones**0.5))
    features = []
    for zone in range(case.zones):
        x, y = zone % width / 100, zone // width / 100
        ring = [[x, y], [x + 0.01, y], [x + 0.01, y + 0.01], [x, y + 0.01], [x, y]]
        features.append(
            {
                "type": "Feature",
                "properties": {"id": f"{zone:05d}", "parent": f"r{case.region[zone]:04d}"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
    return {"type": "FeatureCollection", "features": features}
