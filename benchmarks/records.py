"""Records a second from Parquet to release, beside a bare Polars scan of the same files in the same run.

    make bench                                   10 million records
    make bench BENCH_ARGS="--records 50000000"

Both sides run in processes of their own, in turns, and the ratio of their medians is what counts: machines are noisy.
The kernels are compiled before (a release of a small city), as on any machine that has made a release before.
"""

import argparse
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

SCAN = """
import sys, time, polars as pl
start = time.perf_counter()
frame = pl.scan_parquet(sys.argv[1]).select("device", "time", "lat", "lon", "accuracy")
print(frame.select(pl.len(), pl.col("lat").sum()).collect()["len"][0], time.perf_counter() - start)
"""
RELEASE = """
import sys, time, json, pathlib
import shoal
from shoal.plan import Plan
phases = {}
def progress(phase, done):
    now = time.perf_counter()
    first, _ = phases.get(phase, (now, now))
    phases[phase] = (first, now)
plan = Plan.load(sys.argv[1])
start = time.perf_counter()
shoal.release(plan, state=sys.argv[2], out=sys.argv[3], progress=progress, tell=lambda s: None)
took = time.perf_counter() - start
print(json.dumps({"took": took, "phases": {p: b - a for p, (a, b) in phases.items()}}))
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=10_000_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--keep", type=Path, help="folder for the simulated records, used again if it is there")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="shoal-bench-") as scratch:
        folder = chosen.keep or Path(scratch) / "city"
        devices = max(1, round(chosen.records / 700))
        small = _city(Path(scratch) / "small", 50)
        _release(small, Path(scratch))
        plan = _city(folder, devices)
        scans, releases, phases, records = [], [], [], 0
        for _ in range(chosen.repeat):
            records, took = _scan(plan.parent / "records" / "*.parquet")
            scans.append(took)
            found = _release(plan, Path(scratch))
            releases.append(found["took"])
            phases.append(found["phases"])
    scan, release = statistics.median(scans), statistics.median(releases)
    print(f"{platform.machine()}, {platform.python_version()}, polars {version('polars')}, numba {version('numba')}")
    print(f"{records:,} records of {devices:,} devices, presence, visits, flows and residents on H3 resolution 8")
    print(f"Polars scan        {scan:7.2f} s  {records / scan / 1e6:7.1f} M records/s")
    rate = records / release / 1e6
    print(f"Parquet to release {release:7.2f} s  {rate:7.1f} M records/s   {release / scan:.1f} x the scan")
    for phase in phases[0]:
        print(f"  {phase:<26} {statistics.median(p.get(phase, 0.0) for p in phases):6.2f} s")


def _city(folder: Path, devices: int) -> Path:
    if not (folder / "plan.toml").exists():
        command = [sys.executable, "-m", "shoal.cli", "simulate", str(folder), "--devices", str(devices), "--days", "7"]
        subprocess.run([*command, "--seed", "1", "--quiet"], check=True, stdout=sys.stderr)
    return folder / "plan.toml"


def _scan(pattern: Path) -> tuple[int, float]:
    out = subprocess.run([sys.executable, "-c", SCAN, str(pattern)], check=True, capture_output=True, text=True).stdout
    records, took = out.split()
    return int(records), float(took)


def _release(plan: Path, scratch: Path) -> dict[str, Any]:
    """One release with a state of its own, so that nothing is known from before."""
    work = scratch / f"run-{time.monotonic_ns()}"
    command = [sys.executable, "-c", RELEASE, str(plan), str(work / "state"), str(work / "out")]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    shutil.rmtree(work)
    found: dict[str, Any] = json.loads(out)
    return found


if __name__ == "__main__":
    main()
