"""Bounds tried on simulated cities: `shoal check PLAN --tune`. Nothing here can open the plan's records."""

from shoal.tune.run import tune

__all__ = ["tune"]
