"""The process that runs the tests: as a fork, or as `python -m mutants._child TREE REPORT JIT TEST ...`."""

import os
import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OTHER_CODE = 71
"""Exit status where the tests have not run on the code that they should."""


def main(tree: str, report: str, jit: str, *tests: str) -> int:
    """Run `tests` on the code in `tree` until one fails; pytest's exit status.

    report  file for the outcome, as JUnit writes it
    jit     empty: kernels are not compiled
    """
    os.environ |= {
        # One code for all processes that the tests start, too, and nothing written into the working tree.
        "PYTHONPATH": os.pathsep.join([tree, str(ROOT)]),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(Path(tree) / "hypothesis"),
        "CI": "1",  # the same examples in every run: see tests/conftest.py
        "SHOAL_TEST_ALL": "1",  # a test that is skipped catches nothing
    }
    os.environ.pop("NUMBA_CACHE_DIR", None)
    if not jit:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
        import_module("numba").config.DISABLE_JIT = 1
    hypothesis = import_module("hypothesis")  # the smallest example is for people, and takes longest to find
    hypothesis.settings.register_profile("quick", phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
    hypothesis.settings.load_profile("quick")
    sys.path[:0] = [tree, str(ROOT)]
    os.chdir(ROOT)
    status = int(import_module("pytest").main(["-q", "-x", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]))
    used = Path(import_module("shoal").__file__ or "")
    return status if used.is_relative_to(tree) else OTHER_CODE


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
