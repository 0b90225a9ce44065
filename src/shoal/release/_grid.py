"""The key set that a table must have, rebuilt from the release alone."""

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from shoal._arrays import Float64, Int32
from shoal.plan import PLACE, Period
from shoal.release.manifest import Manifest
from shoal.release.statistic_facts import StatisticFacts
from shoal.zones._base import Zones

if TYPE_CHECKING:
    import polars as pl

    from shoal.calendar import Calendar
    from shoal.keys import Grid


def split_keys(keys: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """Key columns as (places, time key or None); a key column of classes is neither."""
    from shoal.keys import CLASS, TIME_NAMES

    time = keys[-1] if keys[-1] in TIME_NAMES else None
    return tuple(key for key in (keys[:-1] if time else keys) if key != CLASS), time


def calendar_of(manifest: Manifest) -> "Calendar":
    """The period's calendar. Raises `ValueError` where the period is not whole units."""
    from shoal.calendar import Calendar

    facts = manifest.period
    period = Period(start=facts.start, end=facts.end, unit=facts.unit)
    return Calendar.from_period(period, ZoneInfo(facts.timezone))


@dataclass(frozen=True, eq=False)
class Sheet:
    """What the rows of a table are about.

    ids       text: what the indexes in `grid.places` mean
    grid      its cells
    fine      the cells of the same statistic by single zones (or pairs of them)
    of_place  int32[p]  place of `grid` that holds each place of `fine`
    """

    ids: tuple[str, ...]
    grid: "Grid"
    fine: "Grid"
    of_place: Int32

    def frame(self) -> "pl.DataFrame":
        """The key columns of every row, in order."""
        return self.grid.frame(self.ids)

    def add_up(self, fine: Float64) -> Float64:
        """Numbers of the cells of `fine` added up to those of `grid`."""
        import numpy as np

        width = max(1, len(self.grid.classes)) * self.grid.time.bins
        sums = np.zeros((self.grid.places.shape[0], width))
        np.add.at(sums, self.of_place, fine.reshape(-1, width))
        return sums.ravel()


def sheet_of(facts: StatisticFacts, manifest: Manifest, zones: Zones, calendar: "Calendar") -> Sheet:
    """What a table of the release is about. Raises `ValueError` where facts contradict each other or the zones."""
    import numpy as np

    from shoal.areas import from_members
    from shoal.levels import levels_of
    from shoal.zones.regions import regions_of

    base = {s.statistic: s for s in manifest.statistics}.get(facts.base)
    if facts.is_end:
        return _end_sheet(facts, base, zones, calendar)
    if base is None or base.keys != facts.keys or base.classes != facts.classes:
        raise ValueError("it is no coarser table of a statistic that is there")
    fine = grid_of(base, zones, calendar)
    if facts.level is not None:
        if base.pairs == "selected":
            raise ValueError("pairs that were measured top-down have no such level")
        kind = PLACE if facts.of_named_places else manifest.zones.kind
        levels = levels_of(fine, regions_of(kind, zones.ids, zones.parents))
        found = [level for level in levels if level.name == facts.level]
        if not found:
            raise ValueError("the zones have no such level")
        sheet = Sheet(found[0].ids, found[0].grid, fine, found[0].of_place)
    elif facts.areas is not None:
        areas = from_members(zones.ids, [(a.area, a.zones) for a in facts.areas])
        sheet = Sheet(areas.ids, areas.grid(fine), fine, areas.of_zone)
    else:
        sheet = Sheet(zones.ids, fine, fine, np.arange(fine.places.shape[0], dtype=np.int32))
    if sheet.grid.cells != facts.cells:
        raise ValueError(f"the manifest says {facts.cells:,} cells, its places and period make {sheet.grid.cells:,}")
    return sheet


def _end_sheet(facts: StatisticFacts, base: StatisticFacts | None, zones: Zones, calendar: "Calendar") -> Sheet:
    """What the totals of one end of pairs are about: every zone."""
    import numpy as np

    from shoal.keys import Grid, TimeKey, TimeName, single_places

    if base is None or base.pairs != "selected":
        raise ValueError("it is no end of pairs that were measured top-down")
    places, time = split_keys(base.keys)
    if facts.level not in places or facts.keys != (facts.level, *(() if time is None else (time,))):
        raise ValueError(f"its keys are not those of an end of {base.statistic}")
    key = TimeKey.of(cast("TimeName | None", time), calendar)
    if len(zones) * key.bins != facts.cells:
        made = len(zones) * key.bins
        raise ValueError(f"the manifest says {facts.cells:,} cells, its zones and period make {made:,}")
    grid = Grid((facts.keys[0],), single_places(len(zones)), key)
    return Sheet(zones.ids, grid, grid, np.arange(len(zones), dtype=np.int32))


def _kept(ends: tuple[tuple[str, ...], tuple[str, ...]] | None, zones: Zones) -> tuple[Int32 | None, Int32 | None]:
    """int32[n] each: the zones kept as first and second ends. Raises `ValueError` where they are none."""
    import numpy as np

    if ends is None:
        return None, None
    place = {zone: index for index, zone in enumerate(zones.ids)}
    found = [np.array([place.get(zone, -1) for zone in end], dtype=np.int32) for end in ends]
    if any((end < 0).any() or (np.diff(end) <= 0).any() for end in found):
        raise ValueError("its ends are not zones in ascending order")
    return found[0], found[1]


def grid_of(facts: StatisticFacts, zones: Zones, calendar: "Calendar") -> "Grid":
    """All cells of a statistic's finest level. Raises `ValueError` where facts contradict each other or the zones."""
    from shoal.keys import CLASS, Grid, TimeKey, TimeName, pair_places, single_places

    places, time = split_keys(facts.keys)
    classes = tuple(c.label for c in facts.classes)
    if bool(classes) != (CLASS in facts.keys):
        raise ValueError("its keys and classes do not go together")
    key = TimeKey.of(cast("TimeName | None", time), calendar)
    if (facts.pairs == "selected") != (facts.ends is not None):
        raise ValueError("its pairs and ends do not go together")
    match len(places), facts.pairs, facts.max_km:
        case 1, None, None:
            rows = len(zones) * max(1, len(classes))
        case 2, "all", None:
            rows = len(zones) ** 2 * max(1, len(classes))
        case 2, "selected", None:
            rows = len(facts.ends[0]) * len(facts.ends[1]) if facts.ends else 0
        case 2, "within" | "selected", str():
            rows = -1
        case _:
            raise ValueError("its keys, pairs and max_km do not go together")
    if facts.areas is not None and len(places) > 1:
        raise ValueError("pairs of zones are never merged to areas")
    if (
        rows >= 0 and facts.areas is None and rows * key.bins != facts.cells
    ):  # before anything is built: a false count may be huge
        raise ValueError(f"the manifest says {facts.cells:,} cells, its zones and period make {rows * key.bins:,}")
    if len(places) == 1:
        grid = Grid(places, single_places(len(zones)), key, classes)
    else:
        limit = None if facts.max_km is None else float(Fraction(facts.max_km))
        grid = Grid(places, pair_places(zones.centres, limit, *_kept(facts.ends, zones)), key, classes)
    if facts.areas is None and grid.cells != facts.cells:
        raise ValueError(f"the manifest says {facts.cells:,} cells, its zones and period make {grid.cells:,}")
    return grid
