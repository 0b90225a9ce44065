"""The canary audit catches noise that is too small and a bound that is missing, and raises hardly a false alarm."""

from collections.abc import Callable
from fractions import Fraction
from math import exp
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import binomtest

from shoal._arrays import Float64
from shoal.audit.canary import ALARM, Canaries, _judge, canaries
from shoal.audit.ceiling import Ceiling
from shoal.privacy import bounding, noise
from shoal.privacy._opendp import opendp
from tests.audit.plans import plan_in

CLAIM = Ceiling.of([Fraction(1, 10)])
PRESENCE = "[statistics.presence]\nbound = 2\n"
RESIDENTS = "[statistics.residents]\n"


def judged(scale: float, length: float, luck: np.random.Generator, number: int = 5_000) -> Canaries:
    """As `canaries` would at rho 0.1, from normal draws: noise of `scale` times the claimed, vectors of `length`."""
    there = luck.random(number) < 0.5
    ratio = CLAIM.mu * (length * there * CLAIM.mu + luck.normal(0, scale, number)) - CLAIM.mu**2 / 2
    return _judge("x", number, int(((ratio > 0) == there).sum()), 1.0, CLAIM, CLAIM.accuracy, ALARM)


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


def scale_noise(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """Noise of so many times the scale, where it is drawn and nowhere else: what it costs is worked out as ever."""

    def scaled(make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda domain, metric, scale: make(domain, metric, scale=scale * factor)

    real = vars(opendp())
    wrong = {name: scaled(real[name]) for name in ("make_gaussian", "make_laplace")}
    monkeypatch.setattr(noise, "opendp", lambda: SimpleNamespace(**real | wrong))
    monkeypatch.setattr(noise, "_agree", lambda *_: None)  # which would have noticed before the draw


@pytest.mark.parametrize(("delta", "kind"), [("1e-5", "gaussian"), ("1e-8", "laplace")])
class TestPipeline:
    """The whole pipeline, with noise of either kind and canaries whose vectors lie in many numbers."""

    def run(self, folder: Path, delta: str, kind: str, number: int = 2_400) -> Canaries:
        """So many that a bug is missed, or its chance is not below one in 10,000, less than once in a million runs."""
        (found,) = canaries(plan_in(folder, delta=delta, statistics=PRESENCE), number=number)
        assert found.canaries >= number / 2 and (found.claim.epsilon > 0) == (kind == "laplace")
        return found

    def test_as_it_is(self, tmp_path: Path, delta: str, kind: str) -> None:
        """Not `kept`, which is a false alarm in 8 of 1,000 runs."""
        found = self.run(tmp_path, delta, kind, 600)
        assert abs(found.right - found.canaries * found.allowed) < 5 * (found.canaries / 4) ** 0.5

    def test_half_the_noise(self, tmp_path: Path, delta: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        scale_noise(monkeypatch, 0.5)
        found = self.run(tmp_path, delta, kind)
        assert not found.kept and found.chance < 1e-4

    def test_no_bound(self, tmp_path: Path, delta: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """83 of 100 guesses are right; 70 are allowed, or 75 with Laplace noise: which takes more of them."""
        monkeypatch.setattr(bounding, "bound", lambda rows, _: bounding.Bounded(rows.first, rows.cell, rows.weight))
        found = self.run(tmp_path, delta, kind, 4_000 if kind == "laplace" else 1_200)
        assert not found.kept and found.chance < 1e-4


def test_right_guesses_at_the_claim() -> None:
    luck = np.random.default_rng(6)
    share: Float64 = np.array([judged(1, 1, luck).right / 5_000 for _ in range(200)])
    assert float(share.mean()) == pytest.approx(float(ndtr(CLAIM.mu / 2)), abs=0.003)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_laplace_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float) -> None:
    """A device can put all its bound into one number here: by it a guess is right as often as Laplace noise allows.

    That is 1 - exp(-epsilon / 2) / 2, as the middle between the two worlds is the threshold: less than the
    exp(epsilon) / (1 + exp(epsilon)) of the claim, which leaves out where the noise falls between them.
    """
    scale_noise(monkeypatch, scale)
    (found,) = canaries(plan_in(tmp_path, epsilon=1, statistics=RESIDENTS), number=2_000)
    assert found.claim.epsilon > 0.9 and found.filled == 1
    if scale == 1:
        share = 1 - exp(-found.claim.epsilon / 2) / 2
        assert found.allowed == pytest.approx(share, abs=0.01)
        assert abs(found.right - 2_000 * share) < 5 * 500**0.5
    else:
        assert not found.kept and found.chance < 1e-4
