"""Weighted least squares over a tree: as a dense solve says, adding up, never worse than measuring alone."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal._arrays import Float64, Int32
from shoal.estimate.areas import sums
from shoal.estimate.ladder import add_up
from shoal.estimate.weighted import Errors, Tree, solved, weighted


def tree_of(draw: np.random.Generator, sizes: tuple[int, ...]) -> tuple[Int32, ...]:
    """Random groups, none of them empty."""
    return tuple(
        draw.permutation(np.append(np.arange(k), draw.integers(0, k, n - k))).astype(np.int32)
        for n, k in pairwise(sizes)
    )


def above(into: tuple[Int32, ...], sizes: tuple[int, ...]) -> list[Float64]:
    """For each level the matrix that adds leaves up."""
    rows = [np.eye(sizes[0])]
    for of, k in zip(into, sizes[1:], strict=True):
        rows.append(add_up(rows[-1], of, k))
    return rows


def dense(
    estimates: list[Float64], errors: list[Errors], into: tuple[Int32, ...], sizes: tuple[int, ...]
) -> tuple[Float64, Float64]:
    """Leaves and the covariance of their errors, of one column, by generalised least squares over all numbers."""
    rows = above(into, sizes)
    parts = []  # each independent error as a column of what it does to all numbers
    for level, error in enumerate(errors):
        for i in range(sizes[level]):
            own = np.zeros(sum(sizes))
            own[sum(sizes[:level]) + i] = error.variance[i, 0] ** 0.5
            parts.append(own)
            parts.append(error.own[i, 0] ** 0.5 * below(level, i, errors, into, sizes))
        if level < len(into):
            for group in range(sizes[level + 1]):
                members = np.flatnonzero(into[level] == group)
                each = [error.common[i, 0] * below(level, int(i), errors, into, sizes) for i in members]
                parts.append(np.sum(each, axis=0))
    covariance = np.array(parts).T @ np.array(parts)
    design = np.concatenate(rows)
    inverse = np.linalg.inv(covariance)
    found = np.linalg.inv(design.T @ inverse @ design)
    leaves = found @ design.T @ inverse @ np.concatenate([e[:, 0] for e in estimates])
    return leaves, np.asarray(found, dtype=np.float64)


def below(level: int, i: int, errors: list[Errors], into: tuple[Int32, ...], sizes: tuple[int, ...]) -> Float64:
    """An error of 1 of a number, and what of it goes to the numbers below: in proportion to `common`."""
    effect = np.zeros(sum(sizes))
    effect[sum(sizes[:level]) + i] = 1.0
    if level:
        members = np.flatnonzero(into[level - 1] == i)
        common = errors[level - 1].common[members, 0]
        share = common / common.sum() if common.sum() > 0 else np.full(members.size, 1 / members.size)
        for member, part in zip(members, share, strict=True):
            effect += part * below(level - 1, int(member), errors, into, sizes)
    return effect


def problem(seed: int, sizes: tuple[int, ...], plain: bool) -> tuple[list[Float64], list[Errors], tuple[Int32, ...]]:
    draw = np.random.default_rng(seed)
    into = tree_of(draw, sizes)
    errors = []
    for level, n in enumerate(sizes):
        variance, own, common = (draw.lognormal(0, 1, (n, 1)) for _ in range(3))
        if plain or level > 1 or level == len(sizes) - 1:
            own = np.zeros((n, 1))
        if plain or level > 0 or level == len(sizes) - 1:
            common = np.zeros((n, 1))
        errors.append(Errors(variance, own, common))
    return [draw.normal(0, 10, (n, 1)) for n in sizes], errors, into


@pytest.mark.parametrize("sizes", [(7, 3, 1), (9, 4), (5, 1), (6, 6, 2), (8,), (12, 6, 3, 1)])
@pytest.mark.parametrize("plain", [True, False])
def test_it_is_the_least_squares_solution(sizes: tuple[int, ...], plain: bool) -> None:
    for seed in range(10):
        estimates, errors, into = problem(seed, sizes, plain)
        leaves, covariance = dense(estimates, errors, into, sizes)
        values, variances = weighted(estimates, errors, into)
        for level, rows in enumerate(above(into, sizes)):
            np.testing.assert_allclose(values[level][:, 0], rows @ leaves, rtol=1e-8, atol=1e-8)
            np.testing.assert_allclose(variances[level][:, 0], np.diag(rows @ covariance @ rows.T), rtol=1e-8)


@pytest.mark.parametrize("sizes", [(7, 3, 1), (9, 4), (5, 1), (20, 5, 2), (8,)])
@pytest.mark.parametrize("plain", [True, False])
def test_sums_of_any_places_are_the_least_squares_solution_too(sizes: tuple[int, ...], plain: bool) -> None:
    for seed in range(10):
        estimates, errors, into = problem(seed, sizes, plain)
        leaves, covariance = dense(estimates, errors, into, sizes)
        tree = Tree.grown(estimates, errors, into)
        of = np.random.default_rng(seed).integers(-1, 3, sizes[0]).astype(np.int32)
        total, variance = sums(tree, solved(tree)[0][0], of, 3)
        for area in range(3):
            chosen = (of == area).astype(np.float64)
            assert total[area, 0] == pytest.approx(chosen @ leaves)
            assert variance[area, 0] == pytest.approx(chosen @ covariance @ chosen)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 40), columns=st.integers(1, 3))
def test_parts_add_up_and_no_number_is_worse_than_measured_alone(seed: int, n: int, columns: int) -> None:
    draw = np.random.default_rng(seed)
    sizes = (n, max(1, n // 3), max(1, n // 9))
    into = tree_of(draw, sizes)
    estimates = [draw.normal(0, 1000, (k, columns)) for k in sizes]
    alone = [draw.lognormal(0, 3, (k, columns)) for k in sizes]
    values, variances = weighted(estimates, [Errors.of_noise(v) for v in alone], into)
    for level, of in enumerate(into):
        np.testing.assert_allclose(add_up(values[level], of, sizes[level + 1]), values[level + 1], atol=1e-6)
    for found, before in zip(variances, alone, strict=True):
        assert (found <= before * (1 + 1e-9)).all() and (found >= 0).all()


def test_an_unmeasured_group_is_the_sum_of_its_parts() -> None:
    into = (np.array([0, 0, 1], dtype=np.int32),)
    estimates = [np.array([[1.0], [2.0], [5.0]]), np.array([[99.0], [7.0]])]
    errors = [Errors.of_noise(np.ones((3, 1))), Errors.of_noise(np.array([[np.inf], [1.0]]))]
    values, variances = weighted(estimates, errors, into)
    assert values[1].ravel().tolist() == [3.0, 6.0] and variances[1].ravel().tolist() == [2.0, 0.5]
    assert values[0].ravel().tolist() == [1.0, 2.0, 6.0]


def test_a_group_without_parts_keeps_its_number() -> None:
    into = (np.array([1], dtype=np.int32),)
    errors = [Errors.of_noise(np.ones((1, 1))), Errors.of_noise(np.full((2, 1), 4.0))]
    values, variances = weighted([np.array([[3.0]]), np.array([[8.0], [3.0]])], errors, into)
    assert values[1].ravel().tolist() == [8.0, 3.0] and variances[1].ravel().tolist() == pytest.approx([4.0, 0.8])


def test_errors_in_common_between_groups_are_nearly_solved() -> None:
    """Not the least squares solution, but no variance is far from its own."""
    for seed in range(20):
        estimates, errors, into = problem(seed, (12, 4, 1), plain=False)
        errors[1] = Errors(errors[1].variance, errors[1].own, np.full((4, 1), 0.3))
        leaves, covariance = dense(estimates, errors, into, (12, 4, 1))
        values, variances = weighted(estimates, errors, into)
        off = np.abs(values[0][:, 0] - leaves) / np.sqrt(np.diag(covariance))
        assert 0 < off.max() < 0.2
        np.testing.assert_allclose(variances[0][:, 0], np.diag(covariance), rtol=0.05)


def test_an_exact_group_is_kept_exactly() -> None:
    into = (np.zeros(2, dtype=np.int32),)
    errors = [Errors.of_noise(np.ones((2, 1))), Errors.of_noise(np.zeros((1, 1)))]
    values, variances = weighted([np.array([[1.0], [2.0]]), np.array([[5.0]])], errors, into)
    assert values[1][0, 0] == 5 and values[0].ravel().tolist() == [2.0, 3.0]
    assert variances[1][0, 0] == 0 and variances[0].ravel().tolist() == [0.5, 0.5]
