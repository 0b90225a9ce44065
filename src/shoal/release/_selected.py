"""Pairs that were measured top-down: their ends must be those that the published totals say."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shoal.ends import standing_out, thresholds
from shoal.release.manifest import Manifest
from shoal.release.statistic_facts import StatisticFacts
from shoal.zones._base import Zones

if TYPE_CHECKING:
    import polars as pl


def are_selected(
    facts: StatisticFacts, manifest: Manifest, zones: Zones, read: "Callable[[StatisticFacts], pl.DataFrame]"
) -> bool:
    """Are the `ends` of the facts those that stand out of their noise at one of the public thresholds?

    False also where a table of the totals is not there, or not of every zone.
    """
    tables, totals = {one.statistic: one for one in manifest.statistics}, []
    for key in facts.keys[:2]:
        end = tables.get(f"{facts.statistic}.{key}")
        if end is None or not len(zones) or end.cells % len(zones):
            return False
        values = read(end)["estimate"].fill_null(0).to_numpy()
        totals.append((values.reshape(len(zones), -1), end.stderr))
    said = [frozenset(end) for end in facts.ends or ()]
    for threshold in thresholds():
        kept = [frozenset(zones.ids[zone] for zone in standing_out(*t, threshold).nonzero()[0]) for t in totals]
        if kept == said:
            return True
        if not any(kept):
            break
    return False
