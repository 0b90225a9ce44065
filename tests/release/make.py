"""Small releases with invented numbers: no record was ever behind them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
import polars as pl
import shapely

from shoal._arrays import Float64, Int32
from shoal.calendar import Calendar
from shoal.classes import DURATIONS, LENGTHS, Classes
from shoal.keys import Grid, TimeKey, TimeName, pair_places, single_places
from shoal.ledger.entries import ReleaseEntry
from shoal.plan import Plan
from shoal.privacy.accounting import Need, allocate
from shoal.privacy.mechanism import Mechanism
from shoal.release.manifest import Facts, Manifest
from shoal.release.proof import ReleaseProof, add_proof
from shoal.release.statistic_facts import StatisticFacts
from shoal.release.write import release_id, write
from shoal.translog.checkpoint import Checkpoint
from shoal.translog.key import SigningKey
from shoal.translog.merkle import leaf_hash
from shoal.translog.note import Note
from shoal.translog.proof import Proof
from shoal.zones._base import Zones

LOG_KEY = SigningKey.from_seed("example.org/tests", bytes(range(32)))
"""Of the log that these releases stand in."""
CHARGE = "charge-17"

MEANING = {
    "presence": "device-hours in the zone; by hour: the average number of devices present in that hour",
    "visits": "stays that began in the zone and the time (of trips: arrivals)",
    "flows": "trips from origin to destination that began in the time",
    "residents": "devices whose home is in the zone (mean over the units of the period)",
    "visitors": "devices with a stay in the zone that began in the time (mean over the units)",
    "dwell": "stays in the zone that lasted so long",
    "catchment": "devices that live in the one zone and began a stay in the other (mean over the units)",
    "distance": "days on which a device that lives in the zone went so far, all trips of the day together",
    "stay_home": "devices that live in the zone and made no trip on the day",
}
BY: Mapping[str, tuple[str, ...]] = {
    "presence": ("zone", "hour"),
    "visits": ("zone", "day"),
    "flows": ("origin", "destination", "daypart"),
    "residents": ("zone",),
}
"""What the release of most tests holds."""
MORE: Mapping[str, tuple[str, ...]] = {
    "visitors": ("zone", "weekday"),
    "dwell": ("zone", "class", "daypart"),
    "catchment": ("home", "zone"),
    "distance": ("home", "class"),
    "stay_home": ("home", "day"),
}
"""By home, by class, by home and zone."""
NAMED: Mapping[str, tuple[str, ...]] = {
    "presence": ("zone", "day"),
    "visits": ("place", "day"),
    "visitors": ("place",),
    "dwell": ("place", "class"),
    "residents": ("zone",),
}
"""By named places, beside others by zone."""
CLASSES: Mapping[str, Classes] = {"dwell": DURATIONS, "distance": LENGTHS}

PLAN = """
[source]
name = "ride-app"
kind = "points"
files = ["secret-records/*.parquet"]
timezone = "{timezone}"
synthetic = {synthetic}
[source.columns]
device = "secret_uid"
time = "secret_datetime"
lat = "secret_lat"
lon = "secret_lng"
[source.basis]
controller = "City of Guadalajara"
legal_basis = "public dataset"
purpose = "transport planning"
[zones]
kind = "{kind}"
file = "districts.geojson"
[period]
start = {start}
end = {end}
unit = "{unit}"
[privacy]
epsilon = {epsilon}
delta = 1e-8
"""


class Squares(Zones):
    """Zones that are drawn, not read."""

    def locate(self, lat: Int32, lon: Int32) -> NoReturn:
        raise NotImplementedError


def squares(count: int = 7) -> Squares:
    """`count` squares of about a kilometre, four in a row, with names and parents, south-west of Guadalajara."""
    corner = [(-103.4 + 0.01 * (i % 4), 20.6 + 0.01 * (i // 4)) for i in range(count)]
    return Squares(
        tuple(f"z{i:02d}" for i in range(count)),
        tuple(None if i == 2 else f"District {i} <é>" for i in range(count)),
        tuple("north" if i > 3 else "south" for i in range(count)),
        np.array([shapely.box(x, y, x + 0.01, y + 0.01) for x, y in corner], dtype=object),
    )


def named(count: int = 5) -> Squares:
    """Named places: squares of a hundred metres with categories, all but the second named, some outside the zones."""
    corner = [(-103.397 + 0.011 * i, 20.603) for i in range(count)]
    return Squares(
        tuple(f"p{i}" for i in range(count)),
        tuple(None if i == 1 else f"Market {i} <é>" for i in range(count)),
        tuple(None if i == 4 else "market" if i < 2 else "school" for i in range(count)),
        np.array([shapely.box(x, y, x + 0.001, y + 0.001) for x, y in corner], dtype=object),
    )


def places(count: int = 7) -> Squares:
    """The centres of `squares`, as zones that are points, without names."""
    areas = squares(count)
    return Squares(areas.ids, (None,) * count, (None,) * count, shapely.centroid(areas.shapes))


def plan_in(
    folder: Path,
    *,
    statistics: Mapping[str, tuple[str, ...]] = BY,
    kind: str = "polygons",
    start: str = "2026-03-02",
    end: str = "2026-03-09",
    unit: str = "week",
    epsilon: str = "1.0",
    timezone: str = "America/Mexico_City",
    synthetic: bool = False,
    extra: str = "",
) -> Plan:
    folder.mkdir(parents=True, exist_ok=True)
    text = PLAN.format(
        kind=kind, start=start, end=end, unit=unit, epsilon=epsilon, timezone=timezone, synthetic=str(synthetic).lower()
    )
    if any("place" in by for by in statistics.values()):
        text += '[places]\nfile = "places.geojson"\ncategory = "kind"\n'
    for name, by in statistics.items():
        text += f"[statistics.{name}]\nby = {list(by)}\n"
        if name in ("flows", "catchment"):
            text += extra
    file = folder / "plan.toml"
    file.write_text(text)
    return Plan.load(file)


def grids(plan: Plan, zones: Zones, places: Zones | None = None) -> dict[str, Grid]:
    calendar = Calendar.from_plan(plan)
    made = {}
    for name, wish in plan.statistics.items():
        by = wish.by or {**BY, **MORE}[name]
        labels = CLASSES[name].labels if "class" in by else ()
        times: list[TimeName] = [k for k in ("hour", "daypart", "day", "week", "weekday") if k in by]
        time = TimeKey.of(times[0] if times else None, calendar)
        columns = tuple(key for key in ("origin", "destination", "home", "zone", "place") if key in by)
        if len(columns) == 2:
            limit = None if wish.max_km is None else float(wish.max_km)
            made[name] = Grid(columns, pair_places(zones.centres, limit), time, labels)
        else:
            counted = places if places is not None and columns == ("place",) else zones
            made[name] = Grid(columns, single_places(len(counted)), time, labels)
    return made


def mechanisms(plan: Plan, laplace: str | None = "residents") -> dict[str, Mechanism]:
    needs = [Need(n, s.share, s.bound or Fraction(8), 1 if n == laplace else None) for n, s in plan.statistics.items()]
    return dict(allocate(needs, plan.privacy.epsilon, plan.privacy.delta).mechanisms)


def table(grid: Grid, zones: Zones, mechanism: Mechanism, divisor: int, truth: Float64, seed: int) -> pl.DataFrame:
    """Invented values plus invented noise; `truth` has one value a cell."""
    noise = np.random.default_rng(seed).normal(0, mechanism.stderr / divisor, grid.cells)
    estimate = np.round((truth + noise) * 1024 * divisor) / 1024 / divisor
    half = mechanism.half_width / divisor
    return grid.frame(zones.ids).with_columns(
        estimate=pl.Series(estimate, dtype=pl.Float64),
        stderr=pl.lit(mechanism.stderr / divisor),
        lower=pl.Series(estimate - half),
        upper=pl.Series(estimate + half),
        consistent=pl.Series(np.maximum(estimate, 0.0)),
        suppressed=pl.lit(value=False),
    )


def parts(
    plan: Plan,
    zones: Zones,
    parent: Path,
    *,
    laplace: str | None = "residents",
    divisor: int = 1,
    truth: Mapping[str, Float64] | None = None,
    places: Zones | None = None,
) -> tuple[Facts, dict[str, pl.DataFrame]]:
    """Manifest and tables of a release of `plan`, ready for `write`."""
    noise, tables, facts = mechanisms(plan, laplace), {}, []
    for number, (name, grid) in enumerate(grids(plan, zones, places).items()):
        values = np.linspace(0, 4000, grid.cells) % 613 if truth is None else truth[name]
        counted = places if places is not None and grid.columns == ("place",) else zones
        tables[name] = table(grid, counted, noise[name], divisor, values, number)
        wish = plan.statistics[name]
        pairs: Literal["all", "within"] | None = None
        if len(grid.columns) == 2:
            pairs = "all" if wish.max_km is None else "within"
        facts.append(
            StatisticFacts.of(
                name,
                grid.keys,
                grid.cells,
                noise[name],
                share=wish.share,
                value=MEANING[name],
                divisor=divisor,
                pairs=pairs,
                max_km=wish.max_km,
                classes=CLASSES.get(name) if grid.classes else None,
            )
        )
    manifest = Facts.of(
        plan,
        zones,
        id=release_id(plan, parent),
        shoal="0.1.0",
        code="c0de" * 16,
        charge=CHARGE,
        account_unit=plan.period.unit,
        statistics=facts,
        post_processing=("Consistent values are the estimates with negatives set to 0.",),
        created=datetime(2026, 3, 10, 8, 0, tzinfo=UTC),
        places=places,
        log=str(LOG_KEY.vkey),
    )
    return manifest, tables


def release_in(parent: Path, plan: Plan, zones: Zones | None = None, places: Zones | None = None) -> Path:
    """A whole release below `parent`."""
    zones = squares() if zones is None else zones
    manifest, tables = parts(plan, zones, parent, places=places)
    return written(parent, manifest=manifest, tables=tables, zones=zones, places=places)


def written(parent: Path, *, manifest: Facts, tables: Mapping[str, pl.DataFrame], zones: Zones,
            places: Zones | None = None) -> Path:  # fmt: skip
    """`write`, and entered into a log."""
    return log_it(write(parent, manifest=manifest, tables=tables, zones=zones, places=places))


def log_it(folder: Path) -> Path:
    """Enter the release in `folder`, as it is now, into a log of its own, in which there is nothing else."""
    data = (folder / "manifest.json").read_bytes()
    try:
        manifest = Manifest.parse(data)
    except ValueError:  # what no log would take; there is nothing to prove then
        return folder
    entry = ReleaseEntry(
        release=manifest.id,
        source=manifest.source.name,
        charge=manifest.account.charge,
        plan_sha256=manifest.plan_sha256,
        manifest_sha256=sha256(data).hexdigest(),
    )
    text = Checkpoint(LOG_KEY.name, 1, leaf_hash(entry.to_bytes())).text
    add_proof(folder, ReleaseProof.of(entry, Proof(0, (), Note(text, (LOG_KEY.sign(text),)))))
    return folder
