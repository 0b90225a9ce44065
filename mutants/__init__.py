"""The privacy mutation score: seeded bugs, each of which the tests must catch. See `docs/mutants.md`.

They stand here, in the root, and not below `tests`: they are no tests but a comparison of the tests with what they are
for, run by a verb of its own, as the benchmarks are.
"""

from mutants import bounding, budget, doors, log, noise, public, secrets, words
from mutants._mutant import Edit, Mutant, StaleError

ALL: tuple[Mutant, ...] = (
    *bounding.MUTANTS,
    *noise.MUTANTS,
    *budget.MUTANTS,
    *public.MUTANTS,
    *log.MUTANTS,
    *doors.MUTANTS,
    *secrets.MUTANTS,
    *words.MUTANTS,
)

__all__ = ["ALL", "Edit", "Mutant", "StaleError"]
