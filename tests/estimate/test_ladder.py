"""Nested levels: shapes are checked, members are added to their group."""

import numpy as np
import pytest

from shoal._arrays import Float64, Int32
from shoal.estimate.ladder import Ladder, add_up

FINE, COARSE, INTO = np.ones((3, 2)), np.ones((2, 2)), np.array([0, 1, 1], dtype=np.int32)


def test_what_fits_is_taken() -> None:
    assert Ladder((FINE, COARSE), (1.0, 2.0), (INTO,), laplace=False).values[1] is COARSE


@pytest.mark.parametrize(
    ("values", "stderr", "into"),
    [
        ((), (), ()),
        ((FINE, COARSE), (1.0, 2.0), ()),
        ((FINE, COARSE), (1.0,), (INTO,)),
        ((FINE, COARSE), (1.0, -1.0), (INTO,)),
        ((FINE, COARSE), (1.0, float("nan")), (INTO,)),
        ((FINE, np.ones((2, 3))), (1.0, 1.0), (INTO,)),
        ((FINE, np.ones(2)), (1.0, 1.0), (INTO,)),
        ((FINE, COARSE), (1.0, 1.0), (INTO[:2],)),
        ((FINE, COARSE), (1.0, 1.0), (INTO + np.int32(1),)),
        ((FINE, COARSE), (1.0, 1.0), (INTO - np.int32(1),)),
    ],
)
def test_what_does_not_is_refused(
    values: tuple[Float64, ...], stderr: tuple[float, ...], into: tuple[Int32, ...]
) -> None:
    with pytest.raises(ValueError, match=r"level|errors|columns"):
        Ladder(values, stderr, into, laplace=False)


@pytest.mark.parametrize("columns", [1, 3])
def test_members_are_added_to_their_group(columns: int) -> None:
    draw = np.random.default_rng(1)
    values, into = draw.normal(0, 1, (50, columns)), draw.integers(0, 9, 50).astype(np.int32)
    slow = np.zeros((11, columns))
    np.add.at(slow, into, values)
    np.testing.assert_allclose(add_up(values, into, 11), slow, atol=1e-12)
    assert not add_up(values, into, 11)[9:].any()
