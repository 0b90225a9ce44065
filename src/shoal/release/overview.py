"""overview.png: a release at a glance, drawn from the release alone. Stands in for the explorer until there is one."""

import io
import warnings
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from shoal._arrays import Float64, Int32
from shoal.errors import StateError, UsageError
from shoal.release import _map, words
from shoal.release._grid import split_keys
from shoal.release._map import INK, NOISE, PAPER, QUIET, Frame, text
from shoal.release.read import Release, Table

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes

PREFERRED = ("presence", "visits", "residents", "visitors", "stay_home", "dwell", "distance", "gyration")
PAIRS = ("flows", "catchment")
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
class _Places:
    """Values by zone, or by named place, at one time or over the whole period, all classes together."""

    table: Table
    when: str
    values: Float64
    half_width: float


@dataclass(frozen=True, eq=False)
class _Flows:
    """The largest values by pair, over the whole period or at one time, that stand out of their noise, descending."""

    table: Table
    when: str
    pairs: Int32
    values: Float64
    half_width: float
    hidden: int


def overview(release: Release, to: str | Path) -> Path:
    """Draw the release to the file `to` (.png) and give its path.

    On the left presence at its busiest hour (else the next of `PREFERRED`), on the right the largest flows over the
    period (else the catchment); one map where the release has only one of them. Named places come last, as circles on
    the zones. Raises `UsageError` for another ending or a missing folder, `StateError` where the disk fails.
    """
    to = Path(to)
    if to.suffix.lower() != ".png":
        raise UsageError(f"{to}: the picture is a .png; name the file so")
    if not to.parent.is_dir():
        raise UsageError(f"{to}: the folder {to.parent} does not exist; make it first or choose another")
    try:
        to.write_bytes(draw(release))
    except OSError as error:
        reason = (error.strerror or "the disk failed").lower()
        raise StateError(f"{to}: can't be written ({reason}); make room or choose another folder") from None
    return to


