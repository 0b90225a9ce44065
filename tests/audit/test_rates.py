"""Rates and their intervals, against known values and scipy's own."""

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binomtest, mannwhitneyu

from shoal.audit.rates import auc, curve, found_at, least, least_mu, most, rate, tail


@pytest.mark.parametrize(("hits", "trials"), [(0, 20), (1, 20), (7, 50), (50, 50), (420, 1000)])
def test_interval_is_scipys(hits: int, trials: int) -> None:
    known = binomtest(hits, trials).proportion_ci(0.95, "exact")
    found = rate(hits, trials)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-9)
    assert found.value == hits / trials


def test_ends_are_one_sided() -> None:
    assert least(20, 20, 0.05) == pytest.approx(0.05 ** (1 / 20))
    assert most(0, 20, 0.05) == pytest.approx(1 - 0.05 ** (1 / 20))
    assert least(0, 5, 0.05) == 0 and most(5, 5, 0.05) == 1


def test_tail_is_scipys() -> None:
    assert tail(60, 100, 0.5) == pytest.approx(binomtest(60, 100, 0.5, "greater").pvalue)


def test_least_mu_comes_close_and_does_not_exceed() -> None:
    """At mu 1 and many guesses nearly 1; never above with so many right guesses as are expected."""
    trials = 1_000_000
    found = least_mu(round(trials * float(ndtr(0.5))), trials, 0.005)
    assert 0.98 < found < 1.0
    assert least_mu(50, 100, 0.05) == 0


def test_auc_is_that_of_the_rank_sum() -> None:
    luck = np.random.default_rng(1)
    inside, outside = luck.normal(0.5, 1, 300), luck.normal(0, 1, 200).round(1)
    known = mannwhitneyu(inside, outside).statistic / (300 * 200)
    found = auc(inside, outside)
    assert found.value == pytest.approx(known) and found.low < known < found.high
    assert auc(np.ones(5), np.zeros(5)).value == 1 and auc(np.ones(5), np.ones(5)).value == 0.5


def test_interval_of_auc_holds_the_true_one() -> None:
    """19 of 20 times at least, where scores are normal; a binomial test with a false alarm in a million."""
    luck = np.random.default_rng(2)
    true = float(ndtr(1 / 2**0.5))
    rows = [auc(luck.normal(1, 1, 80), luck.normal(0, 1, 80)) for _ in range(400)]
    inside = sum(row.low <= true <= row.high for row in rows)
    assert binomtest(inside, 400, 0.95, "less").pvalue > 1e-6


def test_found_at_few_alarms() -> None:
    outside = np.arange(100.0)
    assert found_at(np.array([99.5, 98.5, 97.0, 0.0]), outside, 0.01).value == 0.5
    assert found_at(np.array([99.5, 98.5, 97.0, 0.0]), outside, 0.001).value == 0.25


def test_curve_goes_from_nothing_to_all() -> None:
    alarms, found = curve(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0]))
    assert alarms.tolist() == [0, 0, 0.5, 0.5, 1] and found.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1, 1])


def test_of_nobody_nothing_is_known() -> None:
    nobody, some = np.zeros(0), np.arange(5.0)
    for inside, outside in ((nobody, some), (some, nobody), (nobody, nobody)):
        found = auc(inside, outside)
        assert (found.value, found.low, found.high) == (0.5, 0, 1)
        alarms, shares = curve(inside, outside)
        assert alarms.tolist() == shares.tolist() == [0, 1]
    assert (rate(0, 0).low, rate(0, 0).high) == (0, 1)
