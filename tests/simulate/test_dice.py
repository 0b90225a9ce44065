"""Dice: the published numbers of SplitMix64, and the shape of each distribution."""

import numpy as np
import pytest

from shoal.simulate import dice
from shoal.simulate.arrays import Float64


def rolled(draw: object, n: int = 40_000, *more: float) -> Float64:
    stream = dice.stream(np.uint64(3), 0, dice.DAYS)
    return np.array([draw(stream, *more) for _ in range(n)], np.float64)  # type: ignore[operator]


def test_splitmix64_as_published() -> None:
    """The first outputs for seed 1234567, as Rosetta Code and the C reference give them."""
    state = np.array([1234567], np.uint64)
    want = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert [int(dice.roll(state)) for _ in want] == want


def test_streams_differ_by_seed_device_and_purpose() -> None:
    streams = {
        int(dice.stream(np.uint64(seed), device, purpose)[0])
        for seed in range(20)
        for device in range(200)
        for purpose in range(6)
    }
    assert len(streams) == 20 * 200 * 6


def test_names_are_never_shared() -> None:
    names = {dice.opaque(np.uint64(9), device) for device in range(20_000)}
    assert len(names) == 20_000
    assert min(names) >= 0
    assert max(names) < 2**63


@pytest.mark.parametrize(
    ("draw", "more", "mean", "deviation"),
    [
        (dice.uniform, (), 0.5, 12**-0.5),
        (dice.exponential, (), 1.0, 1.0),
        (dice.normal, (), 0.0, 1.0),
        (dice.poisson, (0.7,), 0.7, 0.7**0.5),
        (dice.poisson, (12.0,), 12.0, 12**0.5),
        (dice.poisson, (400.0,), 400.0, 20.0),
    ],
    ids=["uniform", "exponential", "normal", "poisson 0.7", "poisson 12", "poisson 400"],
)
def test_mean_and_deviation(draw: object, more: tuple[float, ...], mean: float, deviation: float) -> None:
    got = rolled(draw, 40_000, *more)
    assert got.mean() == pytest.approx(mean, abs=5 * deviation / 200)
    assert got.std() == pytest.approx(deviation, rel=0.05)


def test_lognormal_median() -> None:
    assert np.median(rolled(dice.lognormal, 40_000, 8.0, 0.5)) == pytest.approx(8.0, rel=0.02)
