"""Every comparison, one after the other, at the sizes that `README.md` publishes.

make bench                             all: about half an hour
make bench BENCH_ARGS="scale stays"    some
"""

import subprocess
import sys

from benchmarks._runs import ROOT

ALL = {
    "scale": ["benchmarks.scale", "--records", "10000000"],
    "scale-text": ["benchmarks.scale", "--records", "10000000", "--ids", "text"],
    "stays": ["benchmarks.stays"],
    "presence": ["benchmarks.presence", "--records", "10000000"],
    "spark": ["benchmarks.spark", "--records", "10000000"],
    "translog": ["benchmarks.translog"],
    "ledger": ["benchmarks.ledger"],
    "lists": ["benchmarks.lists"],
    "serve": ["benchmarks.serve"],
}


def main() -> None:
    """Run what the command line names, else all; the exit status is that of the first that fails."""
    names = sys.argv[1:] or list(ALL)
    if unknown := [name for name in names if name not in ALL]:
        sys.exit(f"{', '.join(unknown)}: no such comparison; there are {', '.join(ALL)}")
    for name in names:
        print(f"\n{name}: python -m {' '.join(ALL[name])}", flush=True)
        if status := subprocess.run([sys.executable, "-m", *ALL[name]], cwd=ROOT, check=False).returncode:
            sys.exit(status)


if __name__ == "__main__":
    main()
