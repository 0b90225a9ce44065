"""Releases of invented records by the real pipeline, read back as anyone would who is given the folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from shoal import api
from shoal._arrays import Bool, Float64
from shoal.audit.copy import RECORDS
from shoal.audit.traces import Traces
from shoal.design import Design
from shoal.plan import Plan

if TYPE_CHECKING:
    from shoal.release import Release


@dataclass(frozen=True, eq=False)
class Tables:
    """Numbers by table (`presence`, `presence.region`, `presence.all`, ...), flat in the order of the grid's cells.

    estimate  name -> float64[cells], in contributions (sums, not means over units), before the correction for what
              bounding took away; pairs that were not measured: nan
    """

    estimate: Mapping[str, Float64]


def mean(releases: Sequence[Tables]) -> Tables:
    """Of each number over several releases of the same cells: the noise is less by the root of how many there are."""
    first = releases[0]
    if len(releases) == 1:
        return first
    return Tables({name: np.mean([one.estimate[name] for one in releases], axis=0) for name in first.estimate})


def publish(
    traces: Traces, there: Bool, plan: Plan, design: Design, folder: Path, *, state: Path | None = None
) -> Tables:
    """Write the records of the devices in `there`, carry out `plan` over them, read the release's tables.

    plan    with `RECORDS` as its file, which is written into a new folder inside `folder` and removed at the end
    design  of the plan
    state   accounts that the release is charged to; default: new ones, gone at the end
    """
    with TemporaryDirectory(dir=folder) as name:
        place = Path(name)
        here = plan.model_copy(update={"file": place / "plan.toml"})
        if plan.source.kind == "points":
            traces.write_points(place / RECORDS, there)
        else:
            traces.write_trips(place / RECORDS, there, design.zones.ids)
        used = state or place / "state"
        used.mkdir(parents=True, exist_ok=True)
        done = api.release(
            here,
            out=place / "out",
            state=used,
            accounts=f"sqlite:///{used / 'accounts.sqlite'}",
            progress=lambda *_: None,
            tell=lambda _: None,
        )
        return read(done, design)


def read(release: "Release", design: Design) -> Tables:
    """The estimates of every table that has a row for each cell, or for each pair that was measured."""
    found = {}
    for measure in design.measures:
        table = release[measure.name]
        facts = table.facts
        rows = table.to_polars()
        values = rows["estimate"].fill_null(np.nan).to_numpy().astype(np.float64)
        factor = 1 - (facts.corrected or 0.0)  # over all; single regions and times may differ a little
        if rows.height != measure.grid.cells:
            keys = measure.grid.frame(design.zones_of(measure.statistic).ids)
            values = keys.join(rows, on=keys.columns, how="left", maintain_order="left")["estimate"].to_numpy()
        found[measure.name] = values * facts.divisor * factor
    return Tables(found)
