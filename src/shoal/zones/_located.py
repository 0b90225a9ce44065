"""Zones that are found by an exact but slow rule, and by a raster wherever that provably says the same."""

from abc import abstractmethod
from dataclasses import dataclass, fields
from functools import cached_property
from threading import Lock
from typing import Any

from shoal._arrays import Int32
from shoal.zones._base import Zones
from shoal.zones._raster import Raster

_building = Lock()


@dataclass(frozen=True, eq=False)
class LocatedZones(Zones):
    """`locate` for zones that state their rule in `exact` and build its raster in `_build`."""

    @abstractmethod
    def exact(self, lat: Int32, lon: Int32) -> Int32:
        """The rule itself, without a shortcut: zone index of n points as in `locate`. Safe to call from threads."""

    @abstractmethod
    def _build(self) -> Raster:
        """A raster that agrees with `exact` wherever it is sure."""

    def locate(self, lat: Int32, lon: Int32) -> Int32:
        with _building:  # the first thread builds, the others wait
            raster = self._raster
        return raster.locate(lat, lon, self.exact)

    @cached_property
    def _raster(self) -> Raster:
        return self._build()

    def __reduce__(self) -> tuple[Any, ...]:
        """Zones travel to other processes without what was cached; trees and rasters are built there again."""
        return type(self), tuple(getattr(self, field.name) for field in fields(self))
