"""What bounding took away is given back, as far as coarser numbers tell; intervals hold the sums before bounding."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal._arrays import Bool, Float64
from shoal.estimate.correction import ANSWER, UNEVEN, Level, corrected, half_width
from shoal.estimate.ladder import Ladder, add_up
from shoal.estimate.weighted import Errors, weighted
from shoal.privacy.mechanism import NORMAL_95
from tests.estimate.city import STDERR, City, city

CITIES = {
    "40 regions": {},
    "zones differ as regions do": {"zone_sd": 0.3},
    "large regions": {"regions": 20, "zones": 250},
    "60 % lost": {"norms": (1.4, 4.0)},
    "all alike": {"region_sd": 0.0, "zone_sd": 0.0},
}
SEEDS = range(3)


@cache
def cities(name: str) -> list[City]:
    return [city(seed, **CITIES[name]) for seed in SEEDS]  # type: ignore[arg-type]  # by name


def held(estimate: Float64, true: Float64, half: Float64) -> Bool:
    found: Bool = np.abs(estimate - true) <= half
    return found


@pytest.mark.parametrize("name", CITIES)
@pytest.mark.parametrize("laplace", [False, True])
def test_95_percent_of_the_intervals_hold_the_sum_before_bounding(name: str, laplace: bool) -> None:
    good, bad, alone = [], [], []
    for seed, town in zip(SEEDS, cities(name), strict=True):
        ladder = town.measured(np.random.default_rng(seed + 100), laplace=laplace)
        levels = corrected(ladder).levels
        values, variances = weighted([x.estimate for x in levels], [x.errors for x in levels], town.into)
        noise = np.sqrt(levels[0].errors.variance)
        half = half_width(levels[0].stderr, noise, laplace=laplace)
        alone.append(held(levels[0].estimate, town.true[0], half))
        stderr = np.sqrt(variances[0])
        good.append(held(values[0], town.true[0], half_width(stderr, np.minimum(noise, stderr), laplace=laplace)))
        bad.append(held(levels[0].estimate, town.true[0], NORMAL_95 * np.full(noise.shape, ladder.stderr[0])))
    assert 0.94 < np.mean(alone) < 0.96
    assert 0.94 < np.mean(good) < 0.96
    assert np.mean(bad) < 0.9, "noise is multiplied as the number is"


def test_large_cells_are_held_too_and_would_not_be_by_noise_alone() -> None:
    good, bad = [], []
    for seed in SEEDS:
        town = city(seed, devices=150_000, zone_sd=0.3)
        levels = corrected(town.measured(np.random.default_rng(seed))).levels
        large = town.true[0] > 200
        off = np.abs(levels[0].estimate - town.true[0])[large]
        good.append(off <= NORMAL_95 * levels[0].stderr[large])
        bad.append(off <= NORMAL_95 * np.sqrt(levels[0].errors.variance[large]))
    assert 0.93 < np.concatenate(good).mean() < 0.97
    assert np.concatenate(bad).mean() < 0.85


def test_regions_are_held_with_what_zones_say_of_them() -> None:
    """Regions of one city are wrong together, so the share varies more from city to city than that of zones does."""
    good, bad = [], []
    for seed in range(8):
        town = city(seed, devices=20_000)
        levels = corrected(town.measured(np.random.default_rng(seed))).levels
        values, variances = weighted([x.estimate for x in levels], [x.errors for x in levels], town.into)
        good.append(held(values[1], town.true[1], NORMAL_95 * np.sqrt(variances[1])))
        without = [Errors.of_noise(x.errors.variance) for x in levels]
        values, variances = weighted([x.estimate for x in levels], without, town.into)
        bad.append(held(values[1], town.true[1], NORMAL_95 * np.sqrt(variances[1])))
    assert 0.92 < np.mean(good) < 0.98
    assert np.mean(bad) < 0.92, "errors beside the noise count"


@pytest.mark.parametrize("parts", [24, 2, 1])
@pytest.mark.parametrize("regions", [True, False])
def test_few_columns_and_no_regions(parts: int, regions: bool) -> None:
    """Less is known then: intervals of zones hold at least as often, and still the factor is there."""
    good, bad = [], []
    for seed, hourly in zip(SEEDS, cities("zones differ as regions do"), strict=True):
        town = hourly.in_parts(parts)
        ladder = town.measured(np.random.default_rng(seed))
        if not regions:
            whole = (np.zeros(len(town.true[0]), dtype=np.int32),)
            ladder = Ladder((ladder.values[0], ladder.values[2]), (STDERR[0], STDERR[2]), whole, laplace=False)
        (level, *_) = corrected(ladder, most=1.0 if parts == 24 else 4.0).levels
        good.append(held(level.estimate, town.true[0], NORMAL_95 * level.stderr))
        bad.append(held(ladder.values[0], town.true[0], NORMAL_95 * level.stderr))
        assert abs(level.share - (1 - town.kept[0].sum() / town.true[0].sum())) < 0.02
    assert np.mean(good) > 0.94
    if parts < 24:
        assert np.mean(bad) < 0.8


def test_a_sure_total_counts_where_the_sum_of_noisy_regions_says_nothing() -> None:
    """Sixty regions of which each is lost in noise; together with the total they know what is missing."""
    into = (np.repeat(np.arange(60, dtype=np.int32), 5), np.zeros(60, dtype=np.int32))
    shares, holds = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = rng.lognormal(5, 1, (300, 1))
        exact = (0.6 * true, add_up(true, into[0], 60), true.sum(axis=0, keepdims=True))
        stderr = (50.0, 1200.0, 1500.0)
        noisy = tuple(x + rng.normal(0, error, x.shape) for x, error in zip(exact, stderr, strict=True))
        level = corrected(Ladder(noisy, stderr, into, laplace=False)).levels[0]
        shares.append(level.estimate.sum() / true.sum())
        holds.append(held(level.estimate, true, NORMAL_95 * level.stderr).mean())
    assert 0.93 < np.mean(shares) < 1.07
    assert 0.95 < np.mean(holds) < 0.99  # all lose alike here, which the intervals can't know


def test_the_correction_brings_back_what_was_lost() -> None:
    (town, *_) = cities("40 regions")
    ladder = town.measured(np.random.default_rng(1))
    levels = corrected(ladder).levels
    lost = [1 - kept.sum() / true.sum() for kept, true in zip(town.kept, town.true, strict=True)]
    assert [x.share for x in levels] == pytest.approx(lost, abs=0.01)
    large = town.true[0] > 50
    off = levels[0].estimate[large] / town.true[0][large] - 1
    assert abs(np.median(off)) < 0.02
    true, found, kept = (
        add_up(level, town.into[0], 40).sum(axis=1) for level in (town.true[0], levels[0].estimate, town.kept[0])
    )
    one = found.sum() / kept.sum()
    assert np.abs(found / true - 1).mean() < 0.06 < np.abs(one * kept / true - 1).mean(), "regions, not only the whole"


def test_groups_and_hours_that_lose_more_get_more() -> None:
    """Losses that are the product of a region's and an hour's, almost without noise."""
    draw = np.random.default_rng(3)
    into = (np.repeat(np.arange(12), 20).astype(np.int32), np.zeros(12, dtype=np.int32))
    true = draw.lognormal(5, 1, (240, 24))
    factor = draw.uniform(1.3, 1.7, (12, 1)) * draw.uniform(0.9, 1.3, (1, 24))
    regions = add_up(true, into[0], 12)
    ladder = Ladder((true / factor[into[0]], regions, regions.sum(axis=0, keepdims=True)), (0.1,) * 3, into, False)
    levels = corrected(ladder).levels
    np.testing.assert_allclose(levels[0].factor, factor, rtol=0.03)
    np.testing.assert_allclose(levels[1].factor, 1, rtol=1e-3)
    assert levels[2].factor.tolist() == [[1.0] * 24]


def test_a_factor_owes_nothing_to_the_noise_of_its_own_cell() -> None:
    """So that `weighted` may take the group's number and its corrected parts as two things that are known."""
    (town, *_) = cities("40 regions")
    ladder = town.measured(np.random.default_rng(1))
    before = corrected(ladder).levels[0].factor
    moved = ladder.values[1].copy()
    moved[7, 3] += 30.0
    after = corrected(replace(ladder, values=(ladder.values[0], moved, ladder.values[2]))).levels[0].factor
    change = np.abs(after / before - 1)
    others = np.delete(np.arange(24), 3)
    assert change[7, 3] < 0.2 * change[7, others].mean()


