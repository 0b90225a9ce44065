"""What it costs at the intake to hold records against lists: sensitive places, the private deny-list, opt-outs.

    python -m benchmarks.lists

The same records go through the door in turns, one thread, without a list and with each; the clock is the processor's.
The records are of phones that move in small steps over 50 km, where 10,000 places lie; a million devices opted out.
The door is a part of the reading, so a whole release is slowed down by less than what is printed.
"""

import argparse
import time
from fractions import Fraction

import numpy as np
import pyarrow as pa
import shapely
from tests.sensitive.make import applied

from benchmarks._runs import machine
from shoal.intake import Barred, DenyList, Intake, OptOuts, Pseudonymizer
from shoal.intake.deny import hash_surroundings
from shoal.intake.pseudonym import KEY_BYTES
from shoal.sensitive import Sensitive
from shoal.sources import PointBatch

WEST, SOUTH, EAST, NORTH = -103.6, 20.4, -103.1, 20.9
PLACES, OPTED_OUT = 10_000, 1_000_000
BATCH, PER_DEVICE = 1_000_000, 100
KEY = bytes(KEY_BYTES)


def main() -> None:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.lists", description=__doc__)
    asked.add_argument("--records", type=int, default=10_000_000)
    asked.add_argument("--rounds", type=int, default=3)
    told = asked.parse_args()
    dice = np.random.default_rng(1)
    batches = [_batch(dice) for _ in range(max(1, told.records // BATCH))]
    lists = _lists(dice)
    best = dict.fromkeys(lists, float("inf"))
    for batch in batches[:1]:  # compiles, and draws the raster of the places
        for barred, sensitive in lists.values():
            _through([batch], barred, sensitive)
    for _ in range(told.rounds):
        for name, (barred, sensitive) in lists.items():
            best[name] = min(best[name], _through(batches, barred, sensitive))
    records = len(batches) * BATCH
    print(f"{records:,} records, least of {told.rounds} turns; {machine()}")
    for name, seconds in best.items():
        print(f"  {name:32}{1e9 * seconds / records:8.1f} ns a record{seconds / best['no list']:8.2f} x")


def _through(batches: list[PointBatch], barred: Barred | None, sensitive: Sensitive | None) -> float:
    """Seconds of processor time that the door takes for all batches."""
    intake, begin = Intake(Pseudonymizer(), Fraction(200), barred, sensitive), time.process_time()
    for batch in batches:
        intake.admit_points(batch)
    return time.process_time() - begin


def _batch(dice: np.random.Generator) -> PointBatch:
    devices = BATCH // PER_DEVICE
    start = dice.uniform([WEST, SOUTH], [EAST, NORTH], (devices, 1, 2))
    places = (start + np.cumsum(dice.normal(0, 0.0005, (devices, PER_DEVICE, 2)), axis=1)).reshape(BATCH, 2)
    lon, lat = (np.rint(places[:, axis] * 1e7).astype(np.int32) for axis in (0, 1))
    device = np.repeat(dice.integers(0, 100 * OPTED_OUT, devices), PER_DEVICE)
    return PointBatch(pa.array(device), np.arange(BATCH, dtype=np.int64), lat, lon, dice.uniform(0, 220, BATCH))


def _lists(dice: np.random.Generator) -> dict[str, tuple[Barred | None, Sensitive | None]]:
    points = dice.uniform([WEST, SOUTH], [EAST, NORTH], (PLACES, 2)).tolist()
    cells = np.unique(np.concatenate([hash_surroundings(KEY, lat, lon) for lon, lat in points]))
    nobody = OptOuts(KEY, np.empty(0, dtype=np.uint64))
    hashes = np.unique(Pseudonymizer(KEY)(pa.array(np.arange(OPTED_OUT) * 100)))
    return {
        "no list": (None, None),
        f"{PLACES:,} sensitive places": (None, applied([shapely.Point(*point) for point in points], [False])),
        f"{PLACES:,} denied places": (Barred(nobody, DenyList(KEY, cells)), None),
        f"{OPTED_OUT:,} opt-outs": (Barred(OptOuts(KEY, hashes)), None),
    }


if __name__ == "__main__":
    main()
