"""What every method is given, and what it gives back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Kind = Literal["presence", "regions", "flows", "visits"]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One table of contributions over one unit of privacy, its public keys and its guarantee.

    who, cell, weight  int64[n], ascending by (who, cell), each pair once; weight counts rows, 1 or more
    region             int64[zones]  the coarser zone of each zone, from 0
    bins               times; a cell is zone * bins + time, of flows origin * zones + destination
    """

    name: str
    title: str
    kind: Kind
    who: Int64
    cell: Int64
    weight: Int64
    zones: int
    bins: int
    region: Int64
    epsilon: Fraction = Fraction(1)
    delta: Fraction = Fraction(1, 10**9)

    @property
    def cells(self) -> int:
        return self.zones * (self.zones if self.kind == "flows" else self.bins)

    @property
    def truth(self) -> Float64:
        """float64[cells]: exact sums, nobody bounded."""
        return np.bincount(self.cell, self.weight, self.cells).astype(np.float64)

    @property
    def first(self) -> Int64:
        """int64[d + 1]: where the rows of each device begin."""
        return np.append(np.flatnonzero(np.diff(self.who, prepend=-1)), self.who.size)

    def by_region(self, cells: Float64) -> Float64:
        """float64[regions * bins]: values of cells (zone x time) added up by region and time."""
        out = np.zeros((int(self.region.max()) + 1, self.bins))
        np.add.at(out, self.region, cells.reshape(self.zones, self.bins))
        return out.ravel()

    def coarse(self) -> "Case":
        """The same contributions by region: its zones are this one's regions."""
        region_cell = self.region[self.cell // self.bins] * self.bins + self.cell % self.bins
        regions = int(self.region.max()) + 1
        return table_of(
            self.name, self.title, "presence", self.who, region_cell, regions, self.bins,
            np.arange(regions), self.weight, self.epsilon, self.delta,
        )  # fmt: skip


def table_of(
    name: str,
    title: str,
    kind: Kind,
    who: Int64,
    cell: Int64,
    zones: int,
    bins: int,
    region: Int64,
    weight: Int64 | None = None,
    epsilon: Fraction = Fraction(1),
    delta: Fraction = Fraction(1, 10**9),
) -> Case:
    """A case from rows in any order and with repeats: who, cell int64[n], `weight` rows each (1 where it is None)."""
    cells = zones * (zones if kind == "flows" else bins)
    code, place = np.unique(who * cells + cell, return_inverse=True)
    total = np.bincount(place, weight).astype(np.int64)
    return Case(name, title, kind, code // cells, code % cells, total, zones, bins, region, epsilon, delta)


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """What a method publishes.

    cells     float64[cells]  may be negative; 0 where nothing is published
    stderr    of the noise in one cell: where a threshold for pairs may be put
    views     other versions of `cells` that the same release holds, by name ("consistent")
    regions   float64[regions * bins], where totals are published apart from their cells, by name of the version
    """

    cells: Float64
    stderr: float
    views: dict[str, Float64] = field(default_factory=dict)
    regions: dict[str, Float64] = field(default_factory=dict)

    def versions(self) -> Iterator[tuple[str, Float64]]:
        """As published, negatives put to 0, and what else the release holds."""
        yield "raw", self.cells
        yield "clipped", np.maximum(self.cells, 0.0)
        yield from self.views.items()


class Method(Protocol):
    """A way to publish a case under its guarantee."""

    @property
    def name(self) -> str:
        """Whose method it is."""

    @property
    def setting(self) -> str:
        """Its limits, in a few words."""

    def __call__(self, case: Case, seed: int) -> Estimates: ...
