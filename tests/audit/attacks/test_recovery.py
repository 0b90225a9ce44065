"""Paths are recovered from exact counts and from noise that is next to none, not from a release at epsilon 1."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest

from shoal._arrays import Float64
from shoal.audit.attack import Share
from shoal.audit.attacks._paths import paths_from, recovered, whole
from shoal.audit.attacks.recovery import LEAST, Recovery
from shoal.audit.world import World
from tests.audit.attacks.town import SIDE, Town, counts, lives


def run(folder: Path, epsilon: float) -> Share:
    found = Recovery(devices=40).run(cast(World, Town.build(folder, devices=80, days=3, epsilon=epsilon)))
    assert len(found) == 1 and isinstance(found[0], Share)
    return found[0]


def test_a_release_tells_no_more_than_the_public_average_and_exact_counts_tell_the_paths(tmp_path: Path) -> None:
    found = run(tmp_path, 1)
    assert binomtest(found.hits, found.trials).proportion_ci(1 - 2e-6).low <= found.limit
    hits, trials, least = found.controls["exact"]
    assert least == LEAST == 0.6 and hits / trials >= least
    assert hits / trials > found.limit + 0.15, "a control that guessing passes too is none"


def test_a_release_with_next_to_no_noise_is_caught(tmp_path: Path) -> None:
    found = run(tmp_path, 1000)
    assert found.hits / found.trials > found.limit + 0.15


def test_a_plan_without_hours_has_no_paths(tmp_path: Path) -> None:
    town = Town.build(tmp_path, devices=4, days=1, epsilon=1, statistics='[statistics.presence]\nby = ["zone", "day"]')
    assert Recovery().run(cast(World, town)) == []


def test_paths_agree_with_the_counts_they_come_from() -> None:
    places = lives(25, 2)
    paths = paths_from(counts(places), centres())
    assert (counts(paths.astype(np.int32)) == counts(places)).all()


def test_people_who_never_move_are_recovered_whole() -> None:
    places = np.repeat(np.arange(10)[:, None] * 3, 24, axis=1)
    paths = paths_from(counts(places.astype(np.int32)), centres())
    assert recovered(paths, places, np.ones(places.shape, dtype=np.bool_)) == places.size


@pytest.mark.parametrize("seed", range(3))
def test_the_best_matching_has_a_slow_twin(seed: int) -> None:
    dice = np.random.default_rng(seed)
    paths, truth = dice.integers(0, 3, (2, 4, 6))
    counted = dice.random((4, 6)) < 0.8
    right = [[sum(p == t and c for p, t, c in zip(path, *row, strict=True)) for row in zip(truth, counted, strict=True)]
             for path in paths]  # fmt: skip
    rows, columns = linear_sum_assignment(right, maximize=True)
    best = sum(right[r][c] for r, c in zip(rows, columns, strict=True))
    assert recovered(paths, truth, counted) == best == max(_totals(right))


def test_numbers_become_counts_that_add_up() -> None:
    numbers = np.random.default_rng(1).normal(0, 5, (7, 11))
    numbers[:, 3] = -1.0  # nothing is left of this hour
    found = whole(numbers, 20)
    assert (found >= 0).all() and (found.sum(axis=0) == 20).all()
    assert (whole(found.astype(np.float64), 20) == found).all()


def test_counts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ValueError, match="same number of paths"):
        paths_from(np.array([[1, 0], [1, 1]]), np.zeros((2, 2)))


def centres() -> Float64:
    zone = np.arange(SIDE * SIDE)
    return np.column_stack([zone % SIDE, zone // SIDE]).astype(np.float64) * 1500


def _totals(right: list[list[int]]) -> Iterator[int]:
    """Of all matchings, by hand."""
    if not right:
        yield 0
        return
    first, *rest = right
    for c, value in enumerate(first):
        yield from (value + more for more in _totals([row[:c] + row[c + 1 :] for row in rest]))
