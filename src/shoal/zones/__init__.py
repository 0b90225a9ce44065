"""Zones: the public places that numbers are about. `load_zones` reads those of a plan."""

from shoal.zones._base import Zones
from shoal.zones._load import load_zones

__all__ = ["Zones", "load_zones"]
