"""What one map of a release shows, and its drawing: numbers of zones, or the largest numbers of pairs, at one time."""

from dataclasses import dataclass
from datetime import date, datetime
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from shoal._arrays import Float64, Int32
from shoal.release import _map, words
from shoal.release._grid import split_keys
from shoal.release._map import INK, NOISE, QUIET, Frame, text
from shoal.release._published import PublishedRelease as Release
from shoal.release._published import PublishedTable as Table

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes

MOST_FLOWS = 80
_TITLE = {
    "flows": "Largest flows",
    "catchment": "From home to zone",
    "stay_home": "Days without a trip",
    "dwell": "Stays of any length",
    "distance": "Days of residents",
    "gyration": "Residents",
}
_COUNTED = {
    "presence": "Devices in each zone",
    "visits": "Stays that began in each zone",
    "visitors": "Devices that stayed in each zone",
    "residents": "Devices at home in each zone",
    "dwell": "Stays that began in each zone",
    "distance": "Days of devices by their home",
    "gyration": "Devices at home in each zone",
    "stay_home": "Days of devices by their home",
}


@dataclass(frozen=True, eq=False)
class Places:
    """Values by zone, or by named place, at one time or over the whole period, all classes together."""

    table: Table
    when: str
    values: Float64
    half_width: float


@dataclass(frozen=True, eq=False)
class Flows:
    """The largest values by pair, over the whole period or at one time, that stand out of their noise, descending."""

    table: Table
    when: str
    pairs: Int32
    values: Float64
    half_width: float
    hidden: int


def at_time(frame: "pl.DataFrame", table: Table, at: object = None) -> "tuple[pl.DataFrame, str]":
    """The rows of one time, and when that is; all rows where the table has no time key.

    at  value of the time key; None: the time with the largest total
    """
    import polars as pl

    _, time = split_keys(table.keys)
    if time is None:
        return frame, "over the whole period"
    if at is not None:
        return frame.filter(pl.col(time) == at), when(at, time)
    totals = frame.group_by(time, maintain_order=True).agg(pl.col("consistent").sum())
    busiest = totals.sort("consistent", descending=True, maintain_order=True)[time][0] if totals.height else None
    return frame.filter(pl.col(time) == busiest), when(busiest, time)


def places_of(table: Table, at: object = None) -> Places:
    """The consistent values at one time (None: that with the largest total).

    Of a table with classes the sums of the estimates over them, whose errors add up in squares.
    """
    import polars as pl

    frame, said = at_time(table.to_polars().filter(~pl.col("suppressed")), table, at)
    (place,), classes = table.places, len(table.facts.classes)
    shown = frame.select(place, value="consistent")
    if classes:
        sums = frame.group_by(place, maintain_order=True).agg(pl.col("estimate").sum().alias("value"), pl.len())
        shown = sums.filter(pl.col("len") == classes)  # a sum of some of them would look small, not unknown
    values = np.full(len(table.zones), np.nan)
    values[table.zones.index_of(shown[place].to_list())] = shown["value"].to_numpy()
    return Places(table, said, values, table.facts.usual_width * max(1, classes) ** 0.5)


def when(value: object, time: str) -> str:
    """A value of a time key in words."""
    if isinstance(value, datetime):
        return f"{value:%A} {value.day} {value:%B %Y}, {value:%H:%M}"
    if isinstance(value, date):
        return f"{'week of ' if time == 'week' else ''}{value:%A} {value.day} {value:%B %Y}"
    return str(value)


def flows_of(table: Table, at: object = None) -> Flows:
    """Sums of the unbiased estimates over all times: their errors add up in squares, so the sums' are known.

    at  the numbers of this time alone

    Devices don't add up over time: of another statistic than flows, the time with the largest total.

    Among thousands of empty pairs one in forty exceeds its interval by chance, and the largest of those would fill the
    map. So a pair is drawn only beyond what the noise of all pairs together exceeds once in twenty releases.
    """
    import polars as pl

    frame, said = table.to_polars().filter(~pl.col("suppressed")), "whole period"
    if at is not None or (table.facts.base != "flows" and split_keys(table.keys)[1]):
        frame, said = at_time(frame, table, at)
    one, other = table.places
    sums = (
        frame.group_by(table.places, maintain_order=True)
        .agg(pl.col("estimate").sum(), (pl.col("stderr") ** 2).sum().sqrt())
        .filter(pl.col(one) != pl.col(other))
        .sort("estimate", descending=True, maintain_order=True)
    )
    deviations = table.facts.half_width / table.facts.stderr
    tail = deviations * NormalDist().inv_cdf(1 - 0.05 / max(2, sums.height)) / NormalDist().inv_cdf(0.975)
    clear = sums.filter(pl.col("estimate") > pl.col("stderr") * tail)
    half_width = deviations * float(np.median(sums["stderr"].to_numpy())) if sums.height else 0.0
    shown = clear.head(MOST_FLOWS)
    ends = [table.zones.index_of(shown[place].to_list()) for place in table.places]
    return Flows(
        table, said, np.column_stack(ends), shown["estimate"].to_numpy(), half_width, clear.height - shown.height
    )


