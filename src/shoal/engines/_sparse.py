"""Sums by cell as they travel: only the cells that were touched, cut at fixed ranges that can be merged apart.

Memory and size follow the cells that were touched, not the grid: a table that is full is handed on, and begun anew.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from shoal._arrays import Int64
from shoal.design import Design
from shoal.engines._table import CellTable
from shoal.privacy import bounding
from shoal.privacy.bounding import Bounded

RANGE = 1 << 20
"""Cells of a range: 8 MiB where it is merged."""
_DENSE = 1 << 22  # cells up to which a measure has a number for each from the start: 32 MiB
_FULL = 1 << 27  # bytes of a table that is handed on
_HEAD = 8
_CODEC = "zstd"


class Slots:
    """The ranges of all measures of a design, numbered. Public: it follows from the plan.

    A slot is one range of one measure: what is sealed for a slot is merged with what is sealed for the same slot.
    """

    def __init__(self, design: Design) -> None:
        self.measures = [(m.name, m.grid.cells) for m in design.measures]
        self._first: list[int] = []
        self.number = 0
        for _, cells in self.measures:
            self._first.append(self.number)
            self.number += -(-cells // RANGE)

    def of(self, measure: int, begin: int) -> int:
        """The slot of the range of a measure (by its place in the design) that begins at the cell `begin`."""
        return self._first[measure] + begin // RANGE

    def place(self, slot: int) -> tuple[str, int, int]:
        """Name of the measure, and the first cell and the size of the range, of a slot."""
        measure = max(i for i, first in enumerate(self._first) if first <= slot)
        name, cells = self.measures[measure]
        begin = (slot - self._first[measure]) * RANGE
        return name, begin, min(RANGE, cells - begin)


class SparseSums:
    """Bounded contributions to all measures of a design go in; packed sums by slot come out, once or now and then.

    dense  cells up to which a grid is dense
    full   bytes of a table above which `overflow` hands it on
    """

    def __init__(self, design: Design, dense: int = _DENSE, full: int = _FULL) -> None:
        self._slots = Slots(design)
        self._place = {name: i for i, (name, _) in enumerate(self._slots.measures)}
        self._full = full
        self._sums: list[Int64 | CellTable] = [
            np.zeros(cells, dtype=np.int64) if cells <= dense else CellTable() for _, cells in self._slots.measures
        ]

    def add(self, name: str, rows: Bounded) -> Iterator[tuple[int, bytes]]:
        """Add bounded rows. Gives (slot, packed sums) of what had to make room; go through it all.

        Raises `UnboundedError` where a row names a cell outside the grid.
        """
        measure = self._place[name]
        sums = self._sums[measure]
        if isinstance(sums, np.ndarray):
            bounding.add(rows, sums)
            return
        bounding.check_cells(rows, self._slots.measures[measure][1])
        begin = 0
        while (begin := sums.add(rows, begin)) < rows.cell.size:
            if sums.nbytes_doubled > self._full:
                yield from self._pack(measure)
                self._sums[measure] = sums = CellTable()
            else:
                sums.double()

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """(slot, packed sums) of everything that is still here; at the end."""
        for measure in range(len(self._sums)):
            yield from self._pack(measure)

    def _pack(self, measure: int) -> Iterator[tuple[int, bytes]]:
        cell, total = _touched(self._sums[measure])
        cells = self._slots.measures[measure][1]
        bounds = np.searchsorted(cell, np.arange(0, cells + RANGE, RANGE))
        for number, (begin, end) in enumerate(pairwise(bounds.tolist())):
            if begin < end:
                base = number * RANGE
                yield self._slots.of(measure, base), pack(cell[begin:end] - base, total[begin:end])

    def __repr__(self) -> str:
        return "<SparseSums, sealed>"


def pack(cell: Int64, total: Int64) -> bytes:
    """n sums by cell as bytes: cells ascending, from 0 and below RANGE, both int64[n]."""
    steps = np.diff(cell, prepend=0).astype("<u4")
    raw = steps.tobytes() + total.astype("<i8").tobytes()
    return cell.size.to_bytes(_HEAD, "little") + bytes(pa.compress(raw, codec=_CODEC, asbytes=True))


def add_packed(packed: bytes, totals: Int64) -> None:
    """Add what `pack` packed into the totals of its range, int64[cells], in place; saturates as `bounding.add` does."""
    size = int.from_bytes(packed[:_HEAD], "little")
    raw = pa.decompress(packed[_HEAD:], 12 * size, codec=_CODEC, asbytes=True)
    cell = np.cumsum(np.frombuffer(raw, "<u4", size), dtype=np.int64)
    total = np.frombuffer(raw, "<i8", size, 4 * size)
    if size and int(cell[-1]) >= totals.size:
        raise bounding.UnboundedError("packed sums name a cell outside the grid")
    most = np.int64(np.iinfo(np.int64).max)
    totals[cell] += np.minimum(total, most - totals[cell])


def pack_dense(totals: Int64) -> bytes:
    """The cells of a range that are not 0."""
    cell = np.flatnonzero(totals).astype(np.int64, copy=False)
    return pack(cell, totals[cell])


def _touched(sums: "Int64 | CellTable") -> tuple[Int64, Int64]:
    """Cells with a sum, ascending, and the sums."""
    if isinstance(sums, np.ndarray):
        cell = np.flatnonzero(sums).astype(np.int64, copy=False)
        return cell, sums[cell]
    used = np.flatnonzero(sums._cell >= 0)
    order = used[np.argsort(sums._cell[used])]
    return sums._cell[order], sums._sum[order]
