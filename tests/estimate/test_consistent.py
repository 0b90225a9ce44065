"""The consistent column: whole, non-negative, adding up at every level, and near the nearest such values."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shoal._arrays import Float64, Int32
from shoal.estimate import consistent as module
from shoal.estimate.consistent import consistent, projected, rounded
from shoal.estimate.ladder import add_up

tables = arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.floats(-1e6, 1e6))


def single(estimate: Float64) -> Float64:
    return consistent((estimate,), ())[0]


def slow_projection(values: Float64, total: float) -> Float64:
    """Take the same from all parts, by bisection, until what is left above 0 is the total."""
    low, high = values.min() - total - 1, values.max()
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.maximum(values - middle, 0).sum() > total else (low, middle)
    return np.asarray(np.maximum(values - high, 0))


@given(estimate=tables)
def test_whole_never_negative_and_adding_up(estimate: Float64) -> None:
    found = single(estimate)
    assert (found >= 0).all() and (found == np.rint(found)).all()
    assert (found.sum(axis=0) == np.maximum(np.rint(estimate.sum(axis=0)), 0)).all()


@given(seed=st.integers(0, 2**32), n=st.integers(1, 60), columns=st.integers(1, 3), scale=st.sampled_from([1, 30, 1e5]))
def test_every_level_adds_up(seed: int, n: int, columns: int, scale: float) -> None:
    draw = np.random.default_rng(seed)
    sizes = (n, max(1, n // 3), max(1, n // 9))
    into = tuple(
        draw.permutation(np.append(np.arange(k), draw.integers(0, k, m - k))).astype(np.int32)
        for m, k in pairwise(sizes)
    )
    estimates = tuple(draw.normal(0.3, 1, (k, columns)) * scale for k in sizes)
    found = consistent(estimates, into)
    for values in found:
        assert (values >= 0).all() and (values == np.rint(values)).all()
    for level, of in enumerate(into):
        assert (add_up(found[level], of, sizes[level + 1]) == found[level + 1]).all()
    assert (found[-1] == np.maximum(np.rint(estimates[-1]), 0)).all()


@given(estimate=tables)
def test_order_is_kept(estimate: Float64) -> None:
    found = single(estimate)
    for bin_ in range(estimate.shape[1]):
        order = np.argsort(estimate[:, bin_], kind="stable")
        assert (np.diff(found[order, bin_]) >= -1).all()


@given(seed=st.integers(0, 2**32), n=st.integers(1, 40), groups=st.integers(1, 5))
def test_the_projection_of_each_group_is_that_of_the_slow_twin(seed: int, n: int, groups: int) -> None:
    draw = np.random.default_rng(seed)
    into, values = draw.integers(0, groups, n).astype(np.int32), draw.normal(0, 10, (n, 2))
    total = np.rint(draw.exponential(20, (groups, 2))) * draw.choice([0.0, 1.0], (groups, 2))
    found = projected(values, into, total)
    for group in np.unique(into):
        for column in range(2):
            slow = slow_projection(values[into == group, column], total[group, column])
            np.testing.assert_allclose(found[into == group, column], slow, atol=1e-8)


def test_it_is_the_nearest() -> None:
    """None of ten thousand other non-negative values with the same total lies nearer, not even right beside it."""
    generator = np.random.default_rng(3)
    estimate = np.array([5.0, -3.0, 1.0, -0.5, 0.2])
    found = projected(estimate[:, None], np.zeros(5, dtype=np.int32), np.array([[3.0]]))[:, 0]
    far = generator.dirichlet(np.ones(5), 5000) * 3
    near = found + 0.01 * (generator.dirichlet(np.ones(5), 5000) * 3 - found)
    others = ((np.concatenate([far, near]) - estimate) ** 2).sum(axis=1)
    assert ((found - estimate) ** 2).sum() <= others.min()


@given(estimate=tables)
def test_rounding_moves_no_number_by_one(estimate: Float64) -> None:
    into, total = np.zeros(len(estimate), dtype=np.int32), np.rint(np.abs(estimate).sum(axis=0, keepdims=True))
    near = projected(estimate, into, total)
    found = rounded(near, into, total)
    assert (np.abs(found - near) < 1).all() and (found.sum(axis=0) == total).all()


def test_largest_remainders_go_up() -> None:
    values = np.array([[0.5], [0.7], [1.8], [4.2], [0.8]])
    into = np.array([0, 0, 0, 1, 1], dtype=np.int32)
    assert rounded(values, into, np.array([[3.0], [5.0]])).ravel().tolist() == [0, 1, 2, 4, 1]


def test_what_needs_no_change_stays() -> None:
    estimate = np.array([[1.0, 2.0], [0.0, 3.0]])
    assert (single(estimate) == estimate).all()


def test_many_columns_are_done_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    estimate = np.random.default_rng(2).normal(1, 5, (7, 11))
    at_once = single(estimate)
    monkeypatch.setattr(module, "_AT_ONCE", 20)
    assert (single(estimate) == at_once).all()


def test_clipping_would_invent_people() -> None:
    """The seeded bug: setting negatives to zero in a city of empty cells."""
    noise = np.random.default_rng(1).normal(0, 10, (10_000, 1))
    clipped = np.maximum(noise, 0)
    assert clipped.sum() > 20 * single(noise).sum()


def test_coarse_levels_keep_fine_noise_out() -> None:
    """Of an empty region nothing is handed down, whatever the noise of its zones says."""
    draw = np.random.default_rng(5)
    into: tuple[Int32, ...] = (np.repeat(np.arange(2), 500).astype(np.int32),)
    fine = draw.normal(0, 10, (1000, 1)) + np.repeat([[0.0], [20.0]], 500, axis=0)
    found = consistent((fine, np.array([[0.3], [10_000.0]])), into)
    assert not found[0][:500].any() and found[0][500:].sum() == 10_000


def test_a_group_without_parts_hands_nothing_down() -> None:
    found = consistent((np.array([[2.0]]), np.array([[5.0], [3.0]])), (np.array([1], dtype=np.int32),))
    assert found[0].tolist() == [[3.0]] and found[1].tolist() == [[5.0], [3.0]]


def test_no_places() -> None:
    assert single(np.zeros((0, 3))).shape == (0, 3)
    assert single(np.zeros((3, 0))).shape == (3, 0)


def test_a_negative_total_is_nobody() -> None:
    assert not single(np.array([[-5.0], [1.0]])).any()
