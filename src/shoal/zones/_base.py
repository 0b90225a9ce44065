"""Zones: the public places that numbers are about, in one order that every room shares."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
import shapely

from shoal._arrays import Float64, Int32


@dataclass(frozen=True, eq=False)
class Zones(ABC):
    """z zones, ascending by id, so that a smaller index is a smaller id; the index is used everywhere below.

    ids      text[z], unique
    names    text[z] or None
    parents  text[z] or None
    shapes   shapely geometries[z], WGS 84 (lon, lat)
    """

    ids: tuple[str, ...]
    names: tuple[str | None, ...]
    parents: tuple[str | None, ...]
    shapes: "np.ndarray[tuple[int], np.dtype[np.object_]]"

    def __len__(self) -> int:
        return len(self.ids)

    @abstractmethod
    def locate(self, lat: Int32, lon: Int32) -> Int32:
        """Zone index of n points given in 1e-7 degrees, -1 outside every zone: int32[n]. Safe to call from threads."""

    @cached_property
    def centres(self) -> Float64:
        """float64[z, 2]: latitude and longitude of each zone's centroid, degrees."""
        points = shapely.centroid(self.shapes)
        return np.column_stack([shapely.get_y(points), shapely.get_x(points)])

    def index_of(self, ids: Sequence[str]) -> Int32:
        """Zone index of each id, -1 where there is no such zone: int32[n]."""
        place = {zone: index for index, zone in enumerate(self.ids)}
        return np.fromiter((place.get(zone, -1) for zone in ids), dtype=np.int32, count=len(ids))

    @cached_property
    def digest(self) -> str:
        """SHA-256 over ids, names, parents and geometry (little-endian WKB) in order, as hexadecimal text. Public.

        Coordinates count to 1e-7 degrees, as records do: the last digits of a cell's corners differ between processors.
        """
        state = sha256()
        rounded = shapely.transform(self.shapes, lambda xy: np.round(xy, 7) + 0.0)  # + 0.0: no negative zero
        for row in zip(self.ids, self.names, self.parents, shapely.to_wkb(rounded, byte_order=1), strict=True):
            for part in row:
                data = b"" if part is None else part.encode() if isinstance(part, str) else part
                state.update(len(data).to_bytes(8, "little") + data)
        return state.hexdigest()
