"""How the Spark engine grows with executors, and what it sends, keeps and writes on the way.

    python -m benchmarks.executors --records 20000000

A cluster on this machine (`local-cluster[n,1,2048]`), whose executors are processes with one core each; the clock
starts after a run over a small city, when Java is warm and the Python workers stand. The local engine, with as many
threads, does the same beside it, and the sums are compared before times are. Reported:

    counting   records to sums, with the phases as `SparkEngine` reports them
    shuffle    bytes of the shuffle files of the records, over the number of records
    Python     most memory that one Python worker of an executor had resident
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import _data
from benchmarks._runs import Run, machine, python

SPARK = """
import os, sys, threading, time
from pathlib import Path
from pyspark.sql import SparkSession
import shoal
from shoal.design import Design
from shoal.engines import LocalEngine, SparkEngine
from shoal.privacy._open import open_sums
from shoal.sources import Tally

number, folder = int(sys.argv[1]), Path(sys.argv[2])
os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_HOSTNAME="127.0.0.1")
os.environ["SPARK_LOCAL_DIRS"] = str(folder / "local")
settings = {
    "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.memory": "2g", "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.sql.warehouse.dir": str(folder / "warehouse"),
}
builder = SparkSession.builder.master(f"local-cluster[{number},1,2048]")
for name, value in settings.items():
    builder = builder.config(name, value)
session = builder.getOrCreate()
peak = {"python": 0, "shuffle": 0}

def watch():
    while True:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if b"pyspark.daemon" in file.read_bytes():
                    resident = int((file.parent / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                    peak["python"] = max(peak["python"], resident)
            except OSError:
                pass
        sizes = 0
        for file in (folder / "local").rglob("shuffle_*.data"):
            try:
                sizes += file.stat().st_size
            except OSError:
                pass
        peak["shuffle"] = max(peak["shuffle"], sizes)
        time.sleep(0.2)

def sums(engine, plan):
    design, tally, phases = Design.of(plan), Tally(), {}
    def progress(phase, done, records=None):
        phases.setdefault(phase, []).append((time.perf_counter() - begin, done))
    opened = engine.open(design)
    begin = time.perf_counter()
    sealed = engine.sums(design, opened, tally, progress)
    took = time.perf_counter() - begin
    ends = {phase: next(at for at, done in told if done == 1) for phase, told in phases.items()}
    return took, ends, tally.rows, {name: open_sums(one).tolist() for name, one in sealed.items()}

sums(SparkEngine(session), shoal.Plan.load(sys.argv[4]))
kept = sum(file.stat().st_size for file in (folder / "local").rglob("shuffle_*.data"))
threading.Thread(target=watch, daemon=True).start()
took, ends, rows, found = sums(SparkEngine(session), shoal.Plan.load(sys.argv[3]))
session.stop()
local, _, _, ours = sums(LocalEngine(workers=number), shoal.Plan.load(sys.argv[3]))
if found != ours:
    raise RuntimeError("the engines gave different sums")
said = {"took": took, "ends": ends, "rows": rows, "local": local, "python": peak["python"],
        "shuffle": (peak["shuffle"] - kept) / rows}
"""


def measure(records: int, executors: list[int], keep: Path | None) -> dict[int, Run]:
    """One run for each number of executors."""
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        scratch = Path(name)
        plan, small = _data.city((keep or scratch) / "city", records), _data.city(scratch / "small", 20_000)
        found = {}
        for number in executors:
            folder = scratch / f"spark{number}"
            (folder / "local").mkdir(parents=True)
            found[number] = python(SPARK, number, folder, plan, small)
        return found


def main() -> None:
    """Measure as the command line asks, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=20_000_000)
    options.add_argument("--executors", type=int, nargs="+", default=[1, 2])
    options.add_argument("--keep", type=Path, help="folder for the simulated records, used again if they are there")
    chosen = options.parse_args()
    runs = measure(chosen.records, chosen.executors, chosen.keep)
    print(machine("pyspark", "pyarrow", "numba"))
    print(table(runs))


def table(runs: dict[int, Run]) -> str:
    """The figures as a table of Markdown."""
    lines = [
        "| executors | records | counting | M records/s | read by | followed by | local engine | shuffle | Python |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for number, run in runs.items():
        said, ends = run.said, run.said["ends"]
        lines.append(
            f"| {number} | {said['rows']:,} | {said['took']:.1f} s | {said['rows'] / said['took'] / 1e6:.2f} "
            f"| {ends['Reading records']:.1f} s | {ends['Following movements']:.1f} s | {said['local']:.1f} s "
            f"| {said['shuffle']:.1f} bytes a record | {said['python'] / 2**20:.0f} MiB |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
