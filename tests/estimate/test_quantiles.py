"""Quantiles from noisy histograms: the right value without noise, intervals that hold with it."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.estimate.quantiles import quantile

Z = 1.959963984540054
EDGES = (0, 30, 60, 120, 240, 480)
DRAWS = 40_000
FALSE_ALARM = 5.5 * (0.95 * 0.05 / DRAWS) ** 0.5


def naive(counts: Sequence[float], share: float) -> float:
    """Walk up to the place where `share` of all are below."""
    left = share * sum(counts)
    for count, low, high in zip(counts, EDGES, [*EDGES[1:], float("inf")], strict=True):
        if count >= left and count > 0:
            return float("inf") if high == float("inf") else low + (high - low) * left / count
        left -= count
    return float("inf")


@given(st.lists(st.integers(0, 50), min_size=6, max_size=6).filter(any), st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_without_noise_it_is_the_quantile(counts: list[int], share: float) -> None:
    table = np.array([counts], dtype=np.float64)
    found = quantile(table, table, 0.0, EDGES, share, Z)
    assert found.value[0] == pytest.approx(naive(counts, share))
    if np.isfinite(found.value[0]):
        assert found.lower[0] <= found.value[0] * (1 + 1e-9) and found.upper[0] >= found.value[0] * (1 - 1e-9)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
@pytest.mark.parametrize("counts", [(900, 700, 500, 300, 200, 100), (100, 100, 3000, 100, 100, 100)])
def test_the_interval_holds_the_true_quantile_as_often_as_it_says(counts: tuple[int, ...], share: float) -> None:
    noisy = np.array(counts) + np.random.default_rng(9).normal(0, 20, (DRAWS, 6))
    found = quantile(noisy, np.maximum(noisy, 0), 400.0, EDGES, share, Z)
    true = naive(counts, share)
    held = np.mean((found.lower <= true) & (true <= found.upper))
    assert abs(held - 0.95) < FALSE_ALARM
    wrong = quantile(noisy, np.maximum(noisy, 0), 200.0, EDGES, share, Z)
    assert np.mean((wrong.lower <= true) & (true <= wrong.upper)) < 0.95 - FALSE_ALARM, "too small a variance shows"


def test_small_histograms_are_held_at_least_so_often() -> None:
    counts = (9, 0, 12, 3, 0, 6)
    noisy = np.array(counts) + np.random.default_rng(10).normal(0, 10, (DRAWS, 6))
    found = quantile(noisy, np.maximum(noisy, 0), 100.0, EDGES, 0.5, Z)
    held = np.mean((found.lower <= naive(counts, 0.5)) & (naive(counts, 0.5) <= found.upper))
    assert held > 0.95 - FALSE_ALARM


def test_nobody_has_no_quantile_and_the_open_class_no_end() -> None:
    none, long = np.zeros((1, 6)), np.array([[0.0, 0, 0, 0, 0, 1000]])
    assert np.isnan(quantile(none, none, 1.0, EDGES, 0.5, Z).value[0])
    found = quantile(long, long, 1.0, EDGES, 0.5, Z)
    assert (found.value[0], found.lower[0], found.upper[0]) == (np.inf, 480.0, np.inf)
