"""One statistic as a picture for papers: a map at one time, or the series of one place; with interval and guarantee.

The picture is a matplotlib `Figure` that belongs to nobody else: no pyplot, no global state. Save it with
`figure.savefig("presence.pdf")`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from shoal._arrays import Bool
from shoal.errors import UsageError
from shoal.keys import CLASS
from shoal.release import _map, words
from shoal.release._grid import split_keys
from shoal.release._map import INK, NOISE, PAPER, QUIET, Frame, text
from shoal.release._panel import Flows, Places, capital, draw_panel, flows_of, places_of
from shoal.release._published import PublishedRelease, PublishedTable

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 6.3
"""Inches: a page of A4 between its margins."""
UNCLEAR = "#efe3d3"
"""Zones whose number noise alone could have made."""
LINE = "#007899"


def plot(
    release: PublishedRelease,
    statistic: str | None = None,
    *,
    place: str | tuple[str, str] | None = None,
    **times: Any,
) -> "Figure":
    """A map of a statistic at one time, or with `place` how it goes there over time.

    statistic  a table; default: the first of the plan
    place      id of a zone (of pairs: of both), whose series is drawn; a table of one place is always a series
    times      hour, day, week, weekday or daypart, by the statistic's own time key; default: the time with the largest
               total, of flows the whole period

    Raises `UsageError` for what the release does not hold.
    """
    table = release[statistic or release.manifest.statistics[0].statistic]
    at = _time(table, {name: value for name, value in times.items() if value is not None})
    if place is None and len(table.zones) > 1:
        return _map_of(table, at)
    if at is not None:
        raise UsageError(
            f"{table.name} at one place is drawn over all its times; leave {split_keys(table.keys)[1]} out"
        )
    return _series_of(table, _place(table, place))


def _time(table: PublishedTable, given: Mapping[str, Any]) -> Any:
    """The value of the time key that is meant; None where none was given."""
    _, time = split_keys(table.keys)
    if not given:
        return None
    (name, value), *more = given.items()
    if more or name != time:
        own = "no times" if time is None else f"one {time}"
        raise UsageError(f"{table.name} can't be drawn by {name}; it has {own}")
    known = table.to_polars()[time].unique(maintain_order=True).to_list()
    wanted = _read(table, name, value)
    if wanted not in known:
        near = f"they go from {_said(known[0])} to {_said(known[-1])}" if time in ("hour", "day", "week") else ""
        listed = near or f"they are {', '.join(known)}"
        raise UsageError(f"{table.name} has no {name} {_said(value)}; {listed}")
    return known[known.index(wanted)]  # the table's own: Polars compares no instants of two time zones


def _read(table: PublishedTable, name: str, value: Any) -> Any:
    """A text as a value of the time key; hours without an offset are local."""
    try:
        if name == "hour":
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            zone = ZoneInfo(table.release.manifest.period.timezone)
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if name in ("day", "week"):
            day = value.date() if isinstance(value, datetime) else value
            return day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError:
        form = "2026-03-02T08:00" if name == "hour" else "2026-03-02"
        raise UsageError(f"{name} {value!r} is no time; write it as {form}") from None
    return value


def _said(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else repr(value)


def _place(table: PublishedTable, place: str | tuple[str, str] | None) -> tuple[str, ...]:
    if place is None:
        return table.zones.ids * len(table.places)
    found = (place,) if isinstance(place, str) else tuple(place)
    if len(found) != len(table.places):
        raise UsageError(
            f"{table.name} is counted by {' and '.join(table.places)}; give place as "
            + ("one id" if len(table.places) == 1 else "a pair of ids")
        )
    for one in found:
        if one not in table.zones.ids:
            near = get_close_matches(one, table.zones.ids, 1, 0.0)
            raise UsageError(f"{table.name} knows no place {one!r}; the nearest is {near[0]!r}")
    return found


# --- a map


def _map_of(table: PublishedTable, at: Any) -> "Figure":
    panel: Places | Flows = flows_of(table, at) if len(table.places) == 2 else places_of(table, at)
    release = table.release
    frame = Frame.around(release.places, table.zones)
    width = WIDTH - 0.6
    height = float(np.clip(width / frame.aspect, 2.2, 6.5))
    figure, page, size = _page(table, height + 2.5)
    map_ = figure.add_axes((0.3 / size[0], 1.68 / size[1], width / size[0], height / size[1]), label="map")
    legend = figure.add_axes((0.3 / size[0], 0.72 / size[1], width / size[0], 0.55 / size[1]), label="legend")
    legend.set(xlim=(0, width), ylim=(0, 0.55))
    legend.set_axis_off()
    _map.prepare(map_, frame)
    title, below = draw_panel(panel, map_, legend, frame, frame.inches(width, height), release)
    unit = words.unit(table.facts, release.manifest.source.kind)
    _title(page, size, title if at is None else title.removesuffix(" at the busiest hour"), below)
    if isinstance(panel, Places):
        _mark(map_, table, at, panel)
        text(legend, 0, 0.54, unit, fontsize=7.5, color=INK)
        if np.isnan(panel.values).any():
            text(page, 0.3, 0.5, "hatched: suppressed, no number is published", fontsize=7.5, color=QUIET)
    elif len(panel.values):
        text(legend, 0, 0.56, unit, fontsize=7.5, color=INK)
    return figure


def _mark(axes: "Axes", table: PublishedTable, at: Any, panel: Places) -> None:
    """Zones that noise alone could have made are pale brown, those that are suppressed hatched."""
    unclear, gone = _states(table, at, panel)
    zones = table.zones
    for chosen, style in (
        (unclear, {"facecolor": UNCLEAR, "edgecolor": PAPER, "linewidth": 0.35, "label": "could be noise alone"}),
        (gone, {"facecolor": "none", "edgecolor": QUIET, "linewidth": 0.2, "hatch": "////", "label": "suppressed"}),
    ):
        if chosen.any():
            _map.overlay(axes, zones, chosen, **style)


def _states(table: PublishedTable, at: Any, panel: Places) -> tuple[Bool, Bool]:
    """bool[z] each: which places could be noise, and which have no number.

    It could be noise where the interval holds zero, or where what is shown is within the noise of a usual number.
    """
    import polars as pl

    gone = np.isnan(panel.values)
    unclear = ~gone & (np.nan_to_num(panel.values) <= panel.half_width)
    if table.facts.classes:  # sums over classes have no interval in the table
        return unclear, gone
    _, time = split_keys(table.keys)
    frame = table.to_polars().filter(~pl.col("suppressed"))
    if time is not None:
        shown = at
        if shown is None:
            totals = frame.group_by(time, maintain_order=True).agg(pl.col("consistent").sum())
            shown = totals.sort("consistent", descending=True, maintain_order=True)[time][0] if totals.height else None
        frame = frame.filter(pl.col(time) == shown)
    holds = frame.filter((pl.col("lower") <= 0) & (pl.col("upper") >= 0))
    unclear[table.zones.index_of(holds[table.places[0]].to_list())] = True
    return unclear, gone


# --- a series


def _series_of(table: PublishedTable, place: tuple[str, ...]) -> "Figure":
    import polars as pl

    frame = table.to_polars()
    for column, one in zip(table.places, place, strict=True):
        frame = frame.filter(pl.col(column) == one)
    if frame.is_empty():
        raise UsageError(
            f"{table.name} has no rows from {place[0]!r} to {place[-1]!r}: such a pair was not measured; choose another"
        )
    _, time = split_keys(table.keys)
    figure, page, size = _page(table, 4.1)
    axes = figure.add_axes((0.75 / size[0], 1.2 / size[1], (WIDTH - 1.1) / size[0], 2.0 / size[1]), label="series")
    by_class = frame.partition_by(CLASS, maintain_order=True) if CLASS in frame.columns and time else [frame]
    for number, part in enumerate(by_class):
        _draw_series(axes, part, time or CLASS, number, len(by_class), table)
    unit = words.unit(table.facts, table.release.manifest.source.kind)
    axes.set_ylabel(unit, color=INK, fontsize=8.5)
    axes.axhline(0, color=QUIET, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.xaxis.get_offset_text().set(size=7.5, color=QUIET)
    axes.tick_params(labelsize=7.5, colors=QUIET)
    if len(by_class) > 1:
        axes.legend(fontsize=7, frameon=False, ncols=4, loc="upper right")
    m = table.release.manifest
    below = f"{capital(unit)}, {words.period(m.period)}, local time of {m.period.timezone}"
    _title(page, size, f"{capital(table.facts.base.replace('_', ' '))}: {_named(table, place)}", below)
    note = "line: estimate, unbiased, may be negative; band" if time == "hour" else "dots: estimates, unbiased; bars"
    text(page, 0.75, 0.66, f"{note}: 95 % interval; gaps: suppressed", fontsize=7.5, color=QUIET)
    return figure


def _named(table: PublishedTable, place: tuple[str, ...]) -> str:
    names = dict(zip(table.zones.ids, table.zones.names, strict=True))
    return " to ".join(names[one] or one for one in place)


def _draw_series(axes: "Axes", frame: "pl.DataFrame", key: str, number: int, of: int, table: PublishedTable) -> None:
    """Estimates with their intervals along one key; a row that is suppressed is a gap."""
    colour = LINE if of == 1 else _map.depths()(0.25 + 0.7 * number / max(1, of - 1))
    label = frame[CLASS][0] if of > 1 else None
    estimate, lower, upper = (frame[name].to_numpy() for name in ("estimate", "lower", "upper"))
    if key == "hour":
        hours: Any = frame[key].to_list()
        _hours(axes, table)
        axes.fill_between(hours, lower, upper, color=colour, alpha=0.22, lw=0)
        axes.plot(hours, estimate, color=colour, lw=1.1, label=label)
        axes.margins(x=0)
        return
    names = frame[key].to_list() if key in frame.columns else ["whole period"]
    x = np.arange(len(names)) + (number - (of - 1) / 2) * 0.6 / of
    errors = np.abs(np.stack([estimate - lower, upper - estimate]))
    style: dict[str, Any] = {"fmt": "o", "ms": 3.5, "color": colour, "capsize": 2.5, "lw": 0.9, "label": label}
    axes.errorbar(x, estimate, yerr=errors, **style)
    every = -(-len(names) // 12)
    axes.set_xticks(range(0, len(names), every), [_short(name) for name in names[::every]])


def _short(name: Any) -> str:
    return f"{name:%a} {name.day} {name:%b}" if isinstance(name, date) else str(name)


def _hours(axes: "Axes", table: PublishedTable) -> None:
    """Local time along the axis, whatever clock the machine has."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    zone = ZoneInfo(table.release.manifest.period.timezone)
    locator = AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]


