"""A plan's copy over invented records: the same zones, unit, statistics, bounds, budget and movement.

What differs is said here: the records are invented and lie in a temporary folder, the basis says so, the source is
marked synthetic, and a period of many units is shortened, since the guarantee speaks of one unit. The list of sensitive
places and the merging of zones are left out: both only take something away from what an attack is given.
"""

from pathlib import Path

from shoal.plan import Basis, Columns, Period, Plan, Source

NAME = "audit"
RECORDS = "records.parquet"


def copy_of(plan: Plan, folder: Path, *, units: int = 1) -> Plan:
    """The copy of `plan` that lies in `folder`, over its first `units` units, or all of them if they are fewer."""
    starts = [*plan.period.unit_starts(), plan.period.end]
    period = Period(start=starts[0], end=starts[min(units, len(starts) - 1)], unit=plan.period.unit)
    zones, places = plan.zones, plan.places
    paths = {name: str((plan.folder / path).absolute()) for name in ("file", "area") if (path := getattr(zones, name))}
    if places is not None:
        places = places.model_copy(update={"file": str((plan.folder / places.file).absolute())})
    wishes = {
        name: wish.model_copy(update={"resolution": None, "target": None}) for name, wish in plan.statistics.items()
    }
    return plan.model_copy(
        update={
            "source": source_of(plan),
            "zones": zones.model_copy(update=paths),
            "places": places,
            "sensitive": None,
            "period": period,
            "statistics": wishes,
            "file": folder / "plan.toml",
            "lines": {},
        }
    )


def source_of(plan: Plan) -> Source:
    """The source of invented records of the plan's kind, with accounts of their own."""
    names = ("time", "lat", "lon") if plan.source.kind == "points" else ("start", "end", "origin", "destination")
    return Source(
        name=NAME,
        kind=plan.source.kind,
        files=(RECORDS,),
        timezone=plan.source.timezone,
        synthetic=True,
        cap=plan.source.cap,
        columns=Columns(device="device", **{name: name for name in names}),
        basis=Basis(
            controller="Shoal audit",
            legal_basis="simulated records of no real person",
            purpose=plan.source.basis.purpose,
            collected="simulation",
        ),
    )
