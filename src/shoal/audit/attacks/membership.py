"""The optimal membership test: an adversary who knows everything but whether the target is in the records.

Knows the trace of every device, who else is in, the bounds and the noise. By the lemma of Neyman and Pearson no test
does better than the likelihood ratio. Beside it the two tests that trained attackers end up with, on the length of the
target's vector in what is left when everyone else is taken away: one threshold, and two, between which it must lie.

Source: Liu, Shilov, Guepin & de Montjoye 2024, arXiv 2412.20456 (two thresholds are the better ones under Laplace
noise); Houssiau, Rocher & de Montjoye 2022, "On the difficulty of achieving differential privacy in practice", for the
adversary who knows all but one record.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from shoal._arrays import Bool, Float64
from shoal.audit.attack import Finding
from shoal.audit.attacks._games import EXACT, K_ANONYMOUS, RELEASE, Played, Suppress, games, shown
from shoal.audit.contribution import Vectors, sums
from shoal.audit.likelihood import log_likelihood
from shoal.audit.world import Round, World
from shoal.design import Measure

RATIO, ONE, TWO = "likelihood ratio", "one threshold", "two thresholds"


class Membership:
    """All three tests, on each statistic; the ratio also on all of them together.

    Over a sequence the logarithms of the ratios add up, which again no test beats. Attacks of 2025 (arXiv 2510.24807)
    learn what the releases of a sequence have in common; who knows the traces has nothing left to learn.
    """

    name: Final = "optimal membership test"

    def run(self, world: World) -> Sequence[Finding]:
        return [finding for game in games(world) for finding in self._play(world, *game)]

    def _play(self, world: World, words: str, rounds: Sequence[Round], releases: int) -> Iterator[Finding]:
        m = world.targets.size
        played = {(test, f.name): Played() for f in world.fine for test in (RATIO, ONE, TWO)}
        together = Played()
        for one in rounds:
            for where, seen, suppress in shown(world, one):
                whole = np.zeros(m)
                for measure in world.fine:
                    name, noisy = measure.name, where == RELEASE
                    known = (world.bounded if noisy else world.raw)[name]
                    alone = known.norms(absolute=False)[:m]
                    each = [scores(known, t.estimate[name], one.there, measure, suppress, m, noisy=noisy) for t in seen]
                    ratio, length = np.sum([r for r, _ in each], axis=0), np.mean([le for _, le in each], axis=0)
                    whole += ratio
                    asked = world.apart(name) if noisy else alone > 0
                    for test, score in ((RATIO, ratio), (ONE, length), (TWO, -np.abs(length - 1))):
                        played[test, name].add(where, score, one.inside, asked)
                together.add(where, whole, one.inside, world.apart() if where == RELEASE else world.shown)
        ceiling = world.ceiling(releases=releases)
        yield together.finding(ceiling, f"{self.name}, {RATIO}{words}", "all", (EXACT, K_ANONYMOUS))
        for (test, statistic), game in played.items():
            ceiling = world.ceiling(statistic, releases=releases)
            yield game.finding(ceiling, f"{self.name}, {test}{words}", statistic, (EXACT,))


def scores(
    known: Vectors, seen: Float64, there: Bool, measure: Measure, suppress: Suppress, targets: int, *, noisy: bool
) -> tuple[Float64, Float64]:
    """Logarithm of the likelihood ratio of each of the first devices, and its vector's share in what is left.

    known     the vectors of all devices, of which the first `targets` are asked about
    seen      float64[cells]  what the adversary was given
    there     bool[d]  who was in; of the target itself the adversary does not use it
    suppress  what was done to the numbers; noisy: or noise is in them, by the measure's mechanism
    """
    stop = int(known.first[targets])
    cell, weight, device = known.cell[:stop], known.weight[:stop], known.devices[:stop]
    others = known.total(there)[cell] - np.where(there[device], weight, 0.0)
    number = seen[cell]
    without, with_it = suppress(others), suppress(others + weight)
    measured = np.isfinite(number)
    left, step = np.where(measured, number - without, 0.0), np.where(measured, with_it - without, 0.0)
    each = log_likelihood(left, step, measure.mechanism) if noisy else step * (left - step / 2)
    square = np.maximum(sums(device, weight**2, targets), 1e-300)
    return sums(device, each, targets), sums(device, left * weight, targets) / square
