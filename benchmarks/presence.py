"""Hourly presence: Parquet to exact sums, Shoal against a Polars lazy query and DuckDB SQL by the same definition.

    python -m benchmarks.presence --records 10000000

Half of each gap goes to each neighbour, 120 minutes are the longest, 5 minutes count at the edges, time is cut at
local hours. The records are cleaned beforehand, and the two queries get a column with the zone of each record: they
need not clean and need not find zones, which Shoal does. It also makes pseudonyms, and holds vectors to their bound.
All read the same Parquet files, in the order of time; each side is a process of its own, in turns, modules loaded
before the clock runs, with all cores.

No exact sum of Shoal's is looked at: the records are released once at epsilon 1000 (they are synthetic), and what was
published must differ from the queries' integers by the noise that the release states and by nothing else.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import _data
from benchmarks._runs import Run, machine, median, python

HOURS, BINS_OF_A_UNIT, LONGEST, EDGE = 168, 3600, 7200, 300
FILES = 12
BOUND = 13  # the square root of 168 hours is 12.96: no device's vector is ever shortened

SHOAL = """
import sys, time
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.plan import Plan
from shoal.sources import Tally
def sums(file):
    design = Design.of(Plan.load(file))
    begin = time.perf_counter(), time.process_time()
    engine = LocalEngine(memory=8 << 30)
    sealed = engine.sums(design, engine.open(design), Tally(), lambda *_: None)
    return time.perf_counter() - begin[0], time.process_time() - begin[1], sealed
