"""What membership attacks share: they are played on releases, on sequences of them, and on tables without noise."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from shoal._arrays import Bool, Float64
from shoal.audit.attack import Finding, Scores
from shoal.audit.ceiling import Ceiling
from shoal.audit.publish import Tables
from shoal.audit.world import Round, World, suppressed

RELEASE, EXACT, K_ANONYMOUS = "release", "exact", "k-anonymous"

Suppress = Callable[[Float64], Float64]
"""What is done to exact numbers before they are shown."""


def games(world: World) -> Iterable[tuple[str, tuple[Round, ...], int]]:
    """What an attack is played on: words to add to its name, the rounds, and how many releases each has."""
    yield "", world.rounds, 1
    if world.sequences:
        releases = len(world.sequences[0].seen)
        yield f", {releases} releases", world.sequences, releases


def shown(world: World, one: Round) -> Iterable[tuple[str, Sequence[Tables], Suppress]]:
    """What the adversary may get of one round: its releases, or the exact numbers, or those made k-anonymous."""
    exact = world.exact(one.there)
    yield RELEASE, one.seen, lambda numbers: numbers
    yield EXACT, (exact,), lambda numbers: numbers
    yield K_ANONYMOUS, (Tables({n: suppressed(x) for n, x in exact.estimate.items()}),), suppressed


class Played:
    """Scores gathered over rounds, by what was shown."""

    def __init__(self) -> None:
        self._inside: dict[str, list[Float64]] = {}
        self._outside: dict[str, list[Float64]] = {}

    def add(self, where: str, scores: Float64, inside: Bool, asked: Bool | None = None) -> None:
        """The targets' scores, float64[m]; asked: bool[m], leave the others out."""
        asked = np.ones(inside.size, dtype=np.bool_) if asked is None else asked
        self._inside.setdefault(where, []).append(scores[inside & asked])
        self._outside.setdefault(where, []).append(scores[~inside & asked])

    def finding(self, ceiling: Ceiling, attack: str, statistic: str, needed: tuple[str, ...]) -> Finding:
        """What came of it, beside the ceiling."""
        scores = {
            where: Scores(np.concatenate(self._inside[where]), np.concatenate(self._outside[where]))
            for where in self._inside
        }
        return Finding(attack, statistic, scores.pop(RELEASE), ceiling, scores, needed)
