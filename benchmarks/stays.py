"""Stays on the same Geolife records: Shoal's kernel against trackintel, scikit-mobility, movingpandas, infostop's C++.

    python -m benchmarks.stays --copies 100

The rule is that of the issue: 200 m, 20 minutes, no gap rule. The sample has 217,653 records of two people; `copies`
of it, as other people, make a run long enough for Shoal; the others get fewer, as all of them go user by user. Each
side is a process of its own, one thread, data in the form it likes already in memory, one call on a little of it
before the clock runs; the clock is the processor's, which other work on the machine disturbs less. Shoal is timed
twice: from sorted arrays, as infostop takes them, and from unsorted columns of degrees.

Trackintel and scikit-mobility must find the very stays that Shoal finds. Infostop measures from the median of the
stay so far and movingpandas the diameter, so they find others: their numbers are shown, not compared.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks._environments import environment
from benchmarks._runs import ROOT, Run, machine, median, python

DATA = ROOT.parent / "shared" / "data"

READ = """
import hashlib, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
table = pd.DataFrame(dict(np.load(sys.argv[1])))  # no Parquet: not every library's pandas can read it
def digest(user, start, end):
    first = sorted((int(u), int(s), int(e)) for u, s, e in zip(user, start, end) if int(u) < 1000)
    return hashlib.sha256(repr(first).encode()).hexdigest()
def seconds(times):
    return ((times - pd.Timestamp(0)) // pd.Timedelta(seconds=1)).to_numpy()
def report(took, user, start, end):
    return {"took": took, "points": len(table), "stays": len(user), "digest": digest(user, start, end)}
"""
SORTED = """
from shoal.trajectories.stays import NO_GAP_RULE, stays_of
def columns():
    order = np.lexsort((table["time"].to_numpy(), table["user"].to_numpy()))
    user, time_ = table["user"].to_numpy()[order], table["time"].to_numpy()[order]
    lat, lon = (np.round(table[c].to_numpy()[order] * 1e7).astype(np.int32) for c in ("lat", "lon"))
    first = np.concatenate([[0], np.flatnonzero(np.diff(user)) + 1, [user.size]]).astype(np.int64)
    return first, time_, lat, lon, user
first, time_, lat, lon, user = columns()
stays_of(first[:3], time_[: first[2]], lat[: first[2]], lon[: first[2]], 200.0, 1200, NO_GAP_RULE)
"""
KERNEL = (
    READ
    + SORTED
    + """
begin = time.process_time()
found = stays_of(first, time_, lat, lon, 200.0, 1200, NO_GAP_RULE)
took = time.process_time() - begin
said = report(took, user[found.head], time_[found.head], found.end)
"""
)
UNSORTED = (
    READ
    + SORTED
    + """
table = table.sample(frac=1, random_state=1).reset_index(drop=True)
begin = time.process_time()
first, time_, lat, lon, user = columns()
found = stays_of(first, time_, lat, lon, 200.0, 1200, NO_GAP_RULE)
took = time.process_time() - begin
said = report(took, user[found.head], time_[found.head], found.end)
"""
)
TRACKINTEL = (
    READ
    + """
import geopandas as gpd, trackintel as ti
points = gpd.points_from_xy(table["lon"], table["lat"])
columns = {"user_id": table["user"], "tracked_at": pd.to_datetime(table["time"], unit="s", utc=True)}
frame = gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4326")
fixes = ti.io.read_positionfixes_gpd(frame, geom_col="geometry", tz="UTC")
rule = {"method": "sliding", "dist_threshold": 200, "time_threshold": 20, "gap_threshold": 1e9}
fixes.iloc[:2000].generate_staypoints(**rule)
begin = time.process_time()
_, stays = fixes.generate_staypoints(**rule)
took = time.process_time() - begin
said = report(took, stays["user_id"], *(seconds(stays[c].dt.tz_localize(None)) for c in ("started_at", "finished_at")))
"""
)
SKMOB = (
    READ
    + """
import skmob
from skmob.preprocessing.detection import stay_locations
frame = table.assign(datetime=pd.to_datetime(table["time"], unit="s")).rename(columns={"user": "uid", "lon": "lng"})
frame = skmob.TrajDataFrame(frame[["uid", "datetime", "lat", "lng"]])
rule = {"minutes_for_a_stop": 20.0, "spatial_radius_km": 0.2, "leaving_time": True}
stay_locations(frame.iloc[:2000], **rule)
begin = time.process_time()
stays = stay_locations(frame, **rule)
took = time.process_time() - begin
said = report(took, stays["uid"], seconds(stays["datetime"]), seconds(stays["leaving_datetime"]))
"""
)
MOVINGPANDAS = (
    READ
    + """
import geopandas as gpd, movingpandas as mpd
from datetime import timedelta
table = table.groupby("user").head(int(sys.argv[2]))
points = gpd.points_from_xy(table["lon"], table["lat"])
columns = {"user": table["user"], "t": pd.to_datetime(table["time"], unit="s")}
frame = gpd.GeoDataFrame(columns, geometry=points, crs=4326)
walks = mpd.TrajectoryCollection(frame, traj_id_col="user", t="t")
begin = time.process_time()
detector = mpd.TrajectoryStopDetector(walks)
stays = detector.get_stop_time_ranges(max_diameter=400, min_duration=timedelta(minutes=20))
took = time.process_time() - begin
said = {"took": took, "points": len(table), "stays": len(stays), "digest": ""}
"""
)
INFOSTOP = (
    READ
    + """
import cpputils
people = [np.ascontiguousarray(rows[["lat", "lon", "time"]].to_numpy(np.float64)) for _, rows in table.groupby("user")]
cpputils.get_stationary_events(people[0][:2000], 200.0, 2, 1200.0, 1e12, "haversine")
begin = time.process_time()
found = [cpputils.get_stationary_events(rows, 200.0, 2, 1200.0, 1e12, "haversine") for rows in people]
took = time.process_time() - begin
stays = sum(len(events) for events, _ in found)
said = {"took": took, "points": len(table), "stays": stays, "digest": ""}
"""
)


@dataclass(frozen=True, slots=True)
class Side:
    """One competitor.

    copies  of the sample it gets; a run takes seconds
    exact   whether it follows the same rule, and so must find the same stays
    limit   records of each person; 0: all
    """

    name: str
    code: str
    copies: int
    exact: bool
    library: str | None = None
    limit: int = 0


def sides(copies: int) -> list[Side]:
    """All competitors; Shoal first."""
    return [
        Side("Shoal, from sorted arrays", KERNEL, copies, exact=True),
        Side("Shoal, from unsorted columns", UNSORTED, max(1, copies // 10), exact=True),
        Side("trackintel", TRACKINTEL, 2, exact=True),
        Side("scikit-mobility", SKMOB, 2, exact=True, library="scikit-mobility"),
        Side("infostop (its C++ alone)", INFOSTOP, max(1, copies // 10), exact=False, library="infostop"),
        Side("movingpandas", MOVINGPANDAS, 1, exact=False, library="movingpandas", limit=10_000),
    ]


def main() -> None:
    """Measure as the command line asks, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--copies", type=int, default=100)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--data", type=Path, default=DATA, help="folder of the real data; default: ../shared/data")
    options.add_argument("--environments", type=Path, help="folder that keeps the other libraries' environments")
    chosen = options.parse_args()
    runs = measure(sides(chosen.copies), chosen.repeat, chosen.data, chosen.environments)
    print(machine("trackintel", "numba", "numpy"))
    print(table(runs))


