"""From Parquet to a release at any size: time, memory, temporary disk, beside a bare Polars scan.

    make bench-scale N=10000000                       simulated, measured, thrown away
    make bench-scale N=1000000000 KEEP=/big/folder    the records are kept there and used again
    make bench-scale N=10000000 IDS=text              identifiers of 36 characters

Both sides run in processes of their own, in turns; the ratio of their medians is what counts, as machines are noisy.
The scan reads every column that the plan names and adds it up (of text: its length), in Polars' streaming engine. The
kernels are compiled before, as on any machine that has made a release. What is timed:

    process     from starting Python to its end: what a person waits
    release     the call of `shoal.release`, modules of Numba and Polars still to be loaded
    records     of that, up to where noise is drawn: what grows with the number of records
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import _data
from benchmarks._runs import Run, machine, median, python

SCAN = """
import sys, time, polars as pl
start, idle = time.perf_counter(), time.process_time()
frame = pl.scan_parquet(sys.argv[1])
device = pl.col("device")
device = (device.str.len_bytes() if frame.collect_schema()["device"] == pl.String else device).sum()
rest = [pl.col("time").to_physical().sum(), pl.col("lat").sum(), pl.col("lon").sum(), pl.col("accuracy").sum()]
rows = frame.select(pl.len().alias("rows"), device, *rest).collect(engine="streaming")["rows"][0]
said = {"took": time.perf_counter() - start, "busy": time.process_time() - idle, "rows": rows}
"""
RELEASE = """
import sys, time
import shoal
plan = shoal.Plan.load(sys.argv[1])
options = {"memory": int(sys.argv[4])} | ({"workers": int(sys.argv[5])} if sys.argv[5] != "0" else {})
phases, busy = {}, {}
start, idle = time.perf_counter(), time.process_time()
def progress(phase, done, records=None):
    if phase not in phases:
        phases[phase], busy[phase] = time.perf_counter() - start, time.process_time() - idle
engine = shoal.LocalEngine(**options)
shoal.release(plan, state=sys.argv[2], out=sys.argv[3], engine=engine, progress=progress, tell=lambda s: None)
said = {"took": time.perf_counter() - start, "busy": busy, "begins": phases}
"""
READING, NOISE = "Reading records", "Drawing noise"
GIB = 1 << 30


def main() -> None:
    """Measure as the command line asks, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=10_000_000)
    options.add_argument("--ids", choices=["int", "text"], default="int")
    options.add_argument("--per-device", type=int, default=100, help="records of a device over the week, on average")
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--memory", type=float, default=6.0, help="GiB that the engine may take for records")
    options.add_argument("--workers", type=int, default=0, help="threads; default: one a core")
    options.add_argument("--keep", type=Path, help="folder for the records, used again if they are there")
    options.add_argument("--scratch", type=Path, help="folder for state, releases and temporary space")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir=chosen.scratch or "/var/tmp") as name:
        scratch = Path(name)
        plan = _data.city(chosen.keep or scratch / "city", chosen.records, chosen.ids, chosen.per_device)
        memory = int(chosen.memory * GIB)
        release(_data.city(scratch / "small", 20_000, chosen.ids), scratch / "warm", memory, chosen.workers)
        scans, releases = [], []
        for _ in range(chosen.repeat):
            scans.append(scan(plan))
            releases.append(release(plan, scratch / "run", memory, chosen.workers))
    print(machine("polars", "pyarrow", "numba"))
    print(table(_data.count(plan), _data.size(plan), scans, releases))


def scan(plan: Path) -> Run:
    """A bare scan of all five columns."""
    return python(SCAN, plan.parent / "records" / "*.parquet")


def release(plan: Path, scratch: Path, memory: int, workers: int = 0) -> Run:
    """One release with a state of its own, so that nothing is known from before; `memory` in bytes, 0 workers: all."""
    try:
        return python(RELEASE, plan, scratch / "state", scratch / "out", memory, workers, scratch=scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def growing(run: Run) -> float:
    """Seconds of a release that grow with the records: up to where noise is drawn."""
    return float(run.said["begins"][NOISE])


def counting(run: Run) -> float:
    """Seconds of all processors from the first record read to the last one counted: no start, no noise."""
    return float(run.said["busy"][NOISE] - run.said["busy"][READING])


def table(records: int, size: int, scans: list[Run], releases: list[Run]) -> str:
    """The figures of one benchmark, in words and as a table of Markdown."""
    counted = {run.said["rows"] for run in scans}
    if counted != {records}:
        raise RuntimeError(f"the scan counted other records than the footers: {counted} and {records}")
    scanned = median([run.said["took"] for run in scans])
    rows = [("Polars scan of the five columns", scanned)]
    rows += [("Parquet to release: process", median([run.wall for run in releases]))]
    rows += [("Parquet to release: release", median([run.said["took"] for run in releases]))]
    rows += [("Parquet to release: records", median([growing(run) for run in releases]))]
    lines = [
        f"{records:,} records in {size / 1e9:.2f} GB of Parquet ({_data.COMPRESSION}), medians of {len(releases)}",
        "",
        "| what | seconds | M records/s | ns a record | against the scan |",
        "|---|---|---|---|---|",
        *(
            f"| {what} | {seconds:.2f} | {records / seconds / 1e6:.2f} | {seconds / records * 1e9:.0f} "
            f"| {seconds / scanned:.1f} |"
            for what, seconds in rows
        ),
        "",
        f"processors {median([run.cpu for run in releases]):.1f} s, peak memory "
        f"{max(run.memory for run in releases) / GIB:.2f} GiB, temporary disk "
        f"{max(run.disk for run in releases) / records:.1f} bytes a record; the scan's processors "
        f"{median([run.cpu for run in scans]):.1f} s",
        f"phases: {phases(releases)}",
    ]
    return "\n".join(lines)


def phases(releases: list[Run]) -> str:
    """Median seconds from the beginning of each phase to that of the next."""
    names = list(releases[0].said["begins"])
    spent: dict[str, Any] = {}
    for name, following in zip(names, [*names[1:], None], strict=True):
        spent[name] = median(
            [
                (run.said["begins"][following] if following else run.said["took"]) - run.said["begins"][name]
                for run in releases
            ]
        )
    return ", ".join(f"{name} {seconds:.2f} s" for name, seconds in spent.items())


if __name__ == "__main__":
    main()
