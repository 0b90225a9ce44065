"""Plans that differ in their [zones] only, and points to look up."""

from pathlib import Path

import numpy as np

from shoal._arrays import DEGREE, Float64, Int32
from shoal.plan import Plan

_REST = """
[source]
name = "app"
kind = "points"
files = ["x.csv"]
timezone = "Europe/Vienna"
columns = { device = "d", time = "t", lat = "a", lon = "o" }
basis = { controller = "c", legal_basis = "l", purpose = "urban planning" }
[period]
start = 2026-03-02
end = 2026-03-09
unit = "week"
[privacy]
epsilon = 1
[statistics.presence]
[zones]
"""


def plan(folder: Path, zones: str) -> Plan:
    """A plan in `folder` with these lines under [zones]."""
    file = folder / "plan.toml"
    file.write_text(_REST + zones)
    return Plan.load(file)


def units(degrees: Float64) -> Int32:
    """Degrees as whole numbers of 1e-7."""
    return np.round(degrees * DEGREE).astype(np.int32)


def scatter(rng: np.random.Generator, box: tuple[float, float, float, float], count: int) -> tuple[Int32, Int32]:
    """Uniform points (lat, lon) in west, south, east, north."""
    west, south, east, north = box
    return units(rng.uniform(south, north, count)), units(rng.uniform(west, east, count))


def hug(rng: np.random.Generator, lines: Float64, count: int) -> tuple[Int32, Int32]:
    """Points (lat, lon) within 1e-7 to 1e-4 degrees of lines, float64[m, 4] from lon, lat to lon, lat."""
    line = lines[rng.integers(0, len(lines), count)]
    share = np.clip(rng.uniform(-0.05, 1.05, (count, 1)), 0, 1)  # corners too
    away = rng.choice([-1, 1], (count, 2)) * np.exp(rng.uniform(-17.3, -9.2, (count, 2)))
    xy = line[:, :2] * (1 - share) + line[:, 2:] * share + away
    return units(np.clip(xy[:, 1], -90, 90)), units(np.clip(xy[:, 0], -180, 180))