def test_nothing_is_corrected_where_nothing_is_lost() -> None:
    (town, *_) = cities("40 regions")
    ladder = town.measured(np.random.default_rng(1))
    for level, stderr, value in zip(corrected(ladder, lossless=True).levels, STDERR, ladder.values, strict=True):
        assert (level.factor == 1).all() and (level.estimate == value).all() and level.share == 0
        np.testing.assert_allclose(level.stderr, stderr)
    whole = replace(ladder, values=(town.true[0], town.true[1], town.true[2]))
    assert corrected(whole).levels[0].share < 0.001


def test_what_is_lost_in_noise_is_left_alone() -> None:
    draw = np.random.default_rng(4)
    into = (np.repeat(np.arange(10), 30).astype(np.int32), np.zeros(10, dtype=np.int32))
    values = tuple(draw.normal(0.1, 10, (n, 5)) for n in (300, 10, 1))
    for level in corrected(Ladder(values, (10.0, 10.0, 10.0), into, False)).levels:
        assert (level.factor == 1).all() and level.share == 0
        np.testing.assert_allclose(level.stderr, 10.0)


@settings(max_examples=80)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 60),
    columns=st.integers(1, 5),
    size=st.sampled_from([0.0, 1.0, 1e3, 1e8]),
    stderr=st.sampled_from([0.0, 1e-3, 1.0, 1e3]),
)
def test_factors_are_numbers_of_at_least_1(seed: int, n: int, columns: int, size: float, stderr: float) -> None:
    draw = np.random.default_rng(seed)
    sizes = (n, max(1, n // 4), max(1, n // 16))
    into = tuple(draw.integers(0, k, m).astype(np.int32) for m, k in pairwise(sizes))
    values = tuple(
        draw.exponential(1, (k, columns)) * size * lost + stderr * draw.normal(0, 1, (k, columns))
        for k, lost in zip(sizes, (1.0, 4.0, 20.0), strict=True)
    )
    found: tuple[Level, ...] = corrected(Ladder(values, (stderr,) * 3, into, False)).levels
    for level in found:
        assert (level.factor >= 1).all() and np.isfinite(level.factor).all()
        assert np.isfinite(level.estimate).all() and np.isfinite(level.stderr).all()
        assert (level.stderr**2 >= level.errors.variance * (1 - 1e-12)).all()
        assert 0 <= level.share <= 1


def test_the_constants_are_those_of_lognormal_activity() -> None:
    """What is kept of devices whose squared norm is lognormal, by how much they do; held against what is assumed."""
    x = np.linspace(-6, 6, 2001)
    weight = np.exp(-x * x / 2) / np.exp(-x * x / 2).sum()
    for sd in (0.7, 1.0, 1.5):
        found = []
        for bound in np.linspace(-5, 4, 300):
            kept = np.minimum(1, np.exp((bound - sd * x) / 2))
            share = (weight * kept).sum()
            uneven = ((weight * kept**2).sum() / share**2 - 1) / (1 / share - 1)
            found.append((1 - share, 0.5 * (weight * kept * (kept < 1)).sum() / share, uneven))
        loss, answer, uneven_ = np.array(found)[::-1].T
        at = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
        coefficient = np.interp(at, loss, answer) / at**ANSWER
        assert coefficient.max() / coefficient.min() < 1.5
        wrong = np.interp(at, loss, answer) / at**0.2
        assert wrong.max() / wrong.min() > 1.5
        between = np.interp([0.3, 0.6], loss, uneven_)
        assert between.min() > 0.3 * UNEVEN and between.max() < 1.8 * UNEVEN


DRAWS = 400_000


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.8, 0.95, 1.0])
@pytest.mark.parametrize("parts", [1, 4])
def test_half_the_interval_of_noise_and_normal_errors(share: float, parts: int) -> None:
    """share: of the variance, what is Laplace noise."""
    draw = np.random.default_rng(8)
    noise = draw.laplace(0, (share / 2 / parts) ** 0.5, (DRAWS, parts)).sum(axis=1)
    error = noise + draw.normal(0, (1 - share) ** 0.5, DRAWS)
    (half,) = half_width(np.ones(1), share**0.5, laplace=True, parts=parts)
    assert abs(np.mean(np.abs(error) <= half) - 0.95) < 0.0022
    if share == 1 and parts == 1:
        assert np.mean(np.abs(error) <= NORMAL_95) < 0.945


def test_half_the_interval_of_gaussian_noise() -> None:
    assert half_width(np.array([0.0, 2.0]), 2.0, laplace=False).tolist() == pytest.approx([0, 2 * NORMAL_95])
    assert half_width(np.array([0.0]), 0.0, laplace=True).tolist() == [0]
