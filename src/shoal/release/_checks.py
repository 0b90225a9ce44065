"""The checks of `verify`, a function each: return when all is well, raise `Failed` with the reason when not.

They trust nothing in the folder. The order in `verify.CHECKS` sees to it that no table is unpacked whose hash is wrong.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from shoal._arrays import Int32
from shoal.classes import Classes
from shoal.privacy.mechanism import LAPLACE_95, NORMAL_95
from shoal.release import _grid, _store
from shoal.release._selected import are_selected
from shoal.release._silent import wrong_marks
from shoal.release.manifest import Manifest
from shoal.release.proof import PROOF
from shoal.release.statistic_facts import ESTIMATES, ClassFacts, StatisticFacts
from shoal.release.trust import Trust

if TYPE_CHECKING:
    import polars as pl

    from shoal.calendar import Calendar

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 24
MOST_KEPT = 100_000
"""Rows of a table that stays in memory from one check to the next."""
UNITS = ("day", "week", "month")
_LEAST_95, _MOST_95 = NORMAL_95 - 0.01, LAPLACE_95 / 2**0.5 + 0.01
"""Standard errors in half of a 95 % interval: of normal noise, of Laplace noise, and of sums of both between them."""
FLOAT = 1e-9
"""Relative error that floating point is allowed."""


class Failed(Exception):  # noqa: N818  # it is an outcome, not a fault of ours
    """A check that does not hold; the message is the reason, a clause without a full stop."""


@dataclass(frozen=True)
class Folder:
    """The folder under examination. What it caches may be used by checks that need the check which read it."""

    path: Path
    trust: Trust = field(default_factory=Trust)
    _kept: "dict[str, pl.DataFrame]" = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def manifest(self) -> Manifest:
        return Manifest.parse((self.path / MANIFEST).read_bytes())

    @cached_property
    def zones(self) -> _store.PublicZones:
        return _store.read_zones(self.path / "zones.parquet")

    @cached_property
    def places(self) -> _store.PublicZones:
        return _store.read_zones(self.path / "places.parquet", _store.PLACE_COLUMNS)

    def zones_of(self, facts: StatisticFacts) -> _store.PublicZones:
        """What a table is counted by: the zones, or the named places."""
        return self.places if facts.of_named_places else self.zones

    @cached_property
    def calendar(self) -> "Calendar":
        return _grid.calendar_of(self.manifest)

    def sheet(self, facts: StatisticFacts) -> "_grid.Sheet":
        return _grid.sheet_of(facts, self.manifest, self.zones_of(facts), self.calendar)

    def file(self, facts: StatisticFacts) -> Path:
        return self.path / "tables" / f"{facts.statistic}.parquet"

    def table(self, facts: StatisticFacts) -> "pl.DataFrame":
        """Half a dozen checks read each table. A small one is read once; of large ones no two are in memory."""
        if (found := self._kept.get(facts.statistic)) is None:
            found = _store.read_table(self.file(facts))
            if found.height <= MOST_KEPT:
                self._kept[facts.statistic] = found
        return found


def manifest(folder: Folder) -> None:
    file = folder.path / MANIFEST
    try:
        mode = file.lstat().st_mode
    except OSError:
        raise Failed(f"there is no {MANIFEST}") from None
    if not stat.S_ISREG(mode):
        raise Failed(f"{MANIFEST} is not an ordinary file")
    if file.stat().st_size > LARGEST_MANIFEST:
        raise Failed(f"{MANIFEST} is larger than {LARGEST_MANIFEST >> 20} MiB")
    try:
        names = [s.statistic for s in folder.manifest.statistics]
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if str(part).isprintable())[:80]
        raise Failed(f"{MANIFEST}{f', {where}' if where else ''}: {first['msg'].lower()[:200]}") from None
    except ValueError as error:
        raise Failed(f"{MANIFEST}: {error}") from None
    if len(set(names)) < len(names):
        raise Failed(f"{MANIFEST} names a statistic twice")
    for facts in folder.manifest.statistics:
        if not _are_classes(facts.classes):
            raise Failed(f"{MANIFEST}: the classes of {facts.statistic} are not ranges in order, named by their edges")


def _are_classes(found: tuple[ClassFacts, ...]) -> bool:
    """Do they follow each other from 0 without a gap, the last without an end, each with the label of its edges?"""
    edges = tuple(c.least for c in found)
    if not found or edges[0] != 0 or any(a >= b for a, b in pairwise(edges)):
        return not found
    return found == ClassFacts.of(Classes(found[0].unit, 1, edges))


def files(folder: Folder) -> None:
    listed = dict(folder.manifest.files)
    needed = {"README.md", "zones.parquet"} | {f"tables/{s.statistic}.parquet" for s in folder.manifest.statistics}
    if folder.manifest.publication is not None:
        needed.add("registry.yaml")
    elif "registry.yaml" in listed:
        raise Failed(f"registry.yaml is listed in {MANIFEST}, which says nothing of terms of publication")
    if folder.manifest.places is not None:
        needed.add("places.parquet")
    elif "places.parquet" in listed:
        raise Failed(f"places.parquet is listed in {MANIFEST}, which says nothing of named places")
    if absent := sorted(needed - set(listed)):
        raise Failed(f"{absent[0]} is not listed in {MANIFEST}")
    if surplus := sorted(name for name in listed if name.startswith("tables/") and name not in needed):
        raise Failed(f"{surplus[0]} belongs to no statistic of {MANIFEST}")
    for name, path in _walk(folder.path):
        if name in (MANIFEST, PROOF):
            continue
        expected = listed.pop(name, None)
        if expected is None:
            raise Failed(f"{ascii(name)[1:-1]} is not listed in {MANIFEST}")
        with path.open("rb") as source:
            found = hashlib.file_digest(source, "sha256").hexdigest()
        if found != expected:
            raise Failed(f"{name} was changed: its SHA-256 is not the one in {MANIFEST}")
    if listed:
        raise Failed(f"{min(listed)} is missing")


def _walk(top: Path) -> Iterator[tuple[str, Path]]:
    """(relative path, path) of every file below `top`; anything that is neither folder nor plain file is refused."""
    waiting = [PurePosixPath()]
    while waiting:
        here = waiting.pop()
        with os.scandir(top / here) as entries:
            for entry in sorted(entries, key=lambda e: e.name):
                name = here / entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)
                elif entry.is_file(follow_symlinks=False):
                    yield str(name), Path(entry.path)
                else:
                    raise Failed(f"{ascii(str(name))[1:-1]} is a link or a special file")


def period(folder: Folder) -> None:
    m = folder.manifest
    try:
        calendar = folder.calendar
    except (ValueError, KeyError, OSError):
        raise Failed(f"it is not whole {m.period.unit}s in a known time zone") from None
    if calendar.units != m.privacy.units:
        raise Failed(f"the period holds {calendar.units} units, the manifest says {m.privacy.units}")
    if m.privacy.unit != m.period.unit:
        raise Failed("privacy.unit and period.unit differ")
    if UNITS.index(m.privacy.unit) > UNITS.index(m.account.unit):
        raise Failed(f"a unit of one {m.privacy.unit} can't be charged to an account that counts {m.account.unit}s")


def zones(folder: Folder) -> None:
    facts, places = folder.manifest.zones, folder.manifest.places
    _zones("zones", lambda: folder.zones, (facts.count, facts.sha256, facts.names, facts.parents))
    if places is not None:
        _zones("places", lambda: folder.places, (places.count, places.sha256, places.names, places.categories))


def _zones(name: str, read: Callable[[], _store.PublicZones], said: tuple[int, str, bool, bool]) -> None:
    """Do zones, or places, have the count, hash, names and parents (categories) that the manifest states?"""
    count, sha256, names, parents = said
    try:
        found = read()
    except ValueError as error:
        reason = str(error)
        raise Failed(
            f"{name}.parquet: {reason if reason.isprintable() and len(reason) < 200 else 'is damaged'}"
        ) from None
    if len(found) != count:
        raise Failed(f"{name}.parquet holds {len(found)} {name}, the manifest says {count}")
    if found.digest != sha256:
        raise Failed(f"the {name} are not those whose hash the manifest states")
    if any(n is not None for n in found.names) != names or any(p is not None for p in found.parents) != parents:
        above = "categories" if name == "places" else "parents"
        raise Failed(f"the manifest is wrong about names or {above} of {name}")


def tables(folder: Folder) -> None:
    import polars as pl

    zone = folder.manifest.period.timezone
    kinds: dict[str, Any] = {"hour": pl.Datetime("us", zone), "day": pl.Date(), "week": pl.Date()}
    for s in folder.manifest.statistics:
        file = folder.file(s)
        rows, columns = _store.rows_and_columns(file)
        if columns != [*s.keys, *ESTIMATES, "suppressed"]:
            raise Failed(f"{s.statistic}: the columns are not {', '.join([*s.keys, *ESTIMATES, 'suppressed'])}")
        if rows != s.cells:
            raise Failed(f"{s.statistic}: the table has {rows:,} rows, the manifest says {s.cells:,}")
        schema = folder.table(s).schema
        expected = {key: kinds.get(key, pl.String()) for key in s.keys}
        expected |= dict.fromkeys(ESTIMATES, pl.Float64()) | {"suppressed": pl.Boolean()}
        if wrong := [name for name, kind in expected.items() if schema[name] != kind]:
            raise Failed(f"{s.statistic}: column {wrong[0]} must be {expected[wrong[0]]}")


def complete(folder: Folder) -> None:
    for s in folder.manifest.statistics:
        try:
            expected = folder.sheet(s).frame()
        except ValueError as error:
            raise Failed(f"{s.statistic}: {error}") from None
        if s.pairs == "selected" and not are_selected(s, folder.manifest, folder.zones, folder.table):
            raise Failed(f"{s.statistic}: its ends are not those that stand out in the tables of their totals")
        found = folder.table(s).select(s.keys)
        if found.equals(expected):
            continue
        if found.is_duplicated().any():
            raise Failed(f"{s.statistic}: a row is there twice")
        if absent := expected.join(found, on=list(s.keys), how="anti").height:
            raise Failed(f"{s.statistic}: {absent:,} of {s.cells:,} rows are missing and others stand in their stead")
        raise Failed(f"{s.statistic}: the rows are not in order")


def numbers(folder: Folder) -> None:
    for s in folder.manifest.statistics:
        if reason := _numbers(s, folder.table(s)):
            raise Failed(f"{s.statistic}: {reason}")


def _numbers(s: StatisticFacts, table: "pl.DataFrame") -> str | None:
    import polars as pl

    estimate, _, lower, upper, consistent = (pl.col(name) for name in ESTIMATES)
    suppressed = pl.col("suppressed")
    rules = {
        "suppressed must be true or false": suppressed.is_not_null(),
        "a row that is not suppressed lacks a number": suppressed | ~pl.any_horizontal(pl.col(ESTIMATES).is_null()),
        "a number is not finite": pl.all_horizontal(pl.col(ESTIMATES).is_finite()),
        "consistent is negative": consistent >= 0,
        "an estimate lies outside its interval": (lower <= estimate) & (estimate <= upper),
        **(_as_measured(s) if s.width is None else _as_estimated(s)),
    }
    held = table.select(rule.fill_null(name.startswith("suppressed") is False).all().alias(name)
                        for name, rule in rules.items())  # fmt: skip
    broken = [name for name, holds in held.row(0, named=True).items() if not holds]
    if broken:
        return broken[0]
    if s.suppression is None and bool(table["suppressed"].any()):
        return "rows are suppressed, and the manifest names no rule for it"
    usual = (table["upper"] - table["lower"]).median()
    if s.width is not None and isinstance(usual, float) and abs(usual / 2 - s.width) > FLOAT * (s.width + s.half_width):
        return "width is not half of its usual interval"
    return None


def _as_measured(s: StatisticFacts) -> "dict[str, pl.Expr]":
    """Each number is the measured one: its interval is that of the noise."""
    import polars as pl

    estimate, stderr, lower, upper, _ = (pl.col(name) for name in ESTIMATES)
    # sums of floats lose what is below the last digit of the larger one
    slack = FLOAT * (estimate.abs() + s.half_width)
    return {
        "stderr is not that of the noise": (stderr - s.stderr).abs() <= FLOAT * s.stderr,
        "an interval is not as wide as the noise": ((estimate - lower - s.half_width).abs() <= slack)
        & ((upper - estimate - s.half_width).abs() <= slack),
    }


def _as_estimated(s: StatisticFacts) -> "dict[str, pl.Expr]":
    """Numbers were corrected or combined with other levels: each has an error of its own."""
    import polars as pl

    estimate, stderr, lower, upper, _ = (pl.col(name) for name in ESTIMATES)
    slack = FLOAT * (estimate.abs() + upper - lower)
    half = (upper - lower) / 2
    least = s.stderr * (1 - FLOAT) if s.level is None and s.areas is None else 0.0
    return {
        "stderr is below that of the noise": (stderr >= least) & (stderr > 0),
        "an interval does not lie around its estimate": ((estimate - lower) - (upper - estimate)).abs() <= 2 * slack,
        "an interval is not as wide as its stderr": half.is_between(
            _LEAST_95 * stderr - slack, _MOST_95 * stderr + slack
        ),
    }


def adding_up(folder: Folder) -> None:
    """Does the consistent column add up from level to level?"""
    import numpy as np

    m = folder.manifest
    for coarse in m.statistics:
        if coarse.level is None or coarse.is_end:
            continue
        above, below = folder.sheet(coarse), folder.sheet(m.find(coarse.base))
        inside = _inside(below.of_place, above.of_place)
        if inside is None:  # an area that reaches over several regions
            continue
        fine = folder.table(m.find(coarse.base))["consistent"].fill_null(0).to_numpy()
        sums = _grid.Sheet(above.ids, above.grid, below.grid, inside).add_up(fine)
        found = folder.table(coarse)["consistent"].fill_null(0).to_numpy()
        if not np.allclose(sums, found, rtol=FLOAT, atol=1e-6):
            raise Failed(f"{coarse.statistic}: consistent is not the sum over the zones of {coarse.base}")


def silent(folder: Folder) -> None:
    """Are exactly those rows suppressed that a sensitive place isolates?"""
    if reason := wrong_marks(folder):
        raise Failed(reason)


def _inside(below: Int32, above: Int32) -> Int32 | None:
    """Place of a coarser sheet that holds each place of a finer one; None where one lies in several.

    below, above  int32[p]  place of either that holds each single zone
    """
    import numpy as np

    pairs = np.unique(np.column_stack([below, above]), axis=0)
    return pairs[:, 1] if np.array_equal(pairs[:, 0], np.arange(len(pairs))) else None
