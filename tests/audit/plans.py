"""A plan over a handful of hexagons, whose records do not exist: an audit never opens them."""

from pathlib import Path

from shoal.plan import Plan

PLAN = """
[source]
name = "somewhere"
kind = "points"
files = ["nowhere/*.csv"]
timezone = "UTC"
synthetic = true
[source.columns]
device = "d"
time = "t"
lat = "a"
lon = "o"
[source.basis]
controller = "Nobody"
legal_basis = "invented"
purpose = "mobility research"
[zones]
kind = "h3"
resolution = 7
bbox = [16.28, 48.15, 16.48, 48.28]
[period]
start = 2026-03-02
end = 2026-03-09
unit = "day"
[privacy]
epsilon = {epsilon}
delta = {delta}
"""
STATISTICS = """
[statistics.presence]
bound = 2
[statistics.flows]
"""


def plan_in(folder: Path, *, epsilon: float = 5, delta: str = "1e-8", statistics: str = STATISTICS) -> Plan:
    """The plan, as a file in `folder`."""
    file = folder / "plan.toml"
    file.write_text(PLAN.format(epsilon=epsilon, delta=delta) + statistics)
    return Plan.load(file)
