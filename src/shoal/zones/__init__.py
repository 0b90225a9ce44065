"""Zones: the public places that numbers are about. `load_zones` reads those of a plan, `load_places` the named ones."""

from shoal.zones._base import Zones
from shoal.zones._load import load_zones
from shoal.zones.places import load_places

__all__ = ["Zones", "load_places", "load_zones"]
