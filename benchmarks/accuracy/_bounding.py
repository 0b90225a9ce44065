"""How the peers hold a device to their limits: rows are dropped at random until what is left fits."""

from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy._case import Case, Float64


@dataclass(frozen=True, slots=True, order=True)
class Limits:
    """At most `cells` cells of a device, at most `rows` of its rows in each; where cells is 0, at most `rows` rows."""

    cells: int
    rows: int = 1

    @property
    def l1(self) -> int:
        """Most that one device can move all sums together."""
        return self.cells * self.rows if self.cells else self.rows

    @property
    def l2(self) -> float:
        """Euclidean norm of the most that one device can move the sums: all rows may lie in one cell if cells is 0."""
        return self.cells**0.5 * self.rows if self.cells else float(self.rows)

    def __str__(self) -> str:
        if not self.cells:
            return _count(self.rows, "row")
        return _count(self.cells, "cell") + (f" of {_count(self.rows, 'row')}" if self.rows > 1 else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("s" if number != 1 else "")


def truncated(case: Case, limits: Limits, rng: np.random.Generator) -> Float64:
    """float64[cells]: the sums of what is left of each device under `limits`, chosen at random."""
    if not limits.cells:
        who, cell = np.repeat(case.who, case.weight), np.repeat(case.cell, case.weight)
        return np.bincount(cell[_first_of_each(who, limits.rows, rng)], minlength=case.cells).astype(np.float64)
    kept = _first_of_each(case.who, limits.cells, rng)
    weight = np.minimum(case.weight[kept], limits.rows)
    return np.bincount(case.cell[kept], weight, case.cells).astype(np.float64)


def _first_of_each(
    who: "np.typing.NDArray[np.int64]", most: int, rng: np.random.Generator
) -> "np.typing.NDArray[np.int64]":
    """Indexes of at most `most` entries of each device, chosen at random; `who` is ascending."""
    order = np.argsort(who + rng.random(who.size), kind="stable")
    first = np.flatnonzero(np.diff(who, prepend=-1))
    rank = np.arange(who.size) - np.repeat(first, np.diff(np.append(first, who.size)))
    return order[rank < most]
