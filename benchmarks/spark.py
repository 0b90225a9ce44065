"""Spark on two cores: Shoal's engine against the PySpark jobs that one would write for the same stays.

    python -m benchmarks.spark --records 10000000

All read the same cleaned records (see benchmarks/presence.py) in a session on local[2] of their own, and count stays
of at least 20 minutes within 200 m by zone and day. The clock starts after a run over a small city, when Java is warm
and the Python workers stand. Shoal goes on to pseudonyms, its own zones and bounded sums. The others are

    windows   islands by window functions: a record further than 200 m from the one before, or after more than 120
              minutes, begins a new one; the shape that such queries usually have. It measures from record to record and
              not from the stay's first one, so that who walks slowly stays for ever: it does not find the same stays.
    pandas    applyInPandas device by device, with the very rule (Li et al. 2008) in a loop of Python: the
              straightforward way to the same stays.

The zone of a stay is that of its first record for both: a column that they need not compute. What Shoal found is only
seen in a release of it at epsilon 1000; its total must be that of `pandas` within 1 %, as a few stays begin outside
every zone.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _data, presence
from benchmarks._runs import Run, machine, median, python

if TYPE_CHECKING:
    import pandas as pd

RADIUS, LONGEST, MINIMUM, EARTH = 200.0, 7200, 1200, 6_371_000.0

SESSION = """
import sys, time
from pathlib import Path
from benchmarks.spark import count_by_day, session
spark = session(sys.argv[3])
"""
SHOAL = (
    SESSION
    + """
import shoal
from shoal.design import Design
from shoal.engines.spark import SparkEngine
from shoal.sources import Tally
def sums(file):
    design, engine = Design.of(shoal.Plan.load(file)), SparkEngine(spark)
    begin = time.perf_counter()
    sealed = engine.sums(design, engine.open(design), Tally(), lambda *_: None)
    return time.perf_counter() - begin, sealed
sums(sys.argv[2])
took, _ = sums(sys.argv[1])
said = {"took": took}
spark.stop()
"""
)
THEIRS = (
    SESSION
    + """
count_by_day(spark, Path(sys.argv[2]).parent, sys.argv[4])
begin = time.perf_counter()
stays = count_by_day(spark, Path(sys.argv[1]).parent, sys.argv[4])
said = {"took": time.perf_counter() - begin, "stays": stays}
spark.stop()
"""
)
RELEASE = """
import sys, shoal
release = shoal.release(shoal.Plan.load(sys.argv[1]), state=sys.argv[2], out=sys.argv[3], progress=lambda *_: None)
said = {"stays": float(release["visits"].to_polars()["estimate"].sum())}
"""


def session(folder: str) -> Any:
    """A session on two cores that writes under `folder`."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.driver.memory": "6g",
        "spark.local.dir": folder,
        "spark.sql.warehouse.dir": folder,
        "spark.sql.shuffle.partitions": "16",
        "spark.sql.session.timeZone": "America/Mexico_City",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[2]").appName("benchmark")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def count_by_day(spark: Any, folder: Path, how: str) -> int:
    """Stays by zone and day, as `how` finds them; returns how many there are in zones."""
    from pyspark.sql import functions as f

    records = spark.read.parquet(str(folder / "records"))
    records = records.select("device", f.unix_timestamp("time").alias("time"), "lat", "lon", "zone")
    stays = by_windows(records) if how == "windows" else by_pandas(records)
    day = f.to_date(f.timestamp_seconds("start"))
    table = stays.filter("zone >= 0").groupBy("zone", day.alias("day")).count().collect()
    return sum(row["count"] for row in table)


