"""Adaptive resolution: each place in one area, as fine as the target allows, with intervals that hold."""

import numpy as np
import pytest

from shoal._arrays import Float64, Int32
from shoal.estimate.areas import Areas, areas, sums
from shoal.estimate.correction import corrected
from shoal.estimate.ladder import add_up
from shoal.estimate.weighted import Errors, Tree, solved
from shoal.privacy.mechanism import NORMAL_95
from tests.estimate.city import City, city

TARGET = 0.25


def groupings(town: City) -> list[Int32]:
    n = len(town.true[0])
    return [(np.arange(n) // 5).astype(np.int32), town.into[0], np.zeros(n, dtype=np.int32)]


def errors(town: City, seed: int) -> list[Errors]:
    return [level.errors for level in corrected(town.measured(np.random.default_rng(seed))).levels]


def published(town: City, seed: int) -> tuple[Tree, tuple[Float64, ...], tuple[Float64, ...], Areas]:
    levels = corrected(town.measured(np.random.default_rng(seed))).levels
    tree = Tree.grown([x.estimate for x in levels], [x.errors for x in levels], town.into)
    values, variances = solved(tree)
    return tree, values, variances, areas(tree, values[0], variances[0], groupings(town), TARGET)


def test_every_place_is_in_one_area_and_all_add_up() -> None:
    town = city(1)
    tree, values, variances, found = published(town, 1)
    number = found.level.size
    assert found.of.min() == 0 and (np.bincount(found.of, minlength=number) > 0).all()
    total, variance = sums(tree, values[0], found.of, number)
    np.testing.assert_allclose(total.sum(axis=0), values[-1][0], rtol=1e-9)
    _, whole = sums(tree, values[0], np.zeros(len(found.of), dtype=np.int32), 1)
    np.testing.assert_allclose(whole, variances[-1], rtol=1e-9)
    for area in range(number):
        members = np.flatnonzero(found.of == area)
        if found.level[area] == 0:
            assert members.tolist() == [found.group[area]]
            np.testing.assert_allclose(variance[area], variances[0][members[0]], rtol=1e-6)
        else:
            assert (groupings(town)[found.level[area] - 1][members] == found.group[area]).all()
    regions, variance = sums(tree, values[0], town.into[0], 40)
    np.testing.assert_allclose(regions, values[1], rtol=1e-9)
    np.testing.assert_allclose(variance, variances[1], rtol=1e-6)


def test_areas_are_as_fine_as_the_target_allows_and_no_finer() -> None:
    town = city(1)
    tree, values, variances, found = published(town, 1)
    total, variance = sums(tree, values[0], found.of, found.level.size)
    wide = NORMAL_95 * np.sqrt(variance.mean(axis=1)) > TARGET * total.mean(axis=1)
    assert not wide[found.level < 3].any()
    merged = found.level[found.of] > 0
    alone = NORMAL_95 * np.sqrt(variances[0].mean(axis=1)) <= TARGET * values[0].mean(axis=1)
    assert (alone == ~merged).all() and alone.any() and merged.any()
    assert {1, 2} <= set(found.level.tolist())


def test_the_rest_of_a_group_is_known_better_than_its_places_together() -> None:
    town = city(1)
    tree, values, variances, found = published(town, 1)
    _, variance = sums(tree, values[0], found.of, found.level.size)
    together = add_up(variances[0], found.of, found.level.size)
    rests = found.level == 2
    assert (variance[rests] < together[rests]).mean() > 0.9


def test_95_percent_of_the_intervals_of_areas_hold() -> None:
    merged, bad = [], []
    for seed in range(4):
        town = city(seed, devices=100_000, zone_sd=0.3)
        tree, values, _, found = published(town, seed)
        total, variance = sums(tree, values[0], found.of, found.level.size)
        off = np.abs(total - add_up(town.true[0], found.of, found.level.size))
        more = (found.level > 0) & (np.bincount(found.of) > 1)
        merged.append((off <= NORMAL_95 * np.sqrt(variance))[more].ravel())
        bare = Tree.grown(tree.values, [Errors.of_noise(e.variance) for e in errors(town, seed)], town.into)
        bad.append((off <= NORMAL_95 * np.sqrt(sums(bare, values[0], found.of, found.level.size)[1]))[more].ravel())
    assert 0.94 < np.concatenate(merged).mean() < 0.965
    assert np.concatenate(bad).mean() < 0.93, "noise is not all that may be wrong"


def test_noise_alone_gives_exact_intervals() -> None:
    """Nothing lost: the choice of areas by noisy numbers does not spoil their intervals."""
    town = city(2)
    good = []
    for seed in range(10):
        draw = np.random.default_rng(seed)
        ladder = City(town.true, town.true, town.into).measured(draw)
        levels = corrected(ladder, lossless=True).levels
        tree = Tree.grown([x.estimate for x in levels], [x.errors for x in levels], town.into)
        values, variances = solved(tree)
        found = areas(tree, values[0], variances[0], groupings(town), TARGET)
        total, variance = sums(tree, values[0], found.of, found.level.size)
        off = np.abs(total - add_up(town.true[0], found.of, found.level.size))
        good.append((off <= NORMAL_95 * np.sqrt(variance))[found.level > 0].ravel())
    cells = np.concatenate(good)
    assert abs(cells.mean() - 0.95) < 5.5 * (0.95 * 0.05 / cells.size) ** 0.5 + 0.002


def test_one_level_needs_no_tree() -> None:
    values = np.array([[100.0], [3.0], [2.0], [4.0]])
    tree = Tree.grown([values], [Errors.of_noise(np.ones((4, 1)))], ())
    found = areas(tree, values, np.ones((4, 1)), [np.array([0, 0, 1, 1], dtype=np.int32), np.zeros(4, dtype=np.int32)])
    assert found.level.tolist() == [0, 2] and found.of.tolist() == [0, 1, 1, 1]
    total, variance = sums(tree, values, found.of, 2)
    assert total.ravel().tolist() == [100, 9] and variance.ravel().tolist() == [1, 3]


def test_groupings_are_needed() -> None:
    tree = Tree.grown([np.ones((2, 1))], [Errors.of_noise(np.ones((2, 1)))], ())
    with pytest.raises(ValueError, match="grouping"):
        areas(tree, np.ones((2, 1)), np.ones((2, 1)), [])
