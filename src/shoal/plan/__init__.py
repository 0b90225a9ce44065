"""The plan: one TOML file that says all, read into a frozen, checked object.

Whatever can be refused without opening a record or a zone file is refused here, in one sentence that names the
file, the line and the key. `../docs/plan.md` is the reference of every key.
"""

from shoal.plan.plan import Plan
from shoal.plan.source import MAX_EPSILON, MAX_EPSILON_SYNTHETIC, Basis, Collected, Columns, Purpose, Source
from shoal.plan.tables import (
    PLACE,
    Cleaning,
    Movement,
    Period,
    Places,
    Privacy,
    Publication,
    Statistic,
    Unit,
    Zones,
    ZonesKind,
    next_unit,
)

__all__ = [
    "MAX_EPSILON",
    "MAX_EPSILON_SYNTHETIC",
    "PLACE",
    "Basis",
    "Cleaning",
    "Collected",
    "Columns",
    "Movement",
    "Period",
    "Places",
    "Plan",
    "Privacy",
    "Publication",
    "Purpose",
    "Source",
    "Statistic",
    "Unit",
    "Zones",
    "ZonesKind",
    "next_unit",
]