def draw_panel(
    panel: Places | Flows, axes: "Axes", legend: "Axes", frame: Frame, inches: float, release: Release
) -> tuple[str, str]:
    """Draw one map and its legend; title and line below it."""
    zones = panel.table.zones
    named = panel.table.facts.of_named_places
    if named:  # as circles, for they are too small to be seen on a map of all zones
        _map.draw_zones(axes, release.places, None, 1.0)
        zones = _map.as_points(zones)
    if isinstance(panel, Places):
        facts = panel.table.facts
        name = facts.base
        top = max(float(np.nanmax(panel.values, initial=0)), panel.half_width)
        _map.draw_zones(axes, zones, panel.values, top)
        _map.label_largest(axes, zones, panel.values, top, 5, inches, frame.stretch)
        places_legend(legend, top, panel.half_width, len(zones) if _map.is_points(zones) else 0)
        title = _TITLE.get(name, capital(name.replace("_", " ")))
        counted = _COUNTED.get(name, f"{title} in each zone")
        if release.manifest.source.kind == "trips":
            arrivals = {"visits": "Arrivals in each zone", "visitors": "Devices that arrived in each zone"}
            counted = arrivals.get(name, counted)
        if facts.is_end:
            title = f"{capital(name)} by {facts.level}"
            counted = f"{title}, all pairs together"
        elif facts.level is not None:
            title, counted = f"{title} by region", counted.replace("each zone", "each region")
        if named:
            counted = counted.replace("zone", "named place").replace("region", "category")
            title = title.replace("region", "category")
        if facts.base == "presence" and facts.keys[1:] == ("hour",):
            title += " at the busiest hour"
        return title, f"{counted}, {panel.when}"
    _map.draw_zones(axes, zones, None, 1.0)
    noise = f"±{words.amount(panel.half_width, panel.half_width)}"
    top = float(panel.values.max(initial=0))
    flows = panel.table.facts.base == "flows"
    title = _TITLE.get(panel.table.facts.base, capital(panel.table.facts.base.replace("_", " ")))
    if not top:
        what = "No sum over the whole period" if flows else f"{capital(panel.when)}: no number"
        return title, f"{what} stands out of its noise, {noise} at 95 %"
    _map.draw_flows(axes, frame, zones, panel.pairs, panel.values, top)
    widest = _map.WIDEST * min(frame.width, frame.height) * inches
    flows_legend(legend, top, widest, f"each number {noise} at 95 %")
    many = f"{len(panel.values)} of {len(panel.values) + panel.hidden:,}" if panel.hidden else "all"
    counted = "Trips between zones" if flows else "Devices that stayed"
    return title, f"{counted}, {panel.when}; {many} that no noise explains"


def capital(line: str) -> str:
    return line[:1].upper() + line[1:]


def places_legend(axes: "Axes", top: float, half_width: float, circles: int) -> None:
    """A bar on the square-root scale of the colours with the reach of the noise on it, or `circles` in their sizes."""
    right = 2.6
    ticks = sorted({_map.round_down(top / part) for part in (20, 4, 1)})
    note = f"each number ±{words.amount(half_width, half_width)} at 95 %"
    text(axes, right + 0.25, 0.35, note, fontsize=8.5, color=INK, va="center")
    if circles:
        for number, tick in enumerate(ticks):
            x = 0.15 + 0.9 * number
            area = _map.circle_area(np.array([tick]), top, circles)
            axes.scatter([x], [0.35], s=area, color=_map.depths()((tick / top) ** 0.5), lw=0, clip_on=False)
            radius = float(area[0] / np.pi) ** 0.5 / 72
            text(axes, x + radius + 0.06, 0.35, f"{tick:,g}", fontsize=8, color=QUIET, va="center")
        return
    ramp = (np.arange(256) / 255)[None, :]
    limits = axes.get_xlim()
    axes.imshow(ramp, extent=(0, right, 0.28, 0.42), aspect="auto", cmap=_map.depths())
    axes.set(xlim=limits, ylim=(0, 0.55))  # imshow has moved them
    for tick in (0.0, *ticks):
        x = right * (tick / top) ** 0.5
        axes.plot([x, x], [0.22, 0.28], color=QUIET, lw=0.7)
        text(axes, x, 0.18, f"{tick:,g}", fontsize=7.5, color=QUIET, ha="center", va="top", clip_on=False)
    reach = right * min(1.0, half_width / top) ** 0.5
    axes.plot([0, reach], [0.46, 0.46], color=NOISE, lw=2.2, solid_capstyle="butt")
    text(axes, right + 0.25, 0.16, "brown: could be noise alone", fontsize=7.5, color=NOISE, va="center")


def flows_legend(axes: "Axes", top: float, widest: float, note: str) -> None:
    """Two flows as wide as on the map; `widest` in inches belongs to `top`."""
    for number, value in enumerate((_map.round_down(top / 5), _map.round_down(top))):
        x, half = 1.3 * number, widest * value / top / 2
        wedge = [(x, 0.35 + half), (x + 0.5, 0.35 + half / 10), (x + 0.5, 0.35 - half / 10), (x, 0.35 - half)]
        axes.fill(*zip(*wedge, strict=True), color=_map.ARC, alpha=0.85, lw=0.4)
        text(axes, x + 0.58, 0.35, f"{value:,g}", fontsize=8, color=QUIET, va="center")
    text(axes, 2.85, 0.35, note, fontsize=8.5, color=INK, va="center")
    text(axes, 0, 0.12, "from the thick end to the thin end", fontsize=7.5, color=QUIET, va="center")
