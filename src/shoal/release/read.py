"""A release read back: its tables as Polars, pandas, GeoPandas or Arrow."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoal.errors import UsageError
from shoal.plan import PLACE
from shoal.release import _store, sentences, verify, words
from shoal.release._grid import split_keys
from shoal.release.manifest import Manifest
from shoal.release.statistic_facts import StatisticFacts

if TYPE_CHECKING:
    from datetime import date, datetime

    import geopandas as gpd
    import pandas as pd
    import polars as pl
    from matplotlib.figure import Figure

    from shoal.release._grid import Sheet
    from shoal.serve.notebook import MapPage
    from shoal.zones._base import Zones


def open_release(folder: str | Path) -> "Release":
    """Verify the release in `folder`, then read it.

    Raises `VerificationError` with the first check that fails, `UsageError` where there is no such folder.
    """
    folder = Path(folder)
    return Release(folder, verify.require(folder))


class NoSuchStatisticError(UsageError, KeyError):
    """A statistic that the release does not hold."""

    __str__ = Exception.__str__  # KeyError would put the sentence in quotes


class Release:
    """A release in memory as far as it is asked for: `release["presence"].to_polars()`."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """Trusts its arguments; `open_release` checks them."""
        self.folder = folder
        self.manifest = manifest

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the statistics, in the order of the plan; each has a table of that name."""
        return tuple(s.statistic for s in self.manifest.statistics if s.level is None)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of all tables: of the statistics, and of their sums by region and over all (`presence.region`)."""
        return tuple(s.statistic for s in self.manifest.statistics)

    def __getitem__(self, statistic: str) -> "Table":
        if statistic not in self.tables:
            near = get_close_matches(statistic, self.tables, 1, 0.0)[0]
            raise NoSuchStatisticError(
                f"{self.id} has no statistic {statistic!r}; the nearest is {near!r}, all are {', '.join(self.tables)}"
            )
        return Table(self, self.manifest.find(statistic))

    def __contains__(self, statistic: object) -> bool:
        return statistic in self.tables

    def __iter__(self) -> Iterator[str]:
        return iter(self.statistics)

    def __len__(self) -> int:
        return len(self.statistics)

    @cached_property
    def places(self) -> "Zones":
        """The zones in their order, as Shoal's own type."""
        return _store.read_zones(self.folder / "zones.parquet")

    @property
    def zones(self) -> "gpd.GeoDataFrame":
        """zone, name, parent, geometry (WGS 84), ascending by zone."""
        return _store.zone_frame(self.places)

    @cached_property
    def _named(self) -> "Zones | None":
        file = self.folder / "places.parquet"
        return None if self.manifest.places is None else _store.read_zones(file, _store.PLACE_COLUMNS)

    @property
    def named_places(self) -> "gpd.GeoDataFrame | None":
        """place, name, category, geometry (WGS 84), ascending by place; None where no statistic is counted by them."""
        return None if self._named is None else _store.zone_frame(self._named, _store.PLACE_COLUMNS)

    def zones_of(self, facts: StatisticFacts) -> "Zones":
        """What a statistic is counted by, as Shoal's own type: the zones, or the named places, parents = categories."""
        return self._named if facts.of_named_places and self._named is not None else self.places

    def map(
        self,
        statistic: str | None = None,
        *,
        hour: "str | datetime | None" = None,
        day: "str | date | None" = None,
        week: "str | date | None" = None,
        weekday: str | None = None,
        daypart: str | None = None,
        place: str | None = None,
    ) -> "MapPage":
        """The interactive map, in a notebook or saved as one file: `release.map("presence", hour="2026-03-04T08:00")`.

        statistic  shown first; default: the first of the plan
        hour, day, week, weekday, daypart  the time that is shown first, by the statistic's own time key; default: the
                   fullest. Hours without an offset are local to the release
        place      id of the place that is chosen first

        Holds its numbers, its code and a basemap, and asks no other machine for anything. Raises `UsageError`.
        """
        from shoal.serve.notebook import map_page

        times = {"hour": hour, "day": day, "week": week, "weekday": weekday, "daypart": daypart}
        return map_page(self, statistic, place=place, **times)

    def plot(
        self,
        statistic: str | None = None,
        *,
        hour: "str | datetime | None" = None,
        day: "str | date | None" = None,
        week: "str | date | None" = None,
        weekday: str | None = None,
        daypart: str | None = None,
        place: str | tuple[str, str] | None = None,
    ) -> "Figure":
        """A picture for papers, as a matplotlib `Figure`: `release.plot("presence", hour="2026-03-04T08:00")`.

        statistic  default: the first of the plan
        hour, day, week, weekday, daypart  the time of the map, by the statistic's own time key; default: the fullest
        place      id of a place (of pairs: both): its series over time, with the interval, instead of a map

        Says the unit, the interval and the guarantee. Raises `UsageError`.
        """
        from shoal.release.plot import plot

        times = {"hour": hour, "day": day, "week": week, "weekday": weekday, "daypart": daypart}
        return plot(self, statistic, place=place, **times)

    def __repr__(self) -> str:
        m = self.manifest
        mark = ", SYNTHETIC" if m.synthetic else ""
        loss = f"epsilon {words.number(m.privacy.epsilon)} for one device over one {m.privacy.unit}"
        return f"<Release {self.id}: {', '.join(self.statistics)}; {loss}{mark}>"

    def _repr_html_(self) -> str:
        m = self.manifest
        mark = f"<p><b>{escape(sentences.synthetic())}</b></p>" if m.synthetic else ""
        lines = "".join(
            f"<tr><td><code>{s.statistic}</code></td><td>{escape(words.rows(s))}</td>"
            f"<td style='text-align:right'>{s.cells:,}</td><td style='text-align:right'>{words.interval(s)}</td>"
            f"<td style='text-align:left'>{escape(s.value)}</td></tr>"
            for s in m.statistics
            if s.level is None
        )
        return (
            f"<div><b>{escape(m.source.name)}</b>, {words.period(m.period)} &middot; epsilon "
            f"{words.number(m.privacy.epsilon)} for one device over one {m.privacy.unit}{mark}"
            "<table><thead><tr><th>statistic</th><th>one row for each</th><th>rows</th><th>noise, 95 %</th>"
            f"<th style='text-align:left'>one number is</th></tr></thead><tbody>{lines}</tbody></table></div>"
        )