def measure(chosen: list[Side], repeat: int, data: Path, environments: Path | None = None) -> dict[Side, list[Run]]:
    """Every side `repeat` times, in turns."""
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        scratch = Path(name)
        homes = environments or scratch / "environments"
        pythons = {s: environment(s.library, homes) if s.library else sys.executable for s in chosen}
        files = {copies: copy(data, scratch, copies) for copies in {side.copies for side in chosen}}
        runs: dict[Side, list[Run]] = {side: [] for side in chosen}
        for _ in range(repeat):
            for side in chosen:
                runs[side].append(python(side.code, files[side.copies], side.limit, executable=pythons[side]))
    check(runs)
    return runs


def copy(data: Path, scratch: Path, copies: int) -> Path:
    """The sample `copies` times, each as two other users: user, time (seconds), lat, lon (to 1e-7 degrees)."""
    sample = pl.read_csv(data / "geolife" / "sample.csv.gz").select(
        pl.col("uid").cast(pl.Int64).alias("user"),
        pl.col("datetime").str.to_datetime().dt.epoch("s").alias("time"),
        pl.col("lat").round(7),
        pl.col("lng").round(7).alias("lon"),
    )
    sample = sample.sort("user", "time", maintain_order=True)
    file = scratch / f"geolife-{copies}.npz"
    whole = pl.concat([sample.with_columns(pl.col("user") + 1000 * number) for number in range(copies)])
    np.savez(file, user=whole["user"], time=whole["time"], lat=whole["lat"], lon=whole["lon"])
    return file


def check(runs: dict[Side, list[Run]]) -> None:
    """Raise `RuntimeError` where two sides of the same rule found different stays."""
    found = {
        (run.said["digest"], run.said["stays"] / side.copies)
        for side, all_ in runs.items()
        if side.exact
        for run in all_
    }
    if len(found) > 1:
        raise RuntimeError(f"sides of the same rule found different stays: {sorted(found)}")


def rate(runs: list[Run]) -> float:
    """Median records a second."""
    return median([run.said["points"] / run.said["took"] for run in runs])


def table(runs: dict[Side, list[Run]]) -> str:
    """The figures as a table of Markdown."""
    rates = {side: rate(all_) for side, all_ in runs.items()}
    kernel, whole = (rates[side] for side in list(rates)[:2])
    lines = [
        "| who | records | stays in one sample | M records/s of processor time | Shoal from arrays is | from columns |",
        "|---|---|---|---|---|---|",
    ]
    for side, speed in rates.items():
        run = runs[side][0]
        note = f"first {side.limit:,} of each" if side.limit else f"{run.said['points']:,}"
        stays = np.round(run.said["stays"] / side.copies, 1)
        lines.append(
            f"| {side.name} | {note} | {stays:g} | {speed / 1e6:.3g} | {kernel / speed:.3g} x | {whole / speed:.3g} x |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
