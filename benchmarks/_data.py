"""Simulated records for the benchmarks: as a company would have them, not as the simulator happens to write them.

`shoal simulate` writes a file for each few thousand devices, packed with zstd: kind to whoever groups by device. Here
the records of 12 such files at a time are put in the order of time and written as 12 files by PyArrow's defaults
(Snappy, dictionaries, row groups of 1 Mi rows), as Spark and pandas write them too: each file holds about 100,000
devices.
"""

import hashlib
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

Ids = Literal["int", "text"]
DAYS = 7
FILES_AT_ONCE = 12
DEVICES_AT_ONCE = 1_000_000
COMPRESSION = "snappy"
BESIDE = ("area.geojson", "zones.geojson", "population.csv", "city.json")


def city(folder: Path, records: int, ids: Ids = "int", per_device: int = 100) -> Path:
    """The plan of a city of about `records` records in `folder`; made where it is not there, which can be resumed.

    folder      gets `int` and `text`, a plan and its records each; `raw` while they are made
    per_device  records a device has on average over the week

    More than a million devices are simulated a million at a time, each with a seed of its own, so that little disk is
    needed beside the result; two of ten million devices share an identifier with a chance of 5 in a million.
    """
    plan = folder / ids / "plan.toml"
    if plan.exists():
        return plan
    if ids == "text":
        _spell(city(folder, records, "int", per_device).parent, plan.parent)
        return plan
    devices = max(1, round(records / per_device))
    shards = -(-devices // DEVICES_AT_ONCE)
    for shard in range(shards):
        raw, done = folder / "raw", plan.parent / f"shard-{shard:02d}.done"
        if done.exists():
            continue
        if not (raw / "plan.toml").exists():
            _simulate(raw, -(-devices // shards), per_device, seed=shard + 1)
        _mix(raw, plan.parent / "records", f"{shard:02d}-")
        if shard == shards - 1:
            _beside(raw, plan.parent)
        shutil.rmtree(raw)
        done.touch()
    return plan


def _simulate(raw: Path, devices: int, per_device: int, seed: int) -> None:
    simulate = [sys.executable, "-m", "shoal.cli", "simulate", str(raw), "--devices", str(devices), "--days", str(DAYS)]
    simulate += ["--records-per-day", f"{per_device / DAYS:.4f}", "--seed", str(seed), "--quiet"]
    subprocess.run(simulate, check=True, stdout=subprocess.DEVNULL)


def count(plan: Path) -> int:
    """Records in the files of `plan`, by their footers."""
    return sum(pq.read_metadata(file).num_rows for file in plan.parent.glob("records/*.parquet"))


def size(plan: Path) -> int:
    """Bytes of the files of `plan`."""
    return sum(file.stat().st_size for file in plan.parent.glob("records/*.parquet"))


def _mix(raw: Path, out: Path, prefix: str) -> None:
    """Rewrite the simulator's files in the order of time; each is removed once its records stand in `out`."""
    left = sorted(raw.glob("records/*.parquet"))
    out.mkdir(parents=True, exist_ok=True)
    for unfinished in out.glob("*.part"):
        unfinished.unlink()
    for begin in range(0, len(left), FILES_AT_ONCE):
        group = left[begin : begin + FILES_AT_ONCE]
        rows = pl.read_parquet(group, glob=False).sort("time").to_arrow()
        share = -(-rows.num_rows // len(group))
        written = []
        for number in range(len(group)):
            written.append(out / f"{prefix}{group[0].stem}-{number:02d}.part")
            pq.write_table(rows.slice(number * share, share), written[-1], compression=COMPRESSION)
        for file in written:
            file.rename(file.with_suffix(".parquet"))
        for file in group:
            file.unlink()


def _spell(numbered: Path, out: Path) -> None:
    """The same records with identifiers of 36 characters, as advertising identifiers are."""
    (out / "records").mkdir(parents=True, exist_ok=True)
    for file in sorted(numbered.glob("records/*.parquet")):
        rows = pq.read_table(file)
        devices, place = np.unique(rows["device"].to_numpy(), return_inverse=True)
        spelt = pa.array([spell(int(device)) for device in devices], pa.string())
        text = pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32)), spelt).cast(pa.string())
        rows = rows.set_column(rows.column_names.index("device"), "device", text)
        pq.write_table(rows, out / "records" / file.name, compression=COMPRESSION)
    _beside(numbered, out)


def spell(device: int) -> str:
    """The identifier of 36 characters that stands for `device`."""
    return str(uuid.UUID(bytes=hashlib.blake2b(device.to_bytes(8), digest_size=16).digest(), version=4))


def _beside(source: Path, out: Path) -> None:
    """What a plan needs beside the records; the plan itself last, as the sign that all is there."""
    for name in BESIDE:
        shutil.copyfile(source / name, out / name)
    shutil.copyfile(source / "plan.toml", out / "plan.toml")
