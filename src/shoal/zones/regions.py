"""Regions: the coarser places that zones lie in. Public: from the zones alone, so a release's reader finds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from shoal._arrays import Int32
from shoal.plan import ZonesKind

STEPS = 2
"""H3: regions are so many resolutions coarser. One step makes 7 zones a region, too few to gain; two make 49."""
NOWHERE = "(no parent)"
"""Region of the zones that have no parent while others do."""
UNNAMED = "(no category)"
"""The same of named places, whose regions are their categories."""

Kind = ZonesKind | Literal["place"]
"""What regions are made of: zones, or named places."""


@dataclass(frozen=True, eq=False)
class Regions:
    """r regions of z zones.

    ids      text[r], ascending
    of_zone  int32[z]  region of each zone
    """

    ids: tuple[str, ...]
    of_zone: Int32


def regions_of(kind: Kind, ids: Sequence[str], parents: Sequence[str | None]) -> Regions | None:
    """The regions of zones with these ids and parents: H3's cells two resolutions up, or the parents (categories).

    None where there are no regions worth the name: fewer than two, or fewer than two zones in each on average.
    """
    if not ids:
        return None
    nowhere = UNNAMED if kind == "place" else NOWHERE
    labels = _coarser_cells(ids) if kind == "h3" else [nowhere if p is None else p for p in parents]
    names, of_zone = np.unique(np.array(labels, dtype=np.str_), return_inverse=True)
    if not 2 <= names.size <= len(ids) // 2:
        return None
    return Regions(tuple(str(name) for name in names), of_zone.astype(np.int32))


def _coarser_cells(ids: Sequence[str]) -> list[str]:
    import pyarrow as pa
    from h3ronpy import cells_parse, cells_resolution, cells_to_string, change_resolution

    cells = cells_parse(pa.array(ids))
    resolution = int(np.asarray(cells_resolution(cells))[0])
    coarse = change_resolution(cells, max(0, resolution - STEPS))
    return [str(cell) for cell in pa.array(cells_to_string(coarse)).to_pylist()]
