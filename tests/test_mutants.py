"""Seeded bugs: every patch still fits the code, the runner tells caught from survived, and a sample is caught.

All of them take too long for every run of the tests: `make mutants`.
"""

import ast
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mutants import ALL, Edit, Mutant, StaleError
from mutants._child import ROOT
from mutants._run import SOURCE, changed
from mutants._sample import sample
from mutants._table import FILE

CHEAP = [mutant for mutant in ALL if mutant.cheap]
TEST = "privacy/test_sums.py::test_the_caller_keeps_no_window"


def bug(new: str, test: str = TEST) -> Mutant:
    """A change of the line that keeps the caller of `ExactSums` from looking in."""
    return Mutant("x", "y", (Edit("privacy/sums.py", "self.__totals = totals.copy()", new),), (test,), cheap=True)


@pytest.mark.parametrize("mutant", ALL, ids=[mutant.name for mutant in ALL])
def test_it_fits_the_code_as_it_stands(mutant: Mutant) -> None:
    """Where it does not: the code under it was changed, so write the mutant anew, with the same bug in the new code."""
    for file, text in changed(mutant).items():
        assert text != (SOURCE / "shoal" / file).read_text(encoding="utf-8")
        compile(text, file, "exec")


@pytest.mark.parametrize("mutant", ALL, ids=[mutant.name for mutant in ALL])
def test_its_tests_are_there(mutant: Mutant) -> None:
    for name in mutant.tests:
        file, *inside = re.sub(r"\[.*", "", name).split("::")
        scope: ast.AST = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        for part in inside:
            scope = next(
                node
                for node in ast.iter_child_nodes(scope)
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == part
            )


def test_names_are_unique_and_there_are_enough() -> None:
    assert len({mutant.name for mutant in ALL}) == len(ALL) >= 30


@pytest.mark.parametrize("old", ["self.__totals", "self.__nothing", ""], ids=["often", "nowhere", "everywhere"])
def test_a_place_that_is_not_there_once_is_an_error(old: str) -> None:
    with pytest.raises(StaleError, match="not once"):
        changed(Mutant("x", "y", (Edit("privacy/sums.py", old, "z"),), ()))


def test_the_sample_is_the_same_for_everyone_and_of_the_right_size() -> None:
    assert sample(CHEAP, 2) == sample(list(reversed(CHEAP)), 2)[::-1] and len(sample(CHEAP, 2)) == 2
    assert sample(ALL, len(ALL)) == list(ALL)


ON_THEIR_OWN = """
import pickle, sys
from pathlib import Path
from mutants._run import run
for outcome in run(pickle.load(sys.stdin.buffer), Path(sys.argv[1])):
    print(bool(outcome.broken), outcome.by)
"""


def test_a_sample_is_caught_a_harmless_change_is_not_and_what_can_not_run_shows_nothing(tmp_path: Path) -> None:
    """In a process of its own: this one has loaded the code as it is."""
    broken = Mutant("broken", "y", (Edit("privacy/sums.py", "import numpy as np\n", "import nowhere\n"),), (TEST,))
    drawn = [
        *sample(CHEAP, 2),
        bug("self.__totals = totals.copy().copy()"),
        bug("self.__totals = totals"),
        broken,
    ]
    done = subprocess.run(
        [sys.executable, "-c", ON_THEIR_OWN, str(tmp_path)],
        input=pickle.dumps(drawn),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    *sampled, harmless, window, none = done.stdout.decode().splitlines()
    assert len(sampled) == 2 and all(line.startswith("False ") and "::" in line for line in sampled), drawn[:2]
    assert (harmless, window, none) == ("False None", f"False {TEST}", "True None")


def test_the_table_names_every_mutant() -> None:
    """What it says of them is from the last run of `make mutants`."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")][1:] == [
        mutant.name for mutant in ALL
    ]
