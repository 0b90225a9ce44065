"""The table that is published: `docs/mutants.md`."""

from collections.abc import Sequence
from datetime import UTC, datetime

from mutants._child import ROOT
from mutants._run import Outcome

FILE = ROOT / "docs" / "mutants.md"

_HEAD = """\
# Privacy mutation score

Tests that pass show little if they would also pass on code that gives people away. So each line below is a bug that a
careless change could make, kept as a small patch in [`mutants/`](../mutants/__init__.py). `make mutants` puts one at a
time into a copy of the code, runs the tests that should notice, and writes this page. The unchanged code has to pass
the same tests first; a patch whose place in the code has changed is an error; and a test that can't even begin catches
nothing.

    make mutants                                    # all of them
    make mutants MUTANTS_ARGS="--sample 4"          # four, drawn by a digest of the code
    make mutants MUTANTS_ARGS='--only "half the noise"'

A mutant that survives is a hole in the tests, and is listed here as one. `make test` checks that every patch still
fits, and tries two.
"""


def page(outcomes: Sequence[Outcome]) -> str:
    """The whole page, from a run of all mutants."""
    caught = sum(outcome.by is not None for outcome in outcomes)
    said = (
        f"**{caught} of {len(outcomes)} caught** ({100 * caught / len(outcomes):.0f} %), {datetime.now(UTC):%Y-%m-%d}."
    )
    rows = [f"| {o.mutant.name} | {o.mutant.careless} | {_by(o)} | {o.seconds:.0f} |" for o in outcomes]
    table = ["| the bug | how it may come about | caught by (in `tests/`) | seconds |", "|---|---|---|---:|", *rows]
    note = "Seconds of the clock up to the first test that fails, with the copying of the code, on two busy cores."
    return "\n".join([_HEAD, said, "", *table, "", note, ""])


def _by(outcome: Outcome) -> str:
    """The test without its parameters, which may be long and hold signs of the table's own."""
    return "**survived**" if outcome.by is None else f"`{outcome.by.partition('[')[0]}`"
