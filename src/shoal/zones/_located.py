"""Zones that are found by an exact but slow rule, and by a raster wherever that provably says the same."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from threading import RLock
from typing import Any, Generic, Self, TypeVar, cast, overload

from shoal._arrays import Int32
from shoal.zones._base import Zones
from shoal.zones._raster import Raster

Made = TypeVar("Made")


class once(Generic[Made]):  # noqa: N801 - a decorator
    """A property that is worked out on first use, by one thread while all others that want it wait.

    `functools.cached_property` lets two threads work at once from Python 3.12 on, and what GEOS keeps inside a shape
    must not be built by two.
    """

    _building = RLock()  # again by the same thread: a raster asks the rule, whose tree is made once, too

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Made: ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Self | Made:
        if instance is None:
            return self
        with self._building:
            if self._name not in instance.__dict__:
                # From now on Python finds it there, without a lock and without this method.
                instance.__dict__[self._name] = self._make(instance)
        return cast(Made, instance.__dict__[self._name])


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
        return self._raster.locate(lat, lon, self.exact)

    @once
    def _raster(self) -> Raster:
        return self._build()

    def __reduce__(self) -> tuple[Any, ...]:
        """Zones travel to other processes without what was cached; trees and rasters are built there again."""
        return type(self), tuple(getattr(self, field.name) for field in fields(self))
