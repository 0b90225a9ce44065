"""A small release of pairs that were measured top-down, with invented numbers."""

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shoal._arrays import Float64
from shoal.ends import ends_of, select
from shoal.privacy.mechanism import Mechanism
from shoal.release.manifest import Facts
from shoal.release.sentences import at_level
from shoal.release.statistic_facts import StatisticFacts
from shoal.release.write import release_id
from tests.release import make

PAIRS, ENDS = Mechanism("gaussian", 1024, 5 * 1024), Mechanism("gaussian", 1024, 20 * 1024)
BUSY = (1, 2, 5)
"""Zones from which and to which somebody goes."""


def truth(origins: int) -> Float64:
    """float64[zones, zones, dayparts]: 100 trips between busy zones, next to none between all others."""
    found = np.full((origins, origins, 5), 0.2)
    found[np.ix_(BUSY, BUSY)] = 100.0
    return found


def release_in(
    folder: Path, max_km: str | None = None, week: tuple[str, str] = ("2026-03-02", "2026-03-09"), **more: Any
) -> Path:
    """Flows by daypart over 7 squares and a week, synthetic; `more`: of the facts of the pairs."""
    extra = "" if max_km is None else f"max_km = {max_km}\n"
    plan = make.plan_in(folder, statistics={"flows": make.BY["flows"]}, synthetic=True, epsilon="10", extra=extra,
                        start=week[0], end=week[1])  # fmt: skip
    zones = make.squares()
    grid = make.grids(plan, zones)["flows"]
    flat = truth(len(zones))[grid.places[:, 0], grid.places[:, 1]]
    tables, facts, totals = {}, [], []
    wish = plan.statistics["flows"]
    for end, level in enumerate(ends_of(grid, len(zones))):
        sums = np.zeros((len(zones), 5))
        np.add.at(sums, level.of_place, flat)
        name = f"flows.{level.name}"
        tables[name] = make.table(level.grid, zones, ENDS, 1, sums.ravel(), end)
        totals.append(tables[name]["estimate"].to_numpy().reshape(len(zones), 5))
        facts.append(facts_of(name, level.grid.keys, level.grid.cells, ENDS, level.name))
    chosen = select(grid, totals, [ENDS.stderr] * 2)
    tables["flows"] = make.table(chosen.grid, zones, PAIRS, 1, flat.ravel()[chosen.cells], 7)
    first, second = (tuple(zones.ids[zone] for zone in kept.tolist()) for kept in chosen.kept)
    told = {"pairs": "selected", "ends": (first, second), "max_km": wish.max_km} | more
    facts.insert(0, facts_of("flows", grid.keys, tables["flows"].height, PAIRS, None, **told))
    manifest = Facts.of(
        plan,
        zones,
        id=release_id(plan, folder / "releases"),
        shoal="0.1.0",
        code="c0de" * 16,
        charge="charge-17",
        account_unit=plan.period.unit,
        statistics=facts,
        created=datetime(2026, 3, 10, 8, 0, tzinfo=UTC),
        log=str(make.LOG_KEY.vkey),
    )
    return make.written(
        folder / "releases", manifest=manifest, tables={"flows": tables.pop("flows"), **tables}, zones=zones
    )


def facts_of(
    name: str, keys: tuple[str, ...], cells: int, mechanism: Mechanism, level: str | None, **more: Any
) -> StatisticFacts:
    value = at_level(make.MEANING["flows"], level)
    return StatisticFacts.of(name, keys, cells, mechanism, share=Fraction(1), value=value, **more)


def truth_in(folder: Path) -> Path:
    """The truth of all pairs, as `shoal simulate` writes it."""
    folder.mkdir()
    ids, parts = make.squares().ids, ("night", "morning", "midday", "afternoon", "evening")
    rows = [(o, d, part) for o in ids for d in ids for part in parts]
    frame = pl.DataFrame(rows, schema=["origin", "destination", "daypart"], orient="row")
    frame.with_columns(value=pl.Series(truth(len(ids)).ravel())).write_parquet(folder / "flows.parquet")
    return folder
