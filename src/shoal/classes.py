"""Classes: ranges of a quantity by which a table counts. Public, the same in every release, never from the records."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shoal._arrays import Int64


@dataclass(frozen=True)
class Classes:
    """Ranges [edge, next edge) of a quantity that is never negative; the last one has no end.

    unit   of the edges, as in the labels
    scale  whole numbers of our own (seconds, metres) in one unit
    edges  ascending from 0
    """

    unit: str
    scale: int
    edges: tuple[int, ...]

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """`0-30 min`, ..., `480+ min`: the values of the key column `class`."""
        closed = (f"{low}-{high} {self.unit}" for low, high in zip(self.edges, self.edges[1:], strict=False))
        return (*closed, f"{self.edges[-1]}+ {self.unit}")

    def of(self, quantity: Int64) -> Int64:
        """Class of each quantity, int64[n], from 0; in our own whole numbers, 0 or more."""
        inner = np.array(self.edges[1:], dtype=np.int64) * self.scale
        return np.searchsorted(inner, quantity, side="right").astype(np.int64)


DURATIONS = Classes("min", 60, (0, 30, 60, 120, 240, 480))
"""Of stays. Source: the dwell buckets of footfall products, made evenly wide on a logarithmic scale."""
LENGTHS = Classes("km", 1000, (0, 1, 2, 5, 10, 20, 50))
"""Of days' ways and of radii of gyration. Source: trip-length classes of national travel surveys."""
