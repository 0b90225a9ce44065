"""The consistent column: non-negative, adding up, and the nearest such values."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shoal._arrays import Float64
from shoal.estimate.consistent import consistent

tables = arrays(np.float64, st.tuples(st.integers(1, 30), st.integers(1, 4)), elements=st.floats(-1e6, 1e6))


@given(estimate=tables)
def test_never_negative_and_adds_up(estimate: Float64) -> None:
    found = consistent(estimate)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=0), np.maximum(estimate.sum(axis=0), 0), rtol=1e-9, atol=1e-4)


@given(estimate=tables)
def test_order_is_kept(estimate: Float64) -> None:
    found = consistent(estimate)
    for bin_ in range(estimate.shape[1]):
        order = np.argsort(estimate[:, bin_], kind="stable")
        assert (np.diff(found[order, bin_]) >= -1e-6).all()


def test_it_is_the_nearest() -> None:
    """None of ten thousand other non-negative values with the same total lies nearer, not even right beside it."""
    generator = np.random.default_rng(3)
    estimate = np.array([5.0, -3.0, 1.0, -0.5, 0.2])
    found = consistent(estimate[:, None])[:, 0]
    far = generator.dirichlet(np.ones(5), 5000) * estimate.sum()
    near = found + 0.01 * (generator.dirichlet(np.ones(5), 5000) * estimate.sum() - found)
    others = ((np.concatenate([far, near]) - estimate) ** 2).sum(axis=1)
    assert ((found - estimate) ** 2).sum() <= others.min()


def test_what_needs_no_change_stays() -> None:
    estimate = np.array([[1.0, 2.0], [0.0, 3.5]])
    np.testing.assert_allclose(consistent(estimate), estimate, atol=1e-12)


def test_clipping_would_invent_people() -> None:
    """The seeded bug: setting negatives to zero in a city of empty cells."""
    noise = np.random.default_rng(1).normal(0, 10, (10_000, 1))
    clipped = np.maximum(noise, 0)
    assert clipped.sum() > 20 * consistent(noise).sum()


def test_no_places() -> None:
    assert consistent(np.zeros((0, 3))).shape == (0, 3)


def test_a_negative_total_is_nobody() -> None:
    assert not consistent(np.array([[-5.0], [1.0]])).any()