sums(sys.argv[2])
took, busy, _ = sums(sys.argv[1])
said = {"took": took, "busy": busy}
"""
POLARS = """
import sys, time
from pathlib import Path
from benchmarks.presence import by_polars
begin = time.perf_counter(), time.process_time()
table = by_polars(Path(sys.argv[1]), int(sys.argv[2])).collect()
said = {"took": time.perf_counter() - begin[0], "busy": time.process_time() - begin[1]}
table.sort("zone", "hour").write_parquet(sys.argv[3])
"""
DUCKDB = """
import sys, time, duckdb
from pathlib import Path
from benchmarks.presence import by_duckdb
begin = time.perf_counter(), time.process_time()
table = duckdb.sql(by_duckdb(Path(sys.argv[1]), int(sys.argv[2]))).to_arrow_table()
said = {"took": time.perf_counter() - begin[0], "busy": time.process_time() - begin[1]}
import polars as pl
pl.from_arrow(table).sort("zone", "hour").write_parquet(sys.argv[3])
"""
CLEAN = """
import sys
from pathlib import Path
from benchmarks.presence import clean_city
said = {"start": clean_city(Path(sys.argv[1]), Path(sys.argv[2]))}
"""
RELEASE = """
import sys, shoal
release = shoal.release(shoal.Plan.load(sys.argv[1]), state=sys.argv[2], out=sys.argv[3], progress=lambda *_: None)
release["presence"].to_polars().select("zone", "hour", "estimate", "stderr").write_parquet(sys.argv[4])
said = {"zones": release.folder.name}
"""


def pieces(folder: Path, start: int) -> pl.LazyFrame:
    """device, zone, hour, seconds: what each record stands for, cut at the hours; `start` of the period in seconds."""
    time, device = pl.col("time"), pl.col("device")
    rows = pl.scan_parquet(folder / "records" / "*.parquet")
    rows = rows.select("device", time.dt.epoch("s"), "zone").sort("device", "time")
    before = pl.when(device == device.shift(1)).then(time - time.shift(1))
    after = pl.when(device == device.shift(-1)).then(time.shift(-1) - time)
    spans = rows.with_columns(
        since=pl.when(before <= LONGEST)
        .then(time - before + before // 2)
        .otherwise(time - EDGE)
        .clip(lower_bound=start),
        until=pl.when(after <= LONGEST)
        .then(time + after // 2)
        .otherwise(time + EDGE)
        .clip(upper_bound=start + 3600 * HOURS),
    ).filter((pl.col("zone") >= 0) & (pl.col("until") > pl.col("since")))
    first, last = (pl.col("since") - start) // 3600, (pl.col("until") - 1 - start) // 3600
    cut = spans.select("device", "zone", "since", "until", hour=pl.int_ranges(first, last + 1)).explode("hour")
    begin = start + 3600 * pl.col("hour")
    seconds = pl.min_horizontal(pl.col("until"), begin + 3600) - pl.max_horizontal(pl.col("since"), begin)
    return cut.select("device", "zone", "hour", seconds=seconds)


def by_polars(folder: Path, start: int) -> pl.LazyFrame:
    """zone, hour, seconds: the exact sums."""
    return pieces(folder, start).group_by("zone", "hour").agg(pl.col("seconds").sum())


def by_duckdb(folder: Path, start: int) -> str:
    """The same in SQL."""
    return f"""
        WITH times AS (SELECT device, zone, epoch(time)::BIGINT AS t FROM '{folder}/records/*.parquet'),
        gaps AS (
            SELECT zone, t, t - lag(t) OVER w AS before, lead(t) OVER w - t AS after
            FROM times WINDOW w AS (PARTITION BY device ORDER BY t)
        ),
        spans AS (
            SELECT zone,
                greatest(CASE WHEN before <= {LONGEST} THEN t - before + before // 2 ELSE t - {EDGE} END, {start}) AS s,
                least(CASE WHEN after <= {LONGEST} THEN t + after // 2 ELSE t + {EDGE} END, {start + 3600 * HOURS}) AS e
            FROM gaps WHERE zone >= 0
        ),
        pieces AS (
            SELECT zone, s - {start} AS s, e - {start} AS e,
                unnest(range((s - {start}) // 3600, (e - 1 - {start}) // 3600 + 1)) AS hour
            FROM spans WHERE e > s
        )
        SELECT zone, hour, sum(least(e, (hour + 1) * 3600) - greatest(s, hour * 3600))::BIGINT AS seconds
        FROM pieces GROUP BY zone, hour
    """


def clean_city(source: Path, out: Path) -> int:
    """Records of the city of plan `source` that Shoal's cleaning keeps, with their zone; returns the period's start.

    `out` gets device, time, lat, lon, zone (index, -1 outside) in the order of time, and a plan for presence alone.
    """
    from shoal.design import Design
    from shoal.plan import Plan
    from shoal.trajectories.cleaning import clean

    design = Design.of(Plan.load(source))
    rows = pl.scan_parquet(source.parent / "records" / "*.parquet").filter(
        (pl.col("accuracy") <= float(design.plan.cleaning.max_accuracy)) | pl.col("accuracy").is_nan()
    )
    table = rows.select("device", pl.col("time").dt.epoch("s"), "lat", "lon").sort("device", "time").collect()
    device = table["device"].to_numpy()
    first = np.concatenate([[0], np.flatnonzero(np.diff(device)) + 1, [device.size]]).astype(np.int64)
    lat, lon = (np.round(table[name].to_numpy() * 1e7).astype(np.int32) for name in ("lat", "lon"))
    speed = float(design.plan.cleaning.max_speed)
    kept = clean(first, table["time"].to_numpy(), lat, lon, speed)
    whose = np.repeat(device[first[:-1]], np.diff(kept.first))
    order = np.argsort(kept.time, kind="stable")
    columns = {
        "device": whose[order],
        "time": pa.array(kept.time[order] * 1000).cast(pa.timestamp("ms", "UTC")),
        "lat": (kept.lat / 1e7)[order],
        "lon": (kept.lon / 1e7)[order],
        "zone": design.zones.locate(kept.lat, kept.lon)[order],
    }
    (out / "records").mkdir(parents=True)
    tidy = pa.table(columns)
    share = -(-tidy.num_rows // FILES)
    for number in range(FILES):
        piece = tidy.slice(number * share, share)
        pq.write_table(piece, out / "records" / f"part-{number:02d}.parquet", compression=_data.COMPRESSION)
    pl.DataFrame({"zone": list(design.zones.ids)}).write_parquet(out / "zones.parquet")
    (out / "area.geojson").write_bytes((source.parent / "area.geojson").read_bytes())
    text = source.read_text().split("[statistics.presence]")[0]
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("accuracy =", "epsilon =")))
    text = text.replace("[privacy]", "[privacy]\nepsilon = 1000")
    (out / "plan.toml").write_text(f'{text}\n[statistics.presence]\nby = ["zone", "hour"]\nbound = {BOUND}\n')
    return design.calendar.start


def compare(release: Path, folder: Path, start: int) -> float:
    """Mean square of (published - query) / stated error over all cells: 1 if only noise is between them.

    Raises `RuntimeError` where it is not. A false alarm has a chance below one in a million: the mean of the squares of
    40,000 normal numbers is within 3.5 % of 1 so often.
    """
    share = (pl.col("seconds") * 1024 // 3600) / 1024  # what a device adds is rounded down to 1/1024
    each = pieces(folder, start).group_by("device", "zone", "hour").agg(pl.col("seconds").sum())
    exact = each.group_by("zone", "hour").agg(share.sum().alias("value"))
    zones = (
        pl.scan_parquet(folder / "zones.parquet").with_row_index("index").with_columns(pl.col("index").cast(pl.Int32))
    )
    published = pl.scan_parquet(release).join(zones, on="zone").drop("zone").rename({"index": "zone"})
    published = published.with_columns(hour=(pl.col("hour").dt.epoch("s") - start) // 3600)
    both = published.join(exact, on=["zone", "hour"], how="left").with_columns(pl.col("value").fill_null(0.0)).collect()
    off = ((both["estimate"] - both["value"]) / both["stderr"]).to_numpy()
    square = float(np.mean(off**2))
    if not abs(square - 1) < 5 * np.sqrt(2 / off.size) + 1e-3 or np.abs(off).max() > 7:
        raise RuntimeError(f"the release is not the queries' sums and noise: mean square {square:.3f}, not 1")
    return square


def measure(records: int, repeat: int, keep: Path | None = None) -> tuple[dict[str, list[Run]], int, float]:
    """Every side `repeat` times, in turns; also how many records there were, and what `compare` said."""
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        scratch = Path(name)
        source = _data.city((keep or scratch) / "city", records)
        small = _data.city(scratch / "small", 20_000)
        plan, warm = scratch / "clean" / "plan.toml", scratch / "warm" / "plan.toml"
        start = python(CLEAN, source, plan.parent).said["start"]
        python(CLEAN, small, warm.parent)
        tables = {who: scratch / f"{who}.parquet" for who in ("polars", "duckdb", "release")}
        runs: dict[str, list[Run]] = {"Shoal": [], "Polars": [], "DuckDB": []}
        for _ in range(repeat):
            runs["Shoal"].append(python(SHOAL, plan, warm, scratch=scratch / "tmp"))
            runs["Polars"].append(python(POLARS, plan.parent, start, tables["polars"], scratch=scratch / "tmp"))
            runs["DuckDB"].append(python(DUCKDB, plan.parent, start, tables["duckdb"], scratch=scratch / "tmp"))
        queries = [pl.read_parquet(tables[who]).cast(pl.Int64) for who in ("polars", "duckdb")]
        if not queries[0].equals(queries[1]):
            raise RuntimeError("Polars and DuckDB gave different sums: one of the two queries is wrong")
        python(RELEASE, plan, scratch / "state", scratch / "out", tables["release"])
        return runs, _data.count(plan), compare(tables["release"], plan.parent, start)


def main() -> None:
    """Measure as the command line asks, print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--records", type=int, default=10_000_000)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--keep", type=Path, help="folder for the simulated records, used again if they are there")
    chosen = options.parse_args()
    runs, records, square = measure(chosen.records, chosen.repeat, chosen.keep)
    print(machine("polars", "duckdb", "numba"))
    print(table(runs, records, square))


def table(runs: dict[str, list[Run]], records: int, square: float) -> str:
    """The figures as a table of Markdown."""
    took = {who: median([run.said["took"] for run in all_]) for who, all_ in runs.items()}
    lines = [
        f"{records:,} records after cleaning; release against queries: mean square {square:.3f} of the stated error",
        "",
        "| who | seconds | of processors | M records/s | peak GiB | Shoal is |",
        "|---|---|---|---|---|---|",
    ]
    for who, all_ in runs.items():
        busy, peak = median([run.said["busy"] for run in all_]), max(run.memory for run in all_) / 2**30
        lines.append(
            f"| {who} | {took[who]:.2f} | {busy:.2f} | {records / took[who] / 1e6:.2f} | {peak:.2f} "
            f"| {took[who] / took['Shoal']:.2f} x |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
