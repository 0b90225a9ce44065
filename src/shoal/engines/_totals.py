"""The sums of a run while they grow: one for all threads of the process, so memory does not grow with threads."""

from threading import Lock
from typing import NoReturn

import numpy as np

from shoal._arrays import Int64
from shoal.design import Design
from shoal.engines._table import CellTable
from shoal.privacy import bounding
from shoal.privacy.bounding import Bounded
from shoal.privacy.sums import ExactSums, SealedError

DENSE = 1 << 22
"""Cells up to which a measure has a number for each cell from the start: 32 MiB, a small part of any memory limit."""


class Totals:
    """Bounded contributions go in from any thread; after the last one, `seal` gives the exact sums. No other reader.

    Integers that saturate and are never negative end alike in any order, so it does not matter which thread is first.
    A bucket's entries go in under a lock as they are: merging them by cell first would cost more than adding them, and
    a thread holds the lock for about a hundredth of the time that it takes to compute what it adds.

    design  whose measures are summed
    dense   cells up to which a grid is dense from the start
    """

    __slots__ = ("_locks", "_parts")

    def __init__(self, design: Design, dense: int = DENSE) -> None:
        self._parts = {m.name: _Part(m.grid.cells, dense) for m in design.measures}
        self._locks = {m.name: Lock() for m in design.measures}

    def add(self, name: str, rows: Bounded) -> None:
        """Add bounded rows to the measure `name`; safe to call from threads, saturates as `bounding.add` does.

        Raises `UnboundedError`, with nothing added, where a row names a cell outside the grid, `SealedError` after
        `seal`.
        """
        with self._locks[name]:
            if name not in self._parts:
                raise SealedError("these sums are sealed; add before the end, or begin new ones: a bug of Shoal's")
            self._parts[name].add(rows)

    def seal(self) -> dict[str, ExactSums]:
        """The exact sums of each measure, dense, since noise needs every cell; once, after the last `add`."""
        if not self._parts and self._locks:
            raise SealedError("these sums are sealed already: a bug of Shoal's, please report it")
        sums: dict[str, ExactSums] = {}
        for name, lock in self._locks.items():
            with lock:
                sums[name] = ExactSums(self._parts.pop(name).dense())
        return sums

    @property
    def nbytes(self) -> int:
        """Memory that the sums take now, of whatever size the records were: for plans of memory, not for reports."""
        return sum(part.nbytes for part in self._parts.values())

    def __repr__(self) -> str:
        return "<Totals, sealed>"

    def __refuse(self, *_: object) -> NoReturn:
        raise SealedError("sums can't be copied or stored while they grow; seal them, then draw noise")

    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = __getstate__ = __refuse


class _Part:
    """One measure's sums: dense, or the touched cells alone for as long as that takes less memory."""

    __slots__ = ("_cells", "_table", "_totals")

    def __init__(self, cells: int, dense: int) -> None:
        self._cells = cells
        self._table = CellTable() if cells > dense else None
        self._totals = np.zeros(cells if self._table is None else 0, dtype=np.int64)

    def add(self, rows: Bounded) -> None:
        if self._table is not None:
            bounding.check_cells(rows, self._cells)
            begin = 0
            while (begin := self._table.add(rows, begin)) < rows.cell.size:
                if self._table.nbytes_doubled >= self._cells * self._totals.itemsize:
                    self._totals, self._table = self.dense(), None
                    rows = Bounded(rows.first, rows.cell[begin:], rows.weight[begin:])
                    break
                self._table.double()
            else:
                return
        bounding.add(rows, self._totals)

    def dense(self) -> Int64:
        """int64[cells], to be used up: the totals themselves where they are dense already."""
        return self._totals if self._table is None else self._table.dense(self._cells)

    @property
    def nbytes(self) -> int:
        return self._totals.nbytes if self._table is None else self._table.nbytes