def by_windows(records: Any) -> Any:
    """device, start, end, zone of each island."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    order = Window.partitionBy("device").orderBy("time")
    names = ("time", "lat", "lon")
    records = records.select("*", *(f.lag(name).over(order).alias(f"last_{name}") for name in names))
    north, east = f.radians(f.expr("lat - last_lat")), f.radians(f.expr("lon - last_lon"))
    across = f.cos(f.radians("lat")) * f.cos(f.radians("last_lat")) * f.pow(f.sin(east / 2), 2)
    metres = 2 * EARTH * f.asin(f.sqrt(f.pow(f.sin(north / 2), 2) + across))
    fresh = f.col("last_time").isNull() | (metres >= RADIUS) | (f.col("time") - f.col("last_time") > LONGEST)
    records = records.withColumn("fresh", fresh.cast("int"))
    records = records.withColumn("island", f.sum("fresh").over(order))
    islands = records.groupBy("device", "island").agg(
        f.min("time").alias("start"), f.max("time").alias("end"), f.min_by("zone", "time").alias("zone")
    )
    return islands.filter(f.col("end") - f.col("start") >= MINIMUM)


def by_pandas(records: Any) -> Any:
    """device, start, end, zone of each stay by the sequential rule."""
    return records.groupBy("device").applyInPandas(one_device, "device long, start long, end long, zone int")


def one_device(rows: "pd.DataFrame") -> "pd.DataFrame":
    """The stays of one device's records, as one would write it; see `trajectories.stays.find_stays` for the rule."""
    import math

    import pandas as pd

    rows = rows.sort_values("time")
    time, zone = rows["time"].tolist(), rows["zone"].tolist()
    lat, lon = rows["lat"].map(math.radians).tolist(), rows["lon"].map(math.radians).tolist()

    def metres(a: int, b: int) -> float:
        across = math.cos(lat[a]) * math.cos(lat[b]) * math.sin((lon[b] - lon[a]) / 2) ** 2
        return 2 * EARTH * math.asin(math.sqrt(math.sin((lat[b] - lat[a]) / 2) ** 2 + across))

    found, anchor = [], 0
    for row in range(1, len(time) + 1):
        silent = row == len(time) or time[row] - time[row - 1] > LONGEST
        if not silent and metres(anchor, row) < RADIUS:
            continue
        end = time[row - 1] if silent else time[row]
        if end - time[anchor] >= MINIMUM:
            found.append((time[anchor], end, zone[anchor]))
        anchor = row
    table = pd.DataFrame(found, columns=["start", "end", "zone"])
    table.insert(0, "device", rows["device"].iloc[0])
    return table


def measure(records: int, repeat: int, keep: Path | None, only: list[str]) -> tuple[dict[str, list[Run]], int]:
    """The sides named in `only`, `repeat` times each, in turns; and how many records there were."""
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        scratch = Path(name)
        source = _data.city((keep or scratch) / "city", records)
        small = _data.city(scratch / "small", 20_000)
        plan, warm = scratch / "clean" / "plan.toml", scratch / "warm" / "plan.toml"
        for city, target in ((source, plan), (small, warm)):
            python(presence.CLEAN, city, target.parent)
            text = target.read_text().split("[statistics.presence]")[0]
            target.write_text(f'{text}[statistics.visits]\nby = ["zone", "day"]\nbound = 60\n')
        runs: dict[str, list[Run]] = {who: [] for who in only}
        for _ in range(repeat):
            for who in only:
                code = SHOAL if who == "Shoal" else THEIRS
                runs[who].append(python(code, plan, warm, scratch / "spark", who, scratch=scratch / "spark"))
        if "pandas" in only:
            ours = python(RELEASE, plan, scratch / "state", scratch / "out").said["stays"]
            theirs = runs["pandas"][0].said["stays"]
            if not abs(ours / theirs - 1) < 0.01:
                raise RuntimeError(f"the release has {ours:.0f} stays and PySpark {theirs}: these are unlike things")
        return runs, _data.count(plan)


def main() -> None:
    """Measure as the command line asks, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=10_000_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--keep", type=Path, help="folder for the simulated records, used again if they are there")
    options.add_argument(
        "--only", nargs="+", choices=["Shoal", "windows", "pandas"], default=["Shoal", "windows", "pandas"]
    )
    chosen = options.parse_args()
    runs, records = measure(chosen.records, chosen.repeat, chosen.keep, chosen.only)
    print(machine("pyspark", "pyarrow", "numba"))
    print(table(runs, records))


def table(runs: dict[str, list[Run]], records: int) -> str:
    """The figures as a table of Markdown."""
    took = {who: median([run.said["took"] for run in all_]) for who, all_ in runs.items()}
    lines = [
        f"{records:,} records after cleaning, local[2]",
        "",
        "| who | stays in zones | seconds | M records/s | peak GiB | Shoal is |",
        "|---|---|---|---|---|---|",
    ]
    for who, seconds in took.items():
        ratio = f"{seconds / took['Shoal']:.2f} x" if "Shoal" in took else ""
        stays, peak = runs[who][0].said.get("stays", "sealed"), max(run.memory for run in runs[who]) / 2**30
        lines.append(f"| {who} | {stays} | {seconds:.2f} | {records / seconds / 1e6:.3f} | {peak:.2f} | {ratio} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
