"""Many records, in awkward shapes, within the memory that was allowed: the same integers as in any other shape.

The records of `_city` are written in ways that hurt: identifiers of 36 characters, in random order, in files of uneven
size, one device with a tenth of all. What they add up to is compared with the same records as whole numbers, sorted.
"""

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.sources import Tally
from tests.pipeline import source

RECORDS = 3_000_000
DEVICES = 20_000
HEAVY = 7
DAYS = 2

# Not `ru_maxrss`: that begins with the peak of the process that started this one.
MEASURED = """
import json, sys
from pathlib import Path
from typing import Any
from shoal.design import Design
from shoal.engines import LocalEngine
from shoal.plan import Plan
from shoal.privacy._open import open_sums
from shoal.sources import Tally
design = Design.of(Plan.load(Path(sys.argv[1])))
engine = LocalEngine(workers=2, memory=3 << 29, held=int(sys.argv[2]), temp=sys.argv[3])
sums = engine.sums(design, engine.open(design), Tally(), lambda *_: None)
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"peak": peak << 10, "sums": {name: open_sums(sealed).tolist() for name, sealed in sums.items()}}))
"""


def _city() -> pl.DataFrame:
    """Devices that stay where they are for a while, then are somewhere else; by device and time."""
    dice = np.random.default_rng(4)
    device = np.sort(np.where(dice.random(RECORDS) < 0.1, HEAVY, dice.integers(0, DEVICES, RECORDS)))
    time = source.FIRST_DAY + dice.integers(0, DAYS * source.DAY, RECORDS)
    spot = (device * 31 + (time - source.FIRST_DAY) // (3 * source.HOUR)) % 997
    lat = source.SOUTH + (spot * 61 % 997) / 997 * (source.NORTH - source.SOUTH)
    lon = source.WEST + (spot * 17 % 997) / 997 * (source.EAST - source.WEST)
    frame = pl.DataFrame({"uid": device, "seen": time, "lat": lat, "lng": lon})
    return frame.with_columns(pl.col("lat", "lng") + pl.Series(dice.normal(0, 1e-4, RECORDS))).sort("uid", "seen")


@pytest.fixture(scope="module")
def city() -> pl.DataFrame:
    return _city()


@pytest.fixture(scope="module")
def usual(city: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """Whole numbers, sorted, one file, all in memory."""
    plan = _plan(tmp_path_factory.mktemp("usual"))
    city.write_parquet(plan.folder / "records" / "all.parquet")
    return _sums(plan, LocalEngine(workers=2))


def test_awkward_shapes_within_the_memory(city: pl.DataFrame, usual: dict[str, list[int]], tmp_path: Path) -> None:
    """A third of the records fits into what they may fill; the rest goes to disk. The process stays below its limit."""
    plan, temp = _plan(tmp_path / "plan"), tmp_path / "temp"
    temp.mkdir()
    names = pl.Series([str(uuid.UUID(int=n * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for n in range(DEVICES)])
    awkward = city.with_columns(uid=names.gather(city["uid"])).sample(fraction=1.0, shuffle=True, seed=5)
    begin = 0
    for number, share in enumerate([0.62, 0.3, 0.079, 0.001]):
        end = RECORDS if number == 3 else begin + int(share * RECORDS)
        part = awkward[begin:end]
        part.write_parquet(
            plan.folder / "records" / f"{number}.parquet", row_group_size=[2_000_000, 50_000][number % 2]
        )
        begin = end
    found = _measured(plan, 20 * RECORDS // 3, temp)
    assert found["sums"] == usual
    assert found["peak"] < 3 << 29
    assert list(temp.iterdir()) == []


def test_ten_thousand_small_files(city: pl.DataFrame, tmp_path: Path) -> None:
    plan, few = _plan(tmp_path / "plan"), _plan(tmp_path / "few")
    sample = city.sample(40_000, seed=1).sort("seen")
    sample.write_parquet(few.folder / "records" / "all.parquet")
    for number in range(10_000):
        sample[4 * number : 4 * number + 4].write_csv(plan.folder / "records" / f"{number}.csv")
    assert _sums(plan, LocalEngine()) == _sums(few, LocalEngine())


def _plan(folder: Path) -> Plan:
    (folder / "records").mkdir(parents=True)
    (folder / "plan.toml").write_text(source.plan_text())
    return Plan.load(folder / "plan.toml")


def _sums(plan: Plan, engine: LocalEngine) -> dict[str, list[int]]:
    design = Design.of(plan)
    found = engine.sums(design, engine.open(design), Tally(), lambda *_: None)
    return {name: open_sums(sealed).tolist() for name, sealed in found.items()}


def _measured(plan: Plan, held: int, temp: Path) -> dict[str, Any]:
    """The same in a process of its own, with its peak memory in bytes."""
    command = [sys.executable, "-c", MEASURED, str(plan.file), str(held), str(temp)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
