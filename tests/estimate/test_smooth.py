"""Smoothing over times: patterns are found, noise is dropped, events stay."""

import numpy as np
import pytest

from shoal._arrays import Float64
from shoal.estimate import smooth
from shoal.estimate.smooth import smoothed

NOISE = 10.0


def city(seed: int, places: int = 400, times: int = 24) -> tuple[Float64, Float64]:
    """Numbers of two patterns, homes by night and jobs by day, and the same with noise."""
    generator = np.random.default_rng(seed)
    hours = np.arange(times) / times * 2 * np.pi
    homes, jobs = generator.lognormal(3, 1, (2, places, 1))
    true = homes * (1 + 0.8 * np.cos(hours)) + jobs * (1 - 0.9 * np.cos(hours))
    return true, true + generator.normal(0, NOISE, true.shape)


def rms(error: Float64) -> float:
    return float(np.sqrt((error**2).mean()))


@pytest.mark.parametrize("turned", [False, True], ids=["more places than times", "more times than places"])
def test_common_patterns_are_told_from_noise(turned: bool) -> None:
    true, noisy = city(1)
    found = smoothed(noisy.T.copy(), NOISE).T if turned else smoothed(noisy, NOISE)
    # two patterns of 24 carry 2 / 24 of the noise, a few numbers beyond 4.5 deviations stay as they were
    assert rms(found - true) < 0.4 * rms(noisy - true)


def test_noise_alone_is_nothing() -> None:
    noise = np.random.default_rng(2).normal(0, NOISE, (1000, 24))
    found = smoothed(noise, NOISE)
    assert rms(found) < 0.3 * NOISE  # the largest singular value may lie a little above the edge, one in 2,000 numbers


def test_what_noise_does_not_explain_stays() -> None:
    """A match fills one zone for one hour: ten standard deviations, in one of 9,600 numbers."""
    true, noisy = city(3)
    true[7, 20] += 10 * NOISE
    noisy[7, 20] += 10 * NOISE
    assert smoothed(noisy, NOISE)[7, 20] == noisy[7, 20]


def test_without_that_rule_the_event_would_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    _, noisy = city(3)
    noisy[7, 20] += 10 * NOISE
    monkeypatch.setattr(smooth, "SURPRISING", 1e9)
    assert abs(smoothed(noisy, NOISE)[7, 20] - noisy[7, 20]) > 5 * NOISE


def test_exact_numbers_stay_and_few_columns_too() -> None:
    true, noisy = city(4)
    np.testing.assert_allclose(smoothed(true, 1e-6), true, rtol=1e-6, atol=1e-4)
    assert smoothed(noisy, 0.0) is noisy
    few = noisy[:, :3].copy()
    assert smoothed(few, NOISE) is few


def test_more_noise_is_never_believed_more() -> None:
    """The larger the noise is said to be, the less is left."""
    _, noisy = city(5)
    sizes = [rms(smoothed(noisy, noise)) for noise in (1.0, NOISE, 30.0, 300.0)]
    assert sizes == sorted(sizes, reverse=True)
