"""What a plan says of a file of zones or places, and how a complaint about it begins."""

from dataclasses import dataclass
from typing import Literal

from shoal.errors import PlanError
from shoal.plan import Plan


@dataclass(frozen=True, slots=True)
class Asked:
    """The plan's table `zones` or `places`; what both have is read and checked by the same code."""

    plan: Plan
    table: Literal["zones", "places"] = "zones"

    @property
    def one(self) -> str:
        """What a row of the file is."""
        return self.table.removesuffix("s")

    def get(self, key: str) -> str | None:
        """The plan's value of a key of this table, text or nothing."""
        value: str | None = getattr(getattr(self.plan, self.table), key)
        return value

    def error(self, key: str, message: str) -> PlanError:
        """A complaint about a key of this table, with file and line."""
        return self.plan.error(f"{self.table}.{key}", message)
