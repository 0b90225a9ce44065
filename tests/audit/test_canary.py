"""The canary audit catches noise that is too small and a bound that is missing, and raises hardly a false alarm."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binomtest

from shoal._arrays import Float64
from shoal.audit.canary import ALARM, Canaries, _judge, canaries
from shoal.audit.ceiling import Ceiling
from shoal.plan import Plan
from shoal.privacy import bounding, noise
from shoal.privacy._opendp import opendp

CLAIM = Ceiling.of([Fraction(1, 10)])


PLAN = """
[source]
name = "somewhere"
kind = "points"
files = ["nowhere/*.csv"]
timezone = "UTC"
[source.columns]
device = "d"
time = "t"
lat = "a"
lon = "o"
[source.basis]
controller = "Nobody"
legal_basis = "invented"
purpose = "mobility research"
[zones]
kind = "h3"
resolution = 8
bbox = [16.30, 48.15, 16.42, 48.25]
[period]
start = 2026-03-02
end = 2026-03-09
unit = "day"
[privacy]
epsilon = 5.0
[statistics.presence]
bound = 2
"""


def judged(scale: float, length: float, luck: np.random.Generator, number: int = 5_000) -> Canaries:
    """As `canaries` would at rho 0.1, from normal draws: noise of `scale` times the claimed, vectors of `length`."""
    there = luck.random(number) < 0.5
    ratio = CLAIM.mu * (length * there * CLAIM.mu + luck.normal(0, scale, number)) - CLAIM.mu**2 / 2
    return _judge("x", number, int(((ratio > 0) == there).sum()), 1.0, CLAIM, ALARM)


@pytest.mark.parametrize(
    ("scale", "length", "least", "most"), [(1, 1, 0, 0.01), (0.8, 1, 0.6, 1), (0.5, 1, 1, 1), (1, 4, 1, 1)]
)
def test_power(scale: float, length: float, least: float, most: float) -> None:
    """The figures asked of it, over 300 repetitions: below them only with a chance of a millionth."""
    luck = np.random.default_rng(4)
    caught = sum(not judged(scale, length, luck).kept for _ in range(300))
    assert binomtest(caught, 300, least, "less").pvalue > 1e-6 if least < 1 else caught == 300
    assert binomtest(caught, 300, most, "greater").pvalue > 1e-6


def test_bound_is_close_where_noise_is_right() -> None:
    """Of a claim of mu 0.447, 5,000 canaries prove 0.3 and more, and never more than is there."""
    luck = np.random.default_rng(5)
    found = [judged(1, 1, luck).least_mu for _ in range(100)]
    assert 0.3 < float(np.median(found)) < CLAIM.mu


def plan_in(folder: Path) -> Plan:
    (folder / "plan.toml").write_text(PLAN)
    return Plan.load(folder / "plan.toml")


def half_the_noise(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda domain, metric, scale: make(domain, metric, scale=scale / 2)


def test_pipeline_as_it_is(tmp_path: Path) -> None:
    (found,) = canaries(plan_in(tmp_path), number=2_000)
    assert found.kept and found.filled > 0.99 and found.canaries == 2_000
    expected = found.canaries * found.claim.accuracy
    assert abs(found.right - expected) < 5 * (found.canaries / 4) ** 0.5  # it comes close, too


def test_half_the_noise_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = opendp()
    monkeypatch.setattr(real, "make_gaussian", half_the_noise(real.make_gaussian))
    monkeypatch.setattr(real, "make_laplace", half_the_noise(real.make_laplace))
    monkeypatch.setattr(noise, "_agree", lambda *_: None)  # which would have noticed before the draw
    (found,) = canaries(plan_in(tmp_path), number=2_000)
    assert not found.kept and found.chance < 1e-6


def test_missing_bound_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounding, "bound", lambda rows, _: bounding.Bounded(rows.first, rows.cell, rows.weight))
    (found,) = canaries(plan_in(tmp_path), number=2_000)
    assert not found.kept and found.chance < 1e-6


def test_right_guesses_at_the_claim() -> None:
    luck = np.random.default_rng(6)
    share: Float64 = np.array([judged(1, 1, luck).right / 5_000 for _ in range(200)])
    assert float(share.mean()) == pytest.approx(float(ndtr(CLAIM.mu / 2)), abs=0.003)
