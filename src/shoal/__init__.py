"""Shoal: see the shoal, never the fish.

Statistics of places and populations from location records, under differential privacy for whole devices.

    plan = shoal.Plan.load("plan.toml")
    print(shoal.check(plan))
    release = shoal.release(plan)
    release["presence"].to_polars()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import shoal.release  # noqa: F401  # first: a package that is loaded later would hide the function of its name
from shoal.api import check, release
from shoal.api import open_ as open  # noqa: A004  # as the interface names it

if TYPE_CHECKING:
    from shoal.engines import LocalEngine, SparkEngine
    from shoal.errors import (
        BudgetError,
        DataError,
        PlanError,
        RefusedError,
        ShoalError,
        StateError,
        UsageError,
        VerificationError,
    )
    from shoal.plan import Plan
    from shoal.release import Release

__all__ = [
    "BudgetError",
    "DataError",
    "LocalEngine",
    "Plan",
    "PlanError",
    "RefusedError",
    "Release",
    "ShoalError",
    "SparkEngine",
    "StateError",
    "UsageError",
    "VerificationError",
    "check",
    "open",
    "release",
]

_HOMES = {
    "Plan": "shoal.plan",
    "Release": "shoal.release",
    "LocalEngine": "shoal.engines",
    "SparkEngine": "shoal.engines",
}


def __getattr__(name: str) -> Any:
    """Public names are found on first use, so that `import shoal` and `shoal --help` stay quick."""
    if name not in __all__:
        raise AttributeError(f"module 'shoal' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "shoal.errors")), name)


def __dir__() -> list[str]:
    return sorted(__all__)
