"""What noise does not explain: the share of false rows holds, and a plain threshold would not hold it."""

from collections.abc import Callable

import numpy as np
import pytest

from shoal._arrays import Bool, Float64
from shoal.estimate.standout import stand_out
from shoal.privacy.mechanism import NORMAL_95

RUNS, EMPTY, FULL, STDERR = 300, 4_000, 60, 10.0


def false_share(laplace: bool, choose: Callable[[Float64], Bool]) -> tuple[float, float]:
    """Mean over runs of the share of chosen rows that are really 0, and of true rows that are found."""
    generator = np.random.default_rng(11)
    truth = np.concatenate([np.zeros(EMPTY), np.linspace(40, 200, FULL)])
    false, found = [], []
    for _ in range(RUNS):
        law = (generator.laplace, STDERR / 2**0.5) if laplace else (generator.normal, STDERR)
        chosen = choose(truth + law[0](0, law[1], truth.size))
        false.append(chosen[:EMPTY].sum() / max(1, chosen.sum()))
        found.append(chosen[EMPTY:].mean())
    return float(np.mean(false)), float(np.mean(found))


@pytest.mark.parametrize("laplace", [False, True], ids=["gaussian", "laplace"])
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_at_most_the_share_is_false_and_little_is_lost(laplace: bool, share: float) -> None:
    errors = np.full(EMPTY + FULL, STDERR)
    false, found = false_share(laplace, lambda estimate: stand_out(estimate, errors, share, laplace=laplace))
    # the rule is exact for independent noise: share * EMPTY / n; the share of a run has a deviation below 0.04
    assert abs(false - share * EMPTY / (EMPTY + FULL)) < 5 * 0.04 / RUNS**0.5
    assert found > 0.75


def test_a_threshold_of_95_percent_is_false_mostly() -> None:
    false, _ = false_share(False, lambda estimate: estimate > NORMAL_95 * STDERR)
    assert false > 0.5


def test_laplace_noise_taken_for_gaussian_is_found_out() -> None:
    """The seeded bug: its tail is longer."""
    errors = np.full(EMPTY + FULL, STDERR)
    false, _ = false_share(True, lambda estimate: stand_out(estimate, errors, 0.01))
    assert false > 0.05


def naive(estimate: Float64, stderr: Float64, share: float) -> list[bool]:
    from statistics import NormalDist

    tails = [1 - NormalDist().cdf(float(e / s)) for e, s in zip(estimate, stderr, strict=True)]
    passed = [k for k, tail in enumerate(sorted(tails), start=1) if tail <= share * k / len(tails)]
    most = sorted(tails)[passed[-1] - 1] if passed else -1.0
    return [tail <= most for tail in tails]


def test_it_is_the_rule_of_the_paper_whatever_the_errors() -> None:
    generator = np.random.default_rng(12)
    for _ in range(50):
        stderr = generator.uniform(1, 30, 200)
        estimate = generator.normal(generator.choice([0, 50], 200), stderr)
        assert stand_out(estimate, stderr, 0.05).tolist() == naive(estimate, stderr, 0.05)


def test_of_nothing_nothing_stands_out() -> None:
    assert stand_out(np.zeros(0), np.zeros(0)).tolist() == []
    assert stand_out(np.zeros(3), np.ones(3)).tolist() == [False] * 3
    with pytest.raises(ValueError, match="between 0 and 1"):
        stand_out(np.zeros(3), np.ones(3), 1.0)
