"""Pieces of a map: zones as areas or circles, flows as tapered arcs, scales. No pyplot, so no global state."""

from dataclasses import dataclass
from math import cos, log10, radians
from typing import TYPE_CHECKING, Any

import numpy as np

from shoal._arrays import Bool, Float64, Int32
from shoal.release._store import PublicZones
from shoal.zones._base import Zones

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

INK, QUIET, PAPER, PALE, EDGE = "#16283c", "#66757f", "#ffffff", "#eef1ef", "#d5dcd9"
ARC, NOISE = "#d1495b", "#b3661a"
WIDEST = 0.02
"""Width of the largest flow where it begins, of the shorter side of the map."""
# equal steps of lightness (CIELab 95 to 17) along a path of hues from sand green to deep sea
DEPTHS = ("#ebf3ed", "#bfdccf", "#91c4bb", "#61acad", "#2293a4", "#007899", "#005e8b", "#004373", "#0f2954")
KM_PER_DEGREE = 111.195


@dataclass(frozen=True, eq=False)
class Frame:
    """Where the zones lie, and how much narrower a degree of longitude is there.

    x, y     (low, high) in degrees, with a margin
    stretch  degrees of longitude that are as long as one of latitude
    """

    x: tuple[float, float]
    y: tuple[float, float]
    stretch: float

    @classmethod
    def around(cls, *zones: Zones) -> "Frame":
        import shapely

        bounds = shapely.total_bounds(np.concatenate([each.shapes for each in zones]))
        west, south, east, north = (float(v) for v in bounds)
        stretch = 1 / max(0.05, cos(radians((south + north) / 2)))
        span = max((east - west) / stretch, north - south, 1e-4)
        margin = 0.04 * span
        return cls((west - margin * stretch, east + margin * stretch), (south - margin, north + margin), stretch)

    @property
    def aspect(self) -> float:
        """Width over height on paper."""
        return self.width / self.height

    @property
    def width(self) -> float:
        """Degrees of latitude that are as long as the frame is wide."""
        return (self.x[1] - self.x[0]) / self.stretch

    @property
    def height(self) -> float:
        return self.y[1] - self.y[0]

    def inches(self, width: float, height: float) -> float:
        """Inches on paper of one degree of latitude, when the frame is fitted into `width` x `height` inches."""
        return min(width / self.width, height / self.height)


