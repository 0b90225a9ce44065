"""Areas: zones of one table merged, where each by itself would drown in noise. Public: found from noisy numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from shoal._arrays import Int32
from shoal.keys import Grid

REST = " (rest)"
"""Ends the name of an area that is what its siblings, published by themselves, leave of a parent, region or all."""


@dataclass(frozen=True, eq=False)
class Areas:
    """a areas that hold z zones, each in exactly one.

    ids      text[a], ascending: a zone's own id, or the name of what was merged
    of_zone  int32[z]  area of each zone
    merged   bool[a]   is it more than a zone by itself? Then its name is no zone's id
    """

    ids: tuple[str, ...]
    of_zone: Int32
    merged: tuple[bool, ...]

    def grid(self, fine: Grid) -> Grid:
        """The cells of a table by area, given those by zone."""
        places = np.arange(len(self.ids), dtype=np.int32)[:, None]
        return Grid(fine.columns, places, fine.time, fine.classes)

    def members(self, zones: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The zones of each merged area, by its name."""
        of: dict[int, list[str]] = {}
        for zone, area in zip(zones, self.of_zone.tolist(), strict=True):
            if self.merged[area]:
                of.setdefault(area, []).append(zone)
        return {self.ids[area]: tuple(names) for area, names in sorted(of.items())}


def named(labels: Sequence[str], merged: Sequence[bool], of_zone: Int32) -> Areas:
    """Areas in the order of their names: text[a] and bool[a] in any order, int32[z] which of them holds each zone."""
    order = sorted(range(len(labels)), key=lambda area: labels[area])
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return Areas(tuple(labels[a] for a in order), rank[of_zone], tuple(bool(merged[a]) for a in order))


def from_members(zones: Sequence[str], members: Iterable[tuple[str, Sequence[str]]]) -> Areas:
    """The areas that a manifest names: (name, zones) of each that is merged; all other zones stand by themselves.

    Raises `ValueError` where a zone is unknown or merged twice, or a name is taken.
    """
    area_of: dict[str, str] = {}
    names = []
    for name, inside in members:
        if not inside or name in names or any(zone in area_of for zone in inside):
            raise ValueError(f"area {name} is empty or there twice, or holds a zone of another area")
        names.append(name)
        area_of |= dict.fromkeys(inside, name)
    alone = [zone for zone in zones if zone not in area_of]
    if len(alone) + len(area_of) != len(zones) or set(names) & set(zones):
        raise ValueError("an area holds a zone that does not exist, or has the name of one")
    place = {name: index for index, name in enumerate([*alone, *names])}
    of_zone = np.fromiter((place[area_of.get(zone, zone)] for zone in zones), dtype=np.int32, count=len(zones))
    return named([*alone, *names], [False] * len(alone) + [True] * len(names), of_zone)
