"""The second conversion from zCDP, held against two others and its own laws."""

from fractions import Fraction
from math import inf

import pytest
from dp_accounting.rdp import rdp_privacy_accountant
from hypothesis import given
from hypothesis import strategies as st

from shoal.privacy.accounting import epsilon_of, rho_for
from shoal.privacy.mechanism import Mechanism
from shoal.release._epsilon import epsilon, spent

CASES = [(e, d) for e in ("1/1000", "1", "10", "1000") for d in ("1/100000", "1/100000000", "1/1000000000000")]


@pytest.mark.parametrize(("promised", "delta"), CASES)
def test_agrees_with_opendp(promised: str, delta: str) -> None:
    rho = rho_for(Fraction(promised), Fraction(delta))
    ours, theirs = epsilon(float(rho), float(Fraction(delta))), epsilon_of(rho, Fraction(delta))
    assert ours == pytest.approx(theirs, rel=1e-8)
    assert ours <= float(Fraction(promised)) * (1 + 1e-9)  # what the writer uses, verify accepts
    assert epsilon(float(rho) * 1.0001, float(Fraction(delta))) > float(Fraction(promised)) * (1 + 1e-9)


@pytest.mark.parametrize("rho", [1e-4, 0.02, 1.0, 30.0])
def test_agrees_with_dp_accounting(rho: float) -> None:
    orders = [1 + 1.02**i / 1e4 for i in range(1200)]
    theirs, _ = rdp_privacy_accountant.compute_epsilon(orders, [rho * a for a in orders], 1e-8)
    assert epsilon(rho, 1e-8) <= theirs * (1 + 1e-9)
    assert epsilon(rho, 1e-8) == pytest.approx(theirs, rel=1e-3)


@given(rho=st.floats(1e-9, 500), factor=st.floats(1.001, 100), delta=st.floats(1e-30, 1e-5))
def test_grows_with_rho_and_falls_with_delta(rho: float, factor: float, delta: float) -> None:
    assert epsilon(rho * factor, delta) >= epsilon(rho, delta)
    assert epsilon(rho, delta / factor) >= epsilon(rho, delta)


@given(rho=st.floats(1e-9, 500), delta=st.floats(1e-30, 1e-5))
def test_is_never_above_the_simple_bound(rho: float, delta: float) -> None:
    from math import log, sqrt

    simple = rho + 2 * sqrt(rho * log(1 / delta))  # Bun & Steinke 2016, proposition 3
    assert rho * 0.5 < epsilon(rho, delta) + 1e-6 and epsilon(rho, delta) <= simple * (1 + 1e-9)


def test_edges() -> None:
    assert epsilon(0.0, 1e-8) == 0
    assert epsilon(0.1, 0.0) == inf


def test_laplace_is_priced_the_cheaper_way() -> None:
    laplace, gaussian = Mechanism("laplace", 1024, 2048), Mechanism("gaussian", 1024, 20480)
    assert spent([laplace], 1e-8) == 0.5  # pure: no delta is needed
    assert spent([laplace, gaussian], 1e-8) == pytest.approx(0.5 + epsilon(float(gaussian.rho), 1e-8))
    many = [Mechanism("laplace", 1024, 102400)] * 1000  # epsilon 10 added up plainly, much less by way of rho
    assert spent(many, 1e-8) == pytest.approx(epsilon(0.05, 1e-8)) and spent(many, 1e-8) < 3
