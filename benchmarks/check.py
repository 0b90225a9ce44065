"""Has anything become slower? Small versions of the ratios, against those kept in `ratios.json`.

    make bench-check                                fails where a ratio is worse by a third
    python -m benchmarks.check --update             measure, and keep what was found instead

A ratio is our time over another's in the same run, so that machines cancel out as far as they can; smaller is better.
Where all sides can run on one core it is a ratio of processor times, which other work disturbs less.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import _data, presence, scale, stays
from benchmarks._runs import machine, median

KEPT = Path(__file__).with_name("ratios.json")
WORSE = 4 / 3
RECORDS = 5_000_000
GIB = 1 << 30


def worsened(kept: Mapping[str, float], found: Mapping[str, float]) -> list[str]:
    """A sentence for each ratio of `found` that is worse than the kept one by a third, or that only one has."""
    sentences = []
    for name in sorted(kept.keys() | found.keys()):
        if name not in found:
            sentences.append(f"{name}: kept in {KEPT.name} but not measured; mend the check, or renew with --update")
        elif name not in kept:
            sentences.append(f"{name}: measured but not kept in {KEPT.name}; renew with --update")
        elif not found[name] < kept[name] * WORSE:  # so that NaN is worse, too
            times = found[name] / kept[name]
            sentences.append(f"{name}: {found[name]:.4g}, {times:.2f} x the kept {kept[name]:.4g}; find what slowed it")
    return sentences


def measure(repeat: int) -> dict[str, float]:
    """The ratios, ours over theirs."""
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        scratch = Path(name)
        ratios = _releases(scratch, repeat)
        runs, _, _ = presence.measure(RECORDS, repeat, scratch / "int")
        took = {who: median([run.said["busy"] for run in all_]) for who, all_ in runs.items()}
    ratios["presence / Polars or DuckDB"] = took["Shoal"] / min(took["Polars"], took["DuckDB"])
    chosen = [side for side in stays.sides(20) if side.library is None]
    rates = {side.name: stays.rate(all_) for side, all_ in stays.measure(chosen, repeat, stays.DATA).items()}
    for side in chosen[:2]:
        ratios[f"stays, {side.name} / trackintel"] = rates["trackintel"] / rates[side.name]
    return ratios


def _releases(scratch: Path, repeat: int) -> dict[str, float]:
    """Processor time from the first record read to the last one counted, over that of the scan."""
    ratios = {}
    for ids in ("int", "text"):
        keep = scratch / ids / "city"
        plan = _data.city(keep, RECORDS, ids)
        scale.release(_data.city(scratch / ids / "small", 20_000, ids), scratch / "run", 2 * GIB)
        scans, releases = [], []
        for _ in range(repeat):
            scans.append(scale.scan(plan).said["busy"])
            releases.append(scale.counting(scale.release(plan, scratch / "run", 2 * GIB)))
        ratios[f"records to sums, {ids} ids / scan"] = median(releases) / median(scans)
    return ratios


def main() -> None:
    """Measure, compare or keep; exit status 1 where a ratio is worse by a third."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--update", action="store_true", help="keep what is measured now")
    chosen = options.parse_args()
    if not (chosen.update or KEPT.exists()):
        sys.exit(f"{KEPT}: no ratios are kept yet; measure them on a quiet machine with --update")
    found = measure(chosen.repeat)
    if chosen.update:
        kept = {"machine": machine("polars", "duckdb", "trackintel", "numba"), "ratios": found}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
        print(f"{KEPT}: renewed", file=sys.stderr)
    known = json.loads(KEPT.read_text())["ratios"]
    for name, ratio in found.items():
        print(f"{name:<50} {ratio:9.4g}   kept {known.get(name, float('nan')):9.4g}")
    problems = worsened(known, found)
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