class Table:
    """One statistic of a release: key columns, then estimate, stderr, lower, upper, consistent, suppressed."""

    def __init__(self, release: Release, facts: StatisticFacts) -> None:
        self.release = release
        self.facts = facts

    @property
    def name(self) -> str:
        return self.facts.statistic

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns."""
        return self.facts.keys

    @property
    def places(self) -> tuple[str, ...]:
        """Those key columns that hold zones or named places: one, or a pair, such as origin and destination."""
        return split_keys(self.keys)[0]

    @cached_property
    def zones(self) -> "Zones":
        """What its places are: the release's zones or named places, or regions or areas that hold them."""
        zones = self.release.zones_of(self.facts)
        if self.facts.is_end or (self.facts.level is None and self.facts.areas is None):
            return zones
        from shoal.release._regions import put_together

        kind = PLACE if self.facts.of_named_places else self.release.manifest.zones.kind
        return put_together(self.facts, kind, zones)

    @cached_property
    def sheet(self) -> "Sheet":
        """What its rows are about, and how those of single zones add up to them."""
        from shoal.release._grid import calendar_of, sheet_of

        manifest = self.release.manifest
        return sheet_of(self.facts, manifest, self.release.zones_of(self.facts), calendar_of(manifest))

    def to_polars(self) -> "pl.DataFrame":
        return _store.read_table(self.release.folder / "tables" / f"{self.name}.parquet")

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`."""
        return self.to_polars().to_arrow()

    def to_pandas(self) -> "pd.DataFrame":
        """Classes in their order, not in that of the alphabet."""
        import pandas as pd

        from shoal.keys import CLASS

        frame = self.to_polars().to_pandas()
        if CLASS in frame:
            frame[CLASS] = pd.Categorical(frame[CLASS], [c.label for c in self.facts.classes], ordered=True)
        return frame

    def to_geopandas(self) -> "gpd.GeoDataFrame":
        """Each row with its zone's geometry; a pair of zones with the line between their centres. WGS 84."""
        import geopandas as gpd
        import numpy as np
        import shapely

        frame = self.to_polars()
        zones = self.zones
        places = [zones.index_of(frame[column].to_list()) for column in self.places]
        if len(places) == 1:
            geometry: Any = zones.shapes[places[0]]
        else:
            centres = zones.centres[:, ::-1]  # longitude first
            geometry = shapely.linestrings(np.stack([centres[places[0]], centres[places[1]]], axis=1))
        return gpd.GeoDataFrame(frame.to_pandas(), geometry=geometry, crs="EPSG:4326")

    def shares(self) -> "pl.DataFrame":
        """See `derived.shares`."""
        from shoal.release.derived import shares

        return shares(self)

    def quantiles(self, share: float = 0.5) -> "pl.DataFrame":
        """See `derived.quantiles`."""
        from shoal.release.derived import quantiles

        return quantiles(self, share)

    def density(self) -> "pl.DataFrame":
        """See `derived.density`."""
        from shoal.release.derived import density

        return density(self)

    def scaled(self, census: Mapping[str, float], *, by_parent: bool = False) -> "pl.DataFrame":
        """See `derived.scaled`."""
        from shoal.release.derived import scaled

        return scaled(self, census, by_parent=by_parent)

    def standing_out(self, share: float = 0.01) -> "pl.DataFrame":
        """See `derived.standing_out`."""
        from shoal.release.derived import standing_out

        return standing_out(self, share)

    def change(self, *earlier: Release) -> "pl.DataFrame":
        """See `change.change`."""
        from shoal.release.change import change

        return change(self, earlier)

    def __len__(self) -> int:
        return self.facts.cells

    def __repr__(self) -> str:
        noise = words.interval(self.facts)
        return f"<Table {self.name}: {words.rows(self.facts)}, {len(self):,} rows, noise {noise} (95 %)>"

    def _repr_html_(self) -> str:
        head = self.to_polars().head(5)
        cells = "".join(
            "<tr>" + "".join(f"<td>{escape(_cell(value, self.facts.usual_width))}</td>" for value in row) + "</tr>"
            for row in head.iter_rows()
        )
        names = "".join(f"<th>{escape(name)}</th>" for name in head.columns)
        more = f"<p>{len(self):,} rows, noise {words.interval(self.facts)} (95 %). {escape(self.facts.value)}</p>"
        return (
            f"<div><b>{self.name}</b><table><thead><tr>{names}</tr></thead><tbody>{cells}</tbody></table>{more}</div>"
        )


def _cell(value: object, half_width: float) -> str:
    return words.amount(value, half_width) if isinstance(value, float) else "" if value is None else str(value)