# --- what every picture has


def _page(table: PublishedTable, height: float) -> "tuple[Figure, Axes, tuple[float, float]]":
    """An empty figure with its foot: the guarantee, the release, and that it is simulated where it is."""
    from matplotlib.figure import Figure

    size = (WIDTH, height)
    figure = Figure(figsize=size, dpi=200, facecolor=PAPER)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(0, size[1]), label="page")  # in inches
    page.set_axis_off()
    m = table.release.manifest
    p = m.privacy
    foot = [
        f"Differential privacy: epsilon {words.number(p.epsilon)}, delta {words.number(p.delta)} for one device "
        f"over one {p.unit}. Usual interval {words.interval(table.facts)}, 95 %.",
        f"{m.source.name}, release {m.id}. Devices, not people.",
    ]
    for row, sentence in enumerate(reversed(foot)):
        text(page, 0.3, 0.14 + 0.15 * row, sentence, fontsize=7, color=QUIET, va="baseline")
    if m.synthetic:
        style = {"fontsize": 8, "color": NOISE, "weight": "bold", "ha": "right", "va": "baseline"}
        text(page, size[0] - 0.3, size[1] - 0.36, "SYNTHETIC", **style)
    return figure, page, size


def _title(page: "Axes", size: tuple[float, float], title: str, below: str) -> None:
    large = min(12.0, 95 * 5 / max(1, len(title)))
    text(page, 0.3, size[1] - 0.36, title, fontsize=large, color=INK, weight="bold", va="baseline")
    shown = below if len(below) <= 105 else below[:104] + "…"
    text(page, 0.3, size[1] - 0.58, shown, fontsize=8, color=QUIET, va="baseline")