def draw(release: Release) -> bytes:
    """The picture as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = _panels(release)
    frame = Frame.around(release.places, *(release.zones_of(p.table.facts) for p in panels))
    height = 4.5
    width = float(np.clip(height * frame.aspect, 4.8, 8.4))
    height = min(height, max(2.5, width / frame.aspect))
    size = (0.5 + (width + 0.5) * len(panels), height + 2.9)
    figure = Figure(figsize=size, dpi=160, facecolor=PAPER)
    FigureCanvasAgg(figure)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(0, size[1]))  # in inches
    page.set_axis_off()
    _head(page, release, size)
    for number, panel in enumerate(panels):
        left = 0.5 + number * (width + 0.5)
        map_ = figure.add_axes((left / size[0], 1.47 / size[1], width / size[0], height / size[1]))
        legend = figure.add_axes((left / size[0], 0.62 / size[1], width / size[0], 0.55 / size[1]))
        legend.set(xlim=(0, width), ylim=(0, 0.55))  # in inches
        legend.set_axis_off()
        _map.prepare(map_, frame)
        title, below = _draw_panel(panel, map_, legend, frame, frame.inches(width, height), release)
        text(page, left, size[1] - 1.12, title, fontsize=11, color=INK, weight="bold", va="baseline")
        text(page, left, size[1] - 1.31, below, fontsize=8.5, color=QUIET, va="baseline")
    sink = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a script that the font lacks shows as boxes; no reason to shout
        figure.savefig(sink, format="png", metadata={"Software": "Shoal"})
    return sink.getvalue()


def _head(page: "Axes", release: Release, size: tuple[float, float]) -> None:
    m = release.manifest
    p = m.privacy
    large = min(17.0, 95 * (size[0] - 2) / len(m.source.name))  # a long name gets smaller letters
    text(page, 0.5, size[1] - 0.5, m.source.name, fontsize=large, color=INK, weight="bold", va="baseline")
    line = f"{words.period(m.period)}, epsilon {words.number(p.epsilon)} per {p.unit}"
    text(page, 0.5, size[1] - 0.75, line, fontsize=9.5, color=QUIET, va="baseline")
    foot = [f"Differential privacy for one device over one {p.unit}.", f"Shoal, release {m.id}."]
    if m.synthetic:
        style = {"fontsize": 8.5, "color": NOISE, "weight": "bold", "ha": "right", "va": "baseline"}
        text(page, size[0] - 0.5, size[1] - 0.5, "SYNTHETIC", **style)
        foot.insert(0, "Simulated records: says nothing about any real place.")
    for row, sentence in enumerate(reversed(foot)):
        text(page, 0.5, 0.14 + 0.14 * row, sentence, fontsize=7, color=QUIET, va="baseline")


def _panels(release: Release) -> list[_Places | _Flows]:
    """What to draw, at most two maps."""
    tables = [release[name] for name in release.statistics]
    areas = sorted(
        (t for t in tables if len(t.places) == 1),
        key=lambda t: (t.facts.of_named_places, PREFERRED.index(t.name) if t.name in PREFERRED else len(PREFERRED)),
    )
    pairs = sorted(
        (t for t in tables if len(t.places) == 2), key=lambda t: PAIRS.index(t.name) if t.name in PAIRS else len(PAIRS)
    )
    panels: list[_Places | _Flows] = [_places(t) for t in areas[: 1 if pairs else 2]]
    return panels + [_flows(release, t) for t in pairs[:1]]


def _at_busiest(frame: "pl.DataFrame", table: Table) -> "tuple[pl.DataFrame, str]":
    """The rows of the time with the largest total, and when that is; all rows where the table has no time key."""
    import polars as pl

    _, time = split_keys(table.keys)
    if time is None:
        return frame, "over the whole period"
    totals = frame.group_by(time, maintain_order=True).agg(pl.col("consistent").sum())
    busiest = totals.sort("consistent", descending=True, maintain_order=True)[time][0] if totals.height else None
    return frame.filter(pl.col(time) == busiest), _when(busiest)


def _places(table: Table) -> _Places:
    """The consistent values at the time with the largest total; of a table with classes the estimates' sums over them,
    whose errors add up in squares."""
    import polars as pl

    frame, when = _at_busiest(table.to_polars().filter(~pl.col("suppressed")), table)
    (place,), classes = table.places, len(table.facts.classes)
    shown = frame.select(place, value="consistent")
    if classes:
        sums = frame.group_by(place, maintain_order=True).agg(pl.col("estimate").sum().alias("value"), pl.len())
        shown = sums.filter(pl.col("len") == classes)  # a sum of some of them would look small, not unknown
    values = np.full(len(table.zones), np.nan)
    values[table.zones.index_of(shown[place].to_list())] = shown["value"].to_numpy()
    return _Places(table, when, values, table.facts.usual_width * max(1, classes) ** 0.5)


def _when(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%A} {value.day} {value:%B %Y}, {value:%H:%M}"
    if isinstance(value, date):
        return f"{value:%A} {value.day} {value:%B %Y}"
    return str(value)


def _flows(release: Release, table: Table) -> _Flows:
    """Sums of the unbiased estimates over all times: their errors add up in squares, so the sums' are known.

    Devices don't add up over time: of another statistic than flows, the time with the largest total.

    Among thousands of empty pairs one in forty exceeds its interval by chance, and the largest of those would fill the
    map. So a pair is drawn only beyond what the noise of all pairs together exceeds once in twenty releases.
    """
    import polars as pl

    frame, when = table.to_polars().filter(~pl.col("suppressed")), "whole period"
    if table.name != "flows" and split_keys(table.keys)[1]:
        frame, when = _at_busiest(frame, table)
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
    ends = [release.places.index_of(shown[place].to_list()) for place in table.places]
    return _Flows(
        table, when, np.column_stack(ends), shown["estimate"].to_numpy(), half_width, clear.height - shown.height
    )


def _draw_panel(
    panel: _Places | _Flows, axes: "Axes", legend: "Axes", frame: Frame, inches: float, release: Release
) -> tuple[str, str]:
    """Draw one map and its legend; title and line below it."""
    zones = panel.table.zones
    named = panel.table.facts.of_named_places
    if named:  # as circles, for they are too small to be seen on a map of all zones
        _map.draw_zones(axes, release.places, None, 1.0)
        zones = _map.as_points(zones)
    if isinstance(panel, _Places):
        name = panel.table.name
        top = max(float(np.nanmax(panel.values, initial=0)), panel.half_width)
        _map.draw_zones(axes, zones, panel.values, top)
        _map.label_largest(axes, zones, panel.values, top, 5, inches, frame.stretch)
        _places_legend(legend, top, panel.half_width, len(zones) if _map.is_points(zones) else 0)
        title = _TITLE.get(name, _capital(name.replace("_", " ")))
        if name == "presence" and panel.table.keys[1:] == ("hour",):
            title += " at the busiest hour"
        counted = _COUNTED.get(name, f"{title} in each zone")
        if release.manifest.source.kind == "trips":
            arrivals = {"visits": "Arrivals in each zone", "visitors": "Devices that arrived in each zone"}
            counted = arrivals.get(name, counted)
        if named:
            counted = counted.replace("zone", "named place")
        return title, f"{counted}, {panel.when}"
    _map.draw_zones(axes, zones, None, 1.0)
    noise = f"±{words.amount(panel.half_width, panel.half_width)}"
    top = float(panel.values.max(initial=0))
    flows = panel.table.name == "flows"
    title = _TITLE.get(panel.table.name, _capital(panel.table.name.replace("_", " ")))
    if not top:
        what = "No sum over the whole period" if flows else f"{_capital(panel.when)}: no number"
        return title, f"{what} stands out of its noise, {noise} at 95 %"
    _map.draw_flows(axes, frame, zones, panel.pairs, panel.values, top)
    widest = _map.WIDEST * min(frame.width, frame.height) * inches
    _flows_legend(legend, top, widest, f"each number {noise} at 95 %")
    many = f"{len(panel.values)} of {len(panel.values) + panel.hidden:,}" if panel.hidden else "all"
    counted = "Trips between zones" if flows else "Devices that stayed"
    return title, f"{counted}, {panel.when}; {many} that no noise explains"


def _capital(line: str) -> str:
    return line[:1].upper() + line[1:]


def _places_legend(axes: "Axes", top: float, half_width: float, circles: int) -> None:
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


def _flows_legend(axes: "Axes", top: float, widest: float, note: str) -> None:
    """Two flows as wide as on the map; `widest` in inches belongs to `top`."""
    for number, value in enumerate((_map.round_down(top / 5), _map.round_down(top))):
        x, half = 1.3 * number, widest * value / top / 2
        wedge = [(x, 0.35 + half), (x + 0.5, 0.35 + half / 10), (x + 0.5, 0.35 - half / 10), (x, 0.35 - half)]
        axes.fill(*zip(*wedge, strict=True), color=_map.ARC, alpha=0.85, lw=0.4)
        text(axes, x + 0.58, 0.35, f"{value:,g}", fontsize=8, color=QUIET, va="center")
    text(axes, 2.85, 0.35, note, fontsize=8.5, color=INK, va="center")
    text(axes, 0, 0.12, "from the thick end to the thin end", fontsize=7.5, color=QUIET, va="center")
