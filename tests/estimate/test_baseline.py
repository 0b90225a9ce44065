"""Medians of noisy numbers: the interval holds at least as often as it says, in the worst arrangement too."""

import numpy as np
import pytest

from shoal.estimate.baseline import change, widening

Z = 1.959963984540054
DRAWS = 100_000
FALSE_ALARM = 5.5 * (0.95 * 0.05 / DRAWS) ** 0.5
FAR = 1e6


def test_one_number_is_as_wide_as_itself() -> None:
    assert widening(np.array([1])) == pytest.approx(1)
    wide = widening(np.arange(1, 12))
    assert (np.diff(wide[::2]) > 0).all() and wide[-1] < 1.5


@pytest.mark.parametrize(
    "true",
    [
        (100.0,),
        (100.0, 100.0, 100.0),
        (100.0, 100.0, FAR),
        (-FAR, 100.0, FAR),
        (100.0, 100.0, 100.0, FAR, FAR),
        (-FAR, -FAR, 100.0, 100.0, 100.0),
        (90.0, 95.0, 100.0, 105.0, 110.0),
        (100.0,) * 8,
    ],
)
def test_the_median_lies_within(true: tuple[float, ...]) -> None:
    noisy = np.array(true) + np.random.default_rng(3).normal(0, 5, (DRAWS, len(true)))
    off = np.abs(np.median(noisy, axis=1) - np.median(true))
    assert np.mean(off <= 5 * Z * widening(np.array([len(true)]))) > 0.95 - FALSE_ALARM


def test_without_widening_the_worst_arrangement_shows() -> None:
    noisy = np.array((100.0, 100.0, 100.0, FAR, FAR)) + np.random.default_rng(3).normal(0, 5, (DRAWS, 5))
    assert np.mean(np.abs(np.median(noisy, axis=1) - 100) <= 5 * Z) < 0.95 - FALSE_ALARM


@pytest.mark.parametrize("true", [(100.0,), (100.0,) * 3, (100.0, 100.0, 100.0, FAR, FAR), (60.0, 100.0, 140.0)])
def test_a_change_holds_as_often_as_it_says(true: tuple[float, ...]) -> None:
    draw = np.random.default_rng(7)
    median = np.median(np.array(true) + draw.normal(0, 5, (DRAWS, len(true))), axis=1)
    number = np.full(DRAWS, len(true))
    found = change(130 + draw.normal(0, 4, DRAWS), 16.0, median, number, 25.0, Z)
    held = np.mean((found.lower <= 0.3) & (found.upper >= 0.3))
    assert held > 0.95 - FALSE_ALARM
    if len(true) == 1:
        assert held < 0.95 + FALSE_ALARM
