"""Ratios of noisy numbers: intervals that hold, also where the divisor is little more than noise."""

import numpy as np
import pytest

from shoal.estimate.ratio import ratio

Z = 1.959963984540054
DRAWS = 200_000
FALSE_ALARM = 5.5 * (0.95 * 0.05 / DRAWS) ** 0.5  # less than once in ten million runs


def test_of_exact_numbers() -> None:
    found = ratio(np.array([3.0]), np.array([4.0]), np.zeros(1), np.zeros(1), np.zeros(1), Z)
    assert [float(side[0]) for side in found] == [0.75, 0.75, 0.75]


@pytest.mark.parametrize(
    ("a", "b", "cov"),
    [(300.0, 1000.0, 0.0), (0.0, 50.0, 0.0), (-5.0, 80.0, 0.0), (200.0, 400.0, 1.0), (990.0, 1000.0, 1.0)],
)
def test_the_interval_holds_the_true_ratio_as_often_as_it_says(a: float, b: float, cov: float) -> None:
    """cov = 1: the numerator is one of the parts of the divisor, as in a share."""
    generator = np.random.default_rng(4)
    noise_a = generator.normal(0, 3, DRAWS)
    noise_b = generator.normal(0, 4, DRAWS) + cov * noise_a
    found = ratio(a + noise_a, b + noise_b, np.float64(9), np.float64(9 * cov), np.float64(16 + 9 * cov), Z)
    held = np.mean((found.lower <= a / b) & (a / b <= found.upper))
    assert abs(held - 0.95) < FALSE_ALARM
    wrong = ratio(a + noise_a, b + noise_b, np.float64(4), np.float64(4 * cov), np.float64(7 + 4 * cov), Z)
    assert np.mean((wrong.lower <= a / b) & (a / b <= wrong.upper)) < 0.95 - FALSE_ALARM, "too small a variance shows"


def test_a_divisor_within_its_noise_leaves_the_ratio_open() -> None:
    generator = np.random.default_rng(5)
    b = 4 + generator.normal(0, 4, DRAWS)
    found = ratio(10 + generator.normal(0, 3, DRAWS), b, np.float64(9), np.float64(0), np.float64(16), Z)
    assert np.mean((found.lower <= 2.5) & (found.upper >= 2.5)) > 0.95 - FALSE_ALARM
    open_ = b * b <= Z * Z * 16
    assert 0.5 < open_.mean() < 1
    assert np.isinf(found.lower[open_]).all() and np.isinf(found.upper[open_]).all()
    assert np.isnan(found.value[b <= 0]).all() and np.isfinite(found.value[b > 0]).all()
