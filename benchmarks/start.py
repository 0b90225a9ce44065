"""Time before the first record: imports, kernels, zones; and the fingerprint of the files.

    python -m benchmarks.start                         a small city of its own
    python -m benchmarks.start --plan plan.toml        a plan of yours (its state is not touched)

Each side runs in processes of its own, in turns; what counts is CPU time, and the ratio to a process that only imports
the libraries which every release needs: machines are noisy. Kernels are compiled before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from hashlib import blake2b
from pathlib import Path
from time import process_time

LIBRARIES = "import numpy, numba, polars, pyarrow.parquet, sqlalchemy, pydantic, shapely, rich.console"
RELEASE = """
import os, sys, tempfile
from pathlib import Path
import shoal

def stop(phase, done, records=None):
    if phase == "Reading records":
        os._exit(0)

with tempfile.TemporaryDirectory() as folder:
    plan = shoal.Plan.load(Path(sys.argv[1]))
    shoal.release(plan, out=Path(folder, "out"), state=Path(sys.argv[2]), progress=stop, tell=lambda sentence: None)
"""
HEAVY = ("geopandas", "pandas", "pyogrio", "pyproj", "scipy.linalg", "sqlalchemy.dialects.postgresql", "pyspark")
"""What no release of H3 zones over an area in GeoJSON should load."""
LOADED = RELEASE.replace("os._exit(0)", f"print(*sorted(set({HEAVY!r}) & set(sys.modules)), flush=True), os._exit(0)")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--plan", type=Path, help="a plan whose records are Parquet; default: a city of 500 devices")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plan = chosen.plan or _city(Path(folder) / "city")
        release = ["-c", RELEASE, str(plan), str(Path(folder) / "state")]
        sides = {
            "import shoal": ["-c", "import shoal"],
            "shoal --help": ["-m", "shoal.cli", "--help"],
            "the libraries alone": ["-c", LIBRARIES],
            "release until the first record": release,
        }
        _seconds(release)  # compiles what is not kept yet
        taken: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(chosen.rounds):
            for name, words in sides.items():
                taken[name].append(_seconds(words))
        medians = {name: statistics.median(times) for name, times in taken.items()}
        for name, median in medians.items():
            print(f"{name:32} {median:6.2f} s CPU   least {min(taken[name]):.2f} s")
        ratio = medians["release until the first record"] / medians["the libraries alone"]
        print(f"release / libraries              {ratio:6.2f}")
        heavy = subprocess.run(
            [sys.executable, "-c", LOADED, *release[2:]], capture_output=True, text=True, check=True
        ).stdout.split()
        print(f"loaded without need              {', '.join(heavy) or 'nothing'}")
        _fingerprint(Path(folder) / "bytes")


def _city(folder: Path) -> Path:
    from shoal.simulate import simulate

    return simulate(folder, devices=500, days=7, seed=1, records_per_day=20.0, start=date(2026, 3, 2), progress=_silent)


def _silent(phase: str, done: float, records: int | None = None, /) -> None:
    pass


def _seconds(words: list[str]) -> float:
    """CPU seconds of a Python of its own."""
    child = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"a run ended with status {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def _fingerprint(file: Path, size: int = 1 << 29) -> None:
    """GB of a file that is in memory already, for each second of CPU; BLAKE2b beside it."""
    from shoal.sources.fingerprint import fingerprint

    with file.open("wb") as stream:
        for _ in range(size >> 20):
            stream.write(os.urandom(1 << 20))
    ours = _rate(lambda: fingerprint([file], bytes(32)), size)
    theirs = _rate(lambda: _blake2b(file), size)
    print(f"fingerprint                      {ours:6.1f} GB/s CPU   BLAKE2b {theirs:.2f}   ratio {ours / theirs:.1f}")


def _blake2b(file: Path) -> None:
    state = blake2b(key=bytes(32))
    with file.open("rb", buffering=0) as stream:
        while part := stream.read(1 << 20):
            state.update(part)


def _rate(work: Callable[[], object], size: int) -> float:
    times = []
    for _ in range(3):
        start = process_time()
        work()
        times.append(process_time() - start)
    return size / 1e9 / statistics.median(times)


if __name__ == "__main__":
    main()
