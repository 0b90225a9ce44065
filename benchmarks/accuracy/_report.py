"""dp_mobility_report itself, in an environment of its own.

It knows trips: users, and for each trip a first and a last record. Flows are what it is for (`od_flows`). Presence and
visits are handed to it as trips that end in the zone and the hour (`visits_per_time_tile`, with a window for each
hour); weeks of a month take the place of hours. One analysis gets the whole budget. It has no Gaussian noise and no
delta, so the guarantee is a little stronger: pure epsilon.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._runs import python
from benchmarks.accuracy._case import Case, Estimates
from benchmarks.accuracy._peers import Sampling

CODE = """
import sys
import geopandas as gpd
import numpy as np
import pandas as pd
from dp_mobility_report import DpMobilityReport, constants as const
from shapely.geometry import box
folder, kind, zones, bins, trips, epsilon, seed = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
zones, bins = int(zones), int(bins)
rows = pd.DataFrame(dict(np.load(folder + "/rows.npz")))
number = np.arange(len(rows))
begin = pd.Timestamp("2026-03-04") + pd.to_timedelta(rows["hour"], unit="h")  # a Wednesday
frames = [
    pd.DataFrame({"uid": rows["who"], "tid": number, "datetime": begin + pd.Timedelta(minutes=minute), "lat": 0.005,
                  "lng": (rows[end] + 0.5) / 100, "tile_id": rows[end].astype(str)})
    for minute, end in ((0, "origin"), (1, "destination"))
]
tiles = gpd.GeoDataFrame(
    {"tile_id": [str(z) for z in range(zones)], "tile_name": [str(z) for z in range(zones)]},
    geometry=[box(z / 100, 0, (z + 1) / 100, 0.01) for z in range(zones)], crs="EPSG:4326",
)
analysis = const.OD_FLOWS if kind == "flows" else const.VISITS_PER_TIME_TILE
report = DpMobilityReport(
    pd.concat(frames, ignore_index=True), tiles, privacy_budget=epsilon, max_trips_per_user=int(trips),
    analysis_selection=[analysis], timewindows=list(range(max(bins, 2))), disable_progress_bar=True,
    seed_sampling=int(seed),
)
data = report.report[analysis].data
if kind == "flows":
    cells = np.zeros(zones * zones)
    cells[data["origin"].astype(int) * zones + data["destination"].astype(int)] = data["flow"]
else:
    cells = np.zeros((zones, bins))
    for (_, window), column in data.items():
        cells[column.index.astype(int), int(window.split(":")[0]) - 1] = column
np.save(folder + "/cells.npy", cells.ravel())
said = {"trips": len(rows)}
"""


@dataclass(frozen=True, slots=True)
class Report:
    """The real library with the limit of its twin: `executable` is the Python of its environment."""

    twin: Sampling
    executable: str
    scratch: Path
    name: str = "dp_mobility_report"

    @property
    def setting(self) -> str:
        return self.twin.setting

    def __call__(self, case: Case, seed: int) -> Estimates:
        place, second = np.divmod(np.repeat(case.cell, case.weight), case.cells // case.zones)
        flows = case.kind == "flows"
        columns: dict[str, Any] = {
            "who": np.repeat(case.who, case.weight),
            "origin": place,
            "destination": second if flows else place,
            "hour": np.zeros_like(second) if flows else second,
        }
        self.scratch.mkdir(parents=True, exist_ok=True)
        np.savez(self.scratch / "rows.npz", **columns)
        given = (case.kind, case.zones, case.bins, self.twin.limits.rows, float(case.epsilon), seed + 1)
        python(CODE, self.scratch, *given, executable=self.executable)
        return Estimates(np.load(self.scratch / "cells.npy"), self.twin.stderr(case))