def depths() -> "Colormap":
    """The colours of values, low to high."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("depths", DEPTHS)


def text(axes: "Axes", x: float, y: float, words: str, **style: Any) -> Any:
    """Text as it stands: a `$` in a name starts no formula."""
    return axes.text(x, y, words, parse_math=False, **style)


def prepare(axes: "Axes", frame: Frame) -> None:
    """An empty map: no axes, degrees of equal length on paper, a scale bar."""
    axes.set_axis_off()
    axes.set_xlim(*frame.x)
    axes.set_ylim(*frame.y)
    axes.set_aspect(frame.stretch, anchor="NW")
    km = round_down(frame.width * KM_PER_DEGREE / 6)
    length = km / (frame.width * KM_PER_DEGREE)
    axes.plot([0, length], [-0.02, -0.02], color=QUIET, lw=1.2, transform=axes.transAxes, clip_on=False)
    style = {"color": QUIET, "fontsize": 7.5, "va": "center"}
    text(axes, length + 0.012, -0.021, f"{km:g} km", transform=axes.transAxes, **style)


def round_down(value: float) -> float:
    """The largest of 1, 2, 5 x 10^n that is at most `value`."""
    power = 10.0 ** np.floor(log10(value))
    return float(next(step * power for step in (5, 2, 1) if step * power <= value * (1 + 1e-9)))


def is_points(zones: Zones) -> bool:
    """Are the zones places without an extent?"""
    import shapely

    return bool((shapely.get_dimensions(zones.shapes) == 0).any())


def as_points(zones: Zones) -> Zones:
    """The same zones as their centres."""
    import shapely

    return PublicZones(zones.ids, zones.names, zones.parents, shapely.centroid(zones.shapes))


def draw_zones(axes: "Axes", zones: Zones, values: Float64 | None, top: float) -> None:
    """Areas coloured by value, or circles whose area is the value; pale where there are no values.

    values  float64[z], NaN where a zone has none
    top     the value of the darkest colour and the largest circle
    """
    from matplotlib.collections import PathCollection
    from matplotlib.colors import PowerNorm

    norm = PowerNorm(0.5, 0, top)
    if is_points(zones):
        _draw_circles(axes, zones, values, top, norm)
        return
    shapes = PathCollection([_path(shape) for shape in zones.shapes], transform=axes.transData)
    shapes.set_linewidth(0.35 if len(zones) < 3000 else 0)
    shapes.set_edgecolor(PAPER if values is not None or len(zones) < 3000 else "face")
    if values is None:
        shapes.set_facecolor(PALE)
        shapes.set_edgecolor(EDGE)
    else:
        colours = depths()(norm(np.nan_to_num(values)))
        colours[np.isnan(values)] = (0.93, 0.93, 0.93, 1)
        shapes.set_facecolor(colours)
        if len(zones) >= 3000:
            shapes.set_edgecolor("face")
            shapes.set_linewidth(0.2)
    shapes.set_rasterized(len(zones) > 3000)
    axes.add_collection(shapes, autolim=False)


def overlay(axes: "Axes", zones: Zones, chosen: Bool, **style: Any) -> None:
    """Draw some zones once more, in another style.

    chosen  bool[z]
    style   of a `PathCollection`; places without an extent become small circles
    """
    from matplotlib.collections import PathCollection

    if is_points(zones):
        lat, lon = zones.centres[chosen].T
        colour = style.pop("facecolor")
        axes.scatter(lon, lat, s=9, c=colour, **style)
        return
    axes.add_collection(PathCollection([_path(shape) for shape in zones.shapes[chosen]], **style), autolim=False)


def _draw_circles(axes: "Axes", zones: Zones, values: Float64 | None, top: float, norm: Any) -> None:
    lat, lon = zones.centres.T
    if values is None:
        axes.scatter(lon, lat, s=7, color=EDGE, lw=0)
        return
    known = np.nan_to_num(values)
    order = np.argsort(-known, kind="stable")  # small circles on top of large ones
    axes.scatter(
        lon[order],
        lat[order],
        s=circle_area(known[order], top, len(zones)),
        c=depths()(norm(known[order])),
        edgecolors=PAPER,
        linewidths=0.5,
        alpha=0.92,
    )


def circle_area(values: Float64, top: float, zones: int) -> Float64:
    """Area in square points: proportional to the value, smaller where many share the map; a dot is left for zero."""
    largest = float(np.clip(45_000 / max(1, zones), 40, 420))
    return 4 + largest * np.maximum(values, 0) / top


def _path(shape: Any) -> Any:
    """A polygon or several, with holes, as one compound path."""
    import shapely
    from matplotlib.path import Path

    rings = [
        ring
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]
    paths = [Path(shapely.get_coordinates(ring)[:, :2], closed=True) for ring in rings]
    return Path.make_compound_path(*paths) if paths else Path(np.zeros((0, 2)))


def draw_flows(axes: "Axes", frame: Frame, zones: Zones, pairs: Int32, values: Float64, top: float) -> None:
    """Arcs from origin to destination, thick where they begin; the largest drawn last.

    pairs   int32[n, 2]    zone indexes
    values  float64[n]     above 0; `top` has the full width
    """
    from matplotlib.collections import PolyCollection

    scale = np.array([frame.stretch, 1.0])
    ends = zones.centres[:, ::-1] / scale  # a plane in which lengths and right angles are true
    widest = WIDEST * min(frame.width, frame.height)
    order = np.argsort(values, kind="stable")
    arcs = [
        _arc(ends[a], ends[b], widest * v / top) * scale for (a, b), v in zip(pairs[order], values[order], strict=True)
    ]
    colours = [(*_rgb(ARC), float(alpha)) for alpha in 0.45 + 0.45 * np.sqrt(values[order] / top)]
    # the thin outline keeps small flows visible
    axes.add_collection(PolyCollection(arcs, facecolors=colours, edgecolors=colours, linewidths=0.4), autolim=False)


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return red, green, blue


def _arc(start: Float64, end: Float64, width: float) -> Float64:
    """Outline of a quadratic Bezier that bends to its left and tapers from `width` to a tenth: float64[2m, 2]."""
    t = np.linspace(0, 1, 24)[:, None]
    way = end - start
    left = np.array([-way[1], way[0]])
    bend = (start + end) / 2 + 0.18 * left
    line = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    along = np.gradient(line, axis=0)
    normal = np.column_stack([-along[:, 1], along[:, 0]]) / np.maximum(np.hypot(*along.T), 1e-15)[:, None]
    half = (width * (1 - 0.9 * t)) / 2
    return np.concatenate([line + normal * half, (line - normal * half)[::-1]])


def label_largest(
    axes: "Axes", zones: Zones, values: Float64, top: float, most: int, inches: float, stretch: float
) -> None:
    """Names of the zones with the largest values, where they have names and room.

    top      the value of the darkest colour
    inches   on paper of one degree of latitude
    stretch  as in `Frame`
    """
    from matplotlib.patheffects import withStroke

    done: list[tuple[float, float, float]] = []
    points = is_points(zones)
    for zone in np.argsort(-np.nan_to_num(values), kind="stable")[: 3 * most]:
        name = zones.names[zone]
        if not name:
            continue
        shown = name if len(name) <= 24 else name[:23] + "…"
        lat, lon = (float(v) for v in zones.centres[zone])
        x, y, half = lon / stretch * inches, lat * inches, len(shown) * 0.034 + 0.04
        if any(abs(x - other) < half + other_half and abs(y - above) < 0.17 for other, above, other_half in done):
            continue
        dark = not points and values[zone] > 0.2 * top
        halo = [withStroke(linewidth=2, foreground=(*_rgb(DEPTHS[-2] if dark else PAPER), 0.7))]
        lift = 0.1 / inches if points else 0.0
        style = {"fontsize": 7.5, "color": PAPER if dark else INK, "ha": "center", "va": "center", "clip_on": True}
        text(axes, lon, lat + lift, shown, path_effects=halo, zorder=9, **style)
        done.append((x, y, half))
        if len(done) == most:
            return
