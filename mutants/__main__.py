"""Try mutants, and say which of them the tests catch; of all of them, write the table.

make mutants                             all; writes docs/mutants.md
make mutants MUTANTS_ARGS="--sample 4"   some, drawn by a digest of the code
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from mutants import ALL
from mutants._mutant import StaleError
from mutants._run import BrokenError, Outcome, run
from mutants._sample import sample
from mutants._table import FILE, page


def main() -> int:
    """0 where all that were tried are caught, 1 where one survives, 2 where nothing can be said."""
    asked = _arguments()
    chosen = list(ALL)
    if asked.only:
        names = {mutant.name for mutant in ALL}
        if unknown := [name for name in asked.only if name not in names]:
            print(f"{', '.join(unknown)}: no such mutant; there are {', '.join(sorted(names))}", file=sys.stderr)
            return 2
        chosen = [mutant for mutant in ALL if mutant.name in asked.only]
    if asked.sample is not None:
        chosen = sample(chosen, asked.sample)
    folder = Path(tempfile.mkdtemp(prefix="shoal-mutants-"))
    outcomes: list[Outcome] = []
    try:
        for outcome in run(chosen, folder, asked.jobs):
            outcomes.append(outcome)
            by = outcome.broken or ("SURVIVED" if outcome.by is None else f"caught by {outcome.by}")
            print(f"{outcome.mutant.name}: {by}, {outcome.seconds:.0f} s", flush=True)
    except (StaleError, BrokenError) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    outcomes.sort(key=lambda outcome: ALL.index(outcome.mutant))
    caught = sum(outcome.by is not None for outcome in outcomes)
    print(f"{caught} of {len(outcomes)} caught")
    if any(outcome.broken for outcome in outcomes):
        return 2
    if len(outcomes) == len(ALL):
        FILE.write_text(page(outcomes), encoding="utf-8")
    return 0 if caught == len(outcomes) else 1


def _arguments() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    asked.add_argument("--only", action="append", metavar="NAME", help="this one; may be given often")
    asked.add_argument("--sample", type=int, metavar="N", help="so many, drawn by a digest of the code")
    asked.add_argument("--all", action="store_true", help="all of them, as without any of these")
    asked.add_argument("--jobs", type=int, default=1, metavar="N", help="so many at once (default: 1)")
    return asked.parse_args()


if __name__ == "__main__":
    sys.exit(main())
