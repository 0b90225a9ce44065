"""What the claim allows: the table of known values, and that the best test reaches it and no more."""

from fractions import Fraction
from math import exp, tanh

import numpy as np
import pytest
from scipy.special import ndtr

from shoal.audit.ceiling import Ceiling


@pytest.mark.parametrize(
    ("epsilon", "area", "advantage", "at_1"),
    [(0.1, 0.525, 0.050, 0.011), (1, 0.731, 0.462, 0.027), (3, 0.953, 0.905, 0.20)],
)
def test_pure_epsilon(epsilon: float, area: float, advantage: float, at_1: float) -> None:
    found = Ceiling(epsilon=epsilon)
    assert found.auc == pytest.approx(exp(epsilon) / (1 + exp(epsilon)), abs=1e-4) == pytest.approx(area, abs=1e-3)
    assert found.advantage == pytest.approx(tanh(epsilon / 2), abs=1e-4) == pytest.approx(advantage, abs=1e-3)
    assert float(found.true_positives(0.01)) == pytest.approx(at_1, abs=2e-3)


@pytest.mark.parametrize(("rho", "area", "at_1"), [("0.01", 0.540, 0.014), ("0.1", 0.624, 0.030), ("1", 0.841, 0.18)])
def test_gaussian(rho: str, area: float, at_1: float) -> None:
    found = Ceiling.of([Fraction(rho) / 2, Fraction(rho) / 2])
    assert found.mu == pytest.approx((2 * float(rho)) ** 0.5)
    assert found.auc == pytest.approx(area, abs=1e-3)
    assert float(found.true_positives(0.01)) == pytest.approx(at_1, abs=2e-3)
    assert found.accuracy == pytest.approx(float(ndtr(found.mu / 2)), abs=1e-4)


def test_units_add_up() -> None:
    rho, epsilon = Fraction(1, 8), Fraction(1, 2)
    assert Ceiling.of([rho], [epsilon], units=4) == Ceiling(mu=1.0, epsilon=2.0)


def test_best_test_of_both_kinds_of_noise_is_below() -> None:
    """Normal and Laplace noise together: the likelihood ratio of both at once stays under the curve, and near it."""
    luck, n = np.random.default_rng(3), 200_000
    laplace = luck.laplace(0, 1, (2, n)) + np.array([[0.5], [0.0]])
    normal = luck.normal(0, 1, (2, n)) + np.array([[0.7], [0.0]])
    inside, outside = (np.abs(laplace) - np.abs(laplace - 0.5)) + 0.7 * normal - 0.245
    ceiling = Ceiling(mu=0.7, epsilon=0.5)
    for alarms in (0.01, 0.1, 0.3, 0.6):
        reached = float((inside > np.quantile(outside, 1 - alarms)).mean())
        allowed = float(ceiling.true_positives(alarms))
        assert 0.6 * allowed < reached < allowed + 0.01


def test_nothing_claimed_is_guessing() -> None:
    assert Ceiling().auc == pytest.approx(0.5) and Ceiling().advantage == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="0 or more"):
        Ceiling(mu=-1)
