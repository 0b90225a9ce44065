"""Which mutants CI tries: another few for each state of the code, and the same few whoever asks."""

import hashlib
from collections.abc import Sequence

from mutants._mutant import Mutant
from mutants._run import SOURCE


def sample(chosen: Sequence[Mutant], number: int) -> list[Mutant]:
    """So many of them, drawn by a digest of the code and of the mutants' names, in their own order.

    A commit that changes the code has a sample of its own, so that in time each has its turn; run again, it has the
    same one.
    """
    digest = hashlib.sha256()
    for file in sorted(SOURCE.rglob("*.py")):
        digest.update(file.read_bytes())
    state = digest.digest()
    lots = sorted(chosen, key=lambda mutant: hashlib.sha256(state + mutant.name.encode()).digest())
    drawn = {mutant.name for mutant in lots[:number]}
    return [mutant for mutant in chosen if mutant.name in drawn]
