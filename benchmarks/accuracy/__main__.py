"""Accuracy of Shoal and its peers on the same contributions at the same epsilon, delta and unit.

    make bench-accuracy                                  all cases, 10 runs, real libraries twice: about an hour
    python -m benchmarks.accuracy presence-1000 --ours   Shoal alone, against the peers as they were kept

Every peer is tuned for each case: all its limits (and kinds of noise) are tried on the very city that counts, with
other seeds, and the setting with the smallest error is kept. That is more than anybody could do with real records,
where looking costs budget. Shoal's bound is chosen in the same way. Of every method the best version of its numbers
counts: as published, with negatives put to 0, and for Shoal its consistent column.

Tumult Analytics and dp_mobility_report run for real `--real` times. The other rows under their names are twins: the
same algorithm in NumPy with OpenDP's noise, `--runs` times. Whether a twin is like its original can be read off the
table.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._environments import environment
from benchmarks._runs import ROOT, machine
from benchmarks.accuracy import _ours
from benchmarks.accuracy._case import Case, Estimates, Method
from benchmarks.accuracy._cases import CASES
from benchmarks.accuracy._metrics import goodness, score
from benchmarks.accuracy._peers import GOOGLE, OPENDP, REPORT, TUMULT, Sampling, tuned
from benchmarks.accuracy._report import Report
from benchmarks.accuracy._results import OURS, Result, keep, kept, measured, shown, table
from benchmarks.accuracy._tumult import Tumult

TUNING = (1001, 1002)
"""Seeds by which limits are chosen; the runs that count have others."""
KEPT = ROOT / "benchmarks" / "accuracy.json"


def judge(case: Case, estimates: Estimates) -> float:
    """Error of the better version of what was published."""
    return min(goodness(case, figures) for figures in score(case, estimates).values())


def peers(case: Case, runs: int, real: int, homes: Path, scratch: Path) -> Iterator[Result]:
    """Every peer, tuned; twins `runs` times, the libraries themselves `real` times."""
    for family in (GOOGLE, OPENDP):
        yield measured(case, tuned(family, case, judge, TUNING), range(runs))
    for family, library in ((TUMULT, "tumult"), (REPORT, "dp-mobility-report")):
        twin = tuned(family, case, judge, TUNING)
        yield measured(case, twin, range(runs))
        if real:
            try:
                executable = environment(library, homes)
                yield measured(case, _real(library, twin, executable, scratch), range(real))
            except RuntimeError as error:
                _say(f"{case.name}: {library} could not do it, its twin stands alone: {error}")


def _real(library: str, twin: Sampling, executable: str, scratch: Path) -> Method:
    return (Tumult if library == "tumult" else Report)(twin, executable, scratch / library)


def ours(case: Case, runs: int, scratch: Path) -> Iterator[Result]:
    """Shoal with the best of its bounds, tuned as the peers are; and as who gives none has it."""

    def mean(method: Method) -> float:
        return sum(judge(case, method(case, seed)) for seed in TUNING)

    settings = _ours.settings(case, scratch / "ours")
    best = min(settings, key=mean)
    yield measured(case, best, range(runs))
    if best is not settings[0]:
        yield measured(case, settings[0], range(runs))


def main() -> None:
    """Measure as the command line asks; tables on stdout."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("cases", nargs="*", metavar="case", help=f"of {', '.join(CASES)}; default: all")
    options.add_argument("--runs", type=int, default=10)
    options.add_argument("--real", type=int, default=2, help="runs of the libraries that have a twin; 0: none")
    options.add_argument("--small", action="store_true", help="cities of 10,000 devices and a tenth of the zones")
    options.add_argument("--ours", action="store_true", help="Shoal alone; peers as they were kept")
    options.add_argument("--environments", type=Path, help="folder that keeps the other libraries' environments")
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the real data")
    options.add_argument("--keep", type=Path, default=KEPT, help="JSON file that results are written into")
    options.add_argument("--show", action="store_true", help="only print what is kept")
    chosen = options.parse_args()
    if chosen.show:
        print(shown(chosen.keep))
        return
    if unknown := [name for name in chosen.cases if name not in CASES]:
        sys.exit(f"{', '.join(unknown)}: no such case; there are {', '.join(CASES)}")
    where = machine("numpy", "opendp")
    with tempfile.TemporaryDirectory(prefix="shoal-bench-", dir="/var/tmp") as name:
        for case_name in chosen.cases or CASES:
            begin = time.perf_counter()
            try:
                case = CASES[case_name](chosen.small, chosen.data)
            except FileNotFoundError as error:
                _say(f"{case_name}: left out, {error}")
                continue
            homes = chosen.environments or Path(name) / "environments"
            results = [result for result in kept(chosen.keep, case.name) if result.name != OURS] if chosen.ours else []
            for result in results or peers(case, chosen.runs, chosen.real, homes, Path(name)):
                _say(f"{case.name}: {result.name}, {result.setting}")
                results = results if chosen.ours else [*results, result]
            results += ours(case, chosen.runs, Path(name))
            about = f"{where}; epsilon {float(case.epsilon):g}, delta {float(case.delta):g}; small: {chosen.small}"
            keep(chosen.keep, case, results, about)
            print(f"\n### {case.title}\n\n{table(case.kind, results)}\n", flush=True)
            _say(f"{case.name}: {time.perf_counter() - begin:.0f} s")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
