"""overview.png: a release at a glance, drawn from the release alone. Stands in for the explorer until there is one."""

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoal.errors import StateError, UsageError
from shoal.release import _map, words
from shoal.release._map import INK, NOISE, PAPER, QUIET, Frame, text
from shoal.release._panel import Flows, Places, draw_panel, flows_of, places_of
from shoal.release.read import Release

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PREFERRED = ("presence", "visits", "residents", "visitors", "stay_home", "dwell", "distance", "gyration")
PAIRS = ("flows", "catchment")


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
        title, below = draw_panel(panel, map_, legend, frame, frame.inches(width, height), release)
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


def _panels(release: Release) -> list[Places | Flows]:
    """What to draw, at most two maps."""
    tables = [release[name] for name in release.statistics]
    areas = sorted(
        (t for t in tables if len(t.places) == 1),
        key=lambda t: (t.facts.of_named_places, PREFERRED.index(t.name) if t.name in PREFERRED else len(PREFERRED)),
    )
    pairs = sorted(
        (t for t in tables if len(t.places) == 2), key=lambda t: PAIRS.index(t.name) if t.name in PAIRS else len(PAIRS)
    )
    panels: list[Places | Flows] = [places_of(t) for t in areas[: 1 if pairs else 2]]
    return panels + [flows_of(t) for t in pairs[:1]]
