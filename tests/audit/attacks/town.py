"""A small world with a real pipeline: squares as zones, people who commute between them, a record every half hour."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from shoal import api
from shoal._arrays import Bool, Int32, Int64
from shoal.audit.ceiling import Ceiling
from shoal.audit.publish import Tables
from shoal.audit.world import Round
from shoal.design import Design
from shoal.plan import Plan

SIDE, DEGREES, WEST, SOUTH = 6, 0.02, 10.0, 50.0
START = 1_772_409_600  # Monday, 2 March 2026, 00:00 UTC
PLAN = """
[source]
name = "town"
kind = "points"
files = ["records.parquet"]
timezone = "UTC"
time_unit = "s"
synthetic = true
columns = {{ device = "device", time = "time", lat = "lat", lon = "lon" }}
basis = {{ controller = "Test", legal_basis = "simulated", purpose = "transport planning" }}
[zones]
kind = "polygons"
file = "zones.geojson"
[period]
start = 2026-03-02
end = {end}
unit = "day"
[privacy]
epsilon = {epsilon}
delta = 1e-8
{statistics}
"""


@dataclass(frozen=True, eq=False)
class Town:
    """Stands in for `audit.world.World`: the part of it that these attacks ask for."""

    folder: Path
    plan: Plan
    places: Int32
    targets: Int64
    sequences: tuple[Round, ...] = ()

    @classmethod
    def build(
        cls, folder: Path, *, devices: int, days: int, epsilon: float, statistics: str = "[statistics.presence]"
    ) -> "Town":
        squares = []
        for z in range(SIDE * SIDE):
            w, s = WEST + z % SIDE * DEGREES, SOUTH + z // SIDE * DEGREES
            ring = [[w, s], [w + DEGREES, s], [w + DEGREES, s + DEGREES], [w, s + DEGREES], [w, s]]
            squares.append({"type": "Feature", "properties": {"id": f"z{z:02d}"},
                            "geometry": {"type": "Polygon", "coordinates": [ring]}})  # fmt: skip
        (folder / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": squares}))
        file = folder / "plan.toml"
        file.write_text(PLAN.format(end=f"2026-03-{2 + days:02d}", epsilon=epsilon, statistics=statistics))
        return cls(folder, Plan.load(file), lives(devices, days), np.arange(devices))

    @cached_property
    def design(self) -> Design:
        return Design.of(self.plan)

    def release(self, there: Bool, plan: Plan | None = None, state: Path | None = None) -> Tables:
        plan = plan or self.plan
        with TemporaryDirectory(dir=self.folder) as out:
            records = self._records(there)
            source = plan.source.model_copy(update={"files": (str(records),)})
            done = api.release(
                plan.model_copy(update={"source": source}), out=Path(out) / "out", state=state or Path(out) / "state",
                progress=lambda *_: None, tell=lambda _: None,
            )  # fmt: skip
            found = {}
            for name in done.tables:
                facts, numbers = done[name].facts, done[name].to_polars()["estimate"].to_numpy()
                found[name] = numbers * facts.divisor * (1 - (facts.corrected or 0.0))
            return Tables(found)

    def exact(self, there: Bool) -> Tables:
        return Tables({"presence": counts(self.places[there]).ravel().astype(np.float64)})

    def ceiling(self, *tables: str) -> Ceiling:
        return Ceiling.of([m.mechanism.rho for m in self.design.measures if not tables or m.name in tables])

    def _records(self, there: Bool) -> Path:
        file = self.folder / f"records-{np.packbits(there).tobytes().hex()}.parquet"
        if not file.exists():
            device, hour = np.nonzero((self.places >= 0) & there[:, None])
            zone = self.places[device, hour]
            halves = [
                pl.DataFrame({
                    "device": np.char.add("d", device.astype(str)),
                    "time": START + hour * 3600 + seconds,
                    "lat": SOUTH + (zone // SIDE + 0.5) * DEGREES,
                    "lon": WEST + (zone % SIDE + 0.5) * DEGREES,
                })
                for seconds in (0, 1799, 3599)
            ]  # fmt: skip
            pl.concat(halves).write_parquet(file)
        return file


def counts(places: Int32) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    """int64[zones, hours]"""
    return np.stack([np.bincount(column, minlength=SIDE * SIDE) for column in places.T], axis=1)


def lives(devices: int, days: int) -> Int32:
    """int32[d, h]: nights at home, days at work, now and then somewhere else in the evening."""
    dice = np.random.default_rng(7)
    home, work, other = dice.integers(0, SIDE * SIDE, (3, devices))
    leave, back = dice.integers(6, 11, devices), dice.integers(15, 20, devices)
    places = np.repeat(home[:, None], 24 * days, axis=1)
    for day in range(days):
        late = dice.random(devices) < 0.3
        for hour in range(24):
            at_work = (hour >= leave) & (hour < back)
            out = late & (hour >= back) & (hour < back + 2)
            places[:, 24 * day + hour] = np.where(at_work, work, np.where(out, other, home))
    return places.astype(np.int32)
