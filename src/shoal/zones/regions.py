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
    found = _put_together(_coarser_cells(ids) if kind == "h3" else parents, UNNAMED if kind == "place" else NOWHERE)
    return found if 2 <= len(found.ids) <= len(ids) // 2 else None


def groupings_of(kind: Kind, ids: Sequence[str], parents: Sequence[str | None]) -> tuple[Regions, ...]:
    """All groups that zones may be merged into, from fine to coarse, each inside one of the next: parents and regions.

    The last step, everything in one, is not among them.
    """
    regions = regions_of(kind, ids, parents)
    if kind != "h3":
        return () if regions is None else (regions,)
    near = _put_together(parents)
    return tuple(g for g in (near if 2 <= len(near.ids) < len(ids) else None, regions) if g is not None)


def _put_together(labels: Sequence[str | None], nowhere: str = NOWHERE) -> Regions:
    named = np.array([nowhere if label is None else label for label in labels], dtype=np.str_)
    names, of_zone = np.unique(named, return_inverse=True)
    return Regions(tuple(str(name) for name in names), of_zone.astype(np.int32))


def _coarser_cells(ids: Sequence[str]) -> list[str]:
    import pyarrow as pa
    from h3ronpy import cells_parse, cells_resolution, cells_to_string, change_resolution

    cells = cells_parse(pa.array(ids))
    resolution = int(np.asarray(cells_resolution(cells))[0])
    coarse = change_resolution(cells, max(0, resolution - STEPS))
    return [str(cell) for cell in pa.array(cells_to_string(coarse)).to_pylist()]
