"""Does the transparency log slow down as it grows? Opening, appending and proving at 1,000 and at 1,000,000 entries.

    python -m benchmarks.translog                    two sizes and their ratio; under a minute
    python -m benchmarks.translog --large 10000000   another large size

Appending is measured over 256 single entries, once through all states of a tile, with and without waiting for the disk.
Proofs are of entries anywhere in the log: cold by a log that was just opened, so that tiles are read from files and
checked, warm by one that has proved before. Every proof is verified. Times are medians; the sides take turns.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from shoal.disk import Disk
from shoal.translog import Log, SigningKey
from shoal.translog.merkle import leaf_hash, verify_consistency, verify_inclusion

KEY = SigningKey.from_seed("bench.example/log", bytes(32))
ENTRY = b"x" * 300
BATCH = 65_536
ROUNDS = 256


class Unforced(Disk):
    """Does not wait for the disk: what is left is what the log itself does."""

    def step_sync(self, handle: int, path: Path) -> None:
        pass


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--small", type=int, default=1_000)
    options.add_argument("--large", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the logs are written")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir=chosen.folder) as name:
        sizes = (chosen.small, chosen.large)
        logs = {size: Path(name) / str(size) for size in sizes}
        for size, folder in logs.items():
            start = time.perf_counter()
            _fill(folder, size)
            taken = time.perf_counter() - start
            print(f"{size:>11,} entries of {len(ENTRY)} bytes, {BATCH:,} at a time: {taken:.1f} s", flush=True)
        print(f"\n{'milliseconds':32}{sizes[0]:>12,}{sizes[1]:>12,}       ratio")
        for title, measure in MEASURES.items():
            times: dict[int, list[float]] = {size: [] for size in sizes}
            sides = {size: measure(logs[size]) for size in sizes}
            for _ in range(ROUNDS):
                for size, side in sides.items():
                    times[size].append(side())
            small, large = (1000 * statistics.median(times[size]) for size in sizes)
            print(f"{title:32}{small:12.3f}{large:12.3f}{large / small:12.2f}", flush=True)


def _fill(folder: Path, size: int) -> None:
    log = Log.open(folder, KEY, files=Unforced())
    for start in range(0, size, BATCH):
        log.append([ENTRY] * min(BATCH, size - start))


def _opening(folder: Path) -> Callable[[], float]:
    return lambda: _timed(lambda: Log.open(folder, KEY, files=Unforced()))


def _appending(folder: Path, files: Disk) -> Callable[[], float]:
    log = Log.open(folder, KEY, files=files)
    return lambda: _timed(lambda: log.append([ENTRY]))


def _proving(folder: Path, *, cold: bool) -> Callable[[], float]:
    dice = random.Random(1)
    kept = Log.open(folder, KEY, files=Unforced())

    def once() -> float:
        log = Log.open(folder, KEY, files=Unforced()) if cold else kept
        index = dice.randrange(log.size)
        found: list[list[bytes]] = []
        taken = _timed(lambda: found.append(log.prove(index)))
        verify_inclusion(leaf_hash(ENTRY), index, log.size, found[0], log.root)
        return taken

    return once


def _continuing(folder: Path) -> Callable[[], float]:
    dice = random.Random(2)

    def once() -> float:
        log = Log.open(folder, KEY, files=Unforced())
        old = dice.randrange(1, log.size)
        found: list[list[bytes]] = []
        taken = _timed(lambda: found.append(log.prove_consistency(old)))
        verify_consistency(old, log.view().root(old), log.size, log.root, found[0])
        return taken

    return once


def _verifying(folder: Path) -> Callable[[], float]:
    log = Log.open(folder, KEY, files=Unforced())
    proof = log.proof(log.size // 3)
    return lambda: _timed(lambda: proof.verify(ENTRY, KEY.vkey))


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


MEASURES: dict[str, Callable[[Path], Callable[[], float]]] = {
    "open": _opening,
    "append one": lambda folder: _appending(folder, Unforced()),
    "append one, forced to the disk": lambda folder: _appending(folder, Disk()),
    "prove inclusion, cold": lambda folder: _proving(folder, cold=True),
    "prove inclusion, warm": lambda folder: _proving(folder, cold=False),
    "prove consistency, cold": _continuing,
    "verify a proof offline": _verifying,
}


if __name__ == "__main__":
    main()
