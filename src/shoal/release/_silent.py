"""Sensitive places in a release: which rows have to be marked, and whether exactly those are."""

from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from shoal._arrays import Bool
from shoal.release._grid import Sheet
from shoal.release.manifest import Manifest
from shoal.release.statistic_facts import StatisticFacts

if TYPE_CHECKING:
    import polars as pl

    from shoal.plan import Plan
    from shoal.zones._base import Zones

OVERDUE = timedelta(days=90)


class Tables(Protocol):
    """A release whose tables can be looked at."""

    @property
    def manifest(self) -> Manifest: ...
    @property
    def zones(self) -> "Zones": ...
    def sheet(self, facts: StatisticFacts) -> Sheet: ...
    def table(self, facts: StatisticFacts) -> "pl.DataFrame": ...


def fine_silent(facts: StatisticFacts, manifest: Manifest, sheet: Sheet, zones: "Zones") -> Bool:
    """Which places of the finest sheet of a statistic are, or have an end, in an isolated zone: bool[p]."""
    import numpy as np

    ids = manifest.sensitive.isolated if manifest.sensitive is not None else ()
    isolated = np.zeros(len(zones), dtype=np.bool_)
    if not facts.of_named_places:
        isolated[zones.index_of(ids)] = True
    found: Bool = np.asarray(isolated[sheet.fine.places].any(axis=1))
    return found


def wrong_marks(folder: Tables) -> str | None:
    """Why marks and manifest don't go together; None where they do."""
    m = folder.manifest
    ids = () if m.sensitive is None else m.sensitive.isolated
    known = set(folder.zones.ids)
    if list(ids) != sorted(set(ids)) or not set(ids) <= known:
        return "the isolated zones are not zones of the release in ascending order"
    for s in m.statistics:
        if reason := _wrong(s, folder):
            return f"{s.statistic}: {reason}"
    return None


def wrong_list(manifest: Manifest, plan: "Plan") -> str | None:
    """What of the list is not as the plan in the manifest says; None where all is."""
    said, asked = manifest.sensitive, plan.sensitive
    if said is None:
        return None if asked is None else "sensitive is missing"
    if said.applied != (said.list is not None) or said.none != (None if asked is None else asked.none):
        return "sensitive contradicts itself or the plan"
    if said.list is None:
        return None if asked is None or asked.file is None else "sensitive.list is missing"
    if asked is None or asked.file is None:
        return "the plan names no list of sensitive places, the manifest does"
    if Fraction(said.list.buffer) != asked.buffer:
        return "sensitive.buffer is not what the plan says"
    from shoal.sensitive.classes import NAMES  # only here: with its room come libraries that take a second to load

    if said.list.classes != tuple(name for name in NAMES if asked.classes is None or name in asked.classes):
        return "sensitive.classes are not what the plan says"
    made = date.fromisoformat(manifest.created[:10])
    if said.list.overdue != (made - said.list.reviewed > OVERDUE):
        return "sensitive.overdue does not follow from its review"
    return None


def _wrong(s: StatisticFacts, folder: Tables) -> str | None:
    import numpy as np

    sheet = folder.sheet(s)
    silent = fine_silent(s, folder.manifest, sheet, folder.zones)
    places = len(sheet.grid.places)
    members = np.bincount(sheet.of_place, minlength=places)
    hushed = np.bincount(sheet.of_place, silent, places).astype(np.int64)
    if s.areas is not None and ((hushed > 0) & (members > 1)).any():
        return "an isolated zone is merged with others"
    marked = np.repeat((members > 0) & (hushed == members), max(1, len(sheet.grid.classes)) * sheet.grid.time.bins)
    table = folder.table(s)
    if not np.array_equal(table["suppressed"].to_numpy(), marked):
        return "the rows that are suppressed are not those of the isolated zones"
    if marked.any() != (s.suppression is not None):
        return "its rule of suppression does not go with its rows"
    numbers = table.filter(table["suppressed"]).select("estimate", "stderr", "lower", "upper", "consistent")
    if any(column.null_count() < column.len() for column in numbers.iter_columns()):
        return "a suppressed row has a number"
    return None
