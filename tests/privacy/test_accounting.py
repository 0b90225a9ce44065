"""Budgets: shares, exactness, and the conversion held against two independent accountants."""

from fractions import Fraction
from math import exp, inf, log

import pytest
from dp_accounting import GaussianDpEvent
from dp_accounting.pld import PLDAccountant
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.privacy.accounting import WORTH, Need, allocate, epsilon_of, fixed_bound, rho_for
from shoal.privacy.mechanism import ONE

DELTA = Fraction(1, 10**8)


def epsilon_by_formula(rho: float, delta: float) -> float:
    """Canonne, Kamath & Steinke 2020, corollary 13: the least epsilon over orders alpha > 1. A grid, not OpenDP."""
    orders = [1 + 10 ** (k / 200) for k in range(-1000, 1000)]
    return min(a * rho + log(1 / (a * delta)) / (a - 1) + log(1 - 1 / a) for a in orders)


@pytest.mark.parametrize("rho", [Fraction(1, 1000), Fraction(1, 60), Fraction(1, 5), Fraction(3)], ids=str)
@pytest.mark.parametrize("delta", [Fraction(1, 10**6), DELTA, Fraction(1, 10**10)], ids=float)
def test_opendp_and_the_formula_agree(rho: Fraction, delta: Fraction) -> None:
    assert epsilon_of(rho, delta) == pytest.approx(epsilon_by_formula(float(rho), float(delta)), rel=1e-3)


@pytest.mark.parametrize("epsilon", ["0.1", "1", "3", "10"])
def test_dp_accounting_finds_no_more_loss_than_promised(epsilon: str) -> None:
    """dp-accounting composes the very Gaussians that were chosen, by privacy loss distributions (tighter than zCDP)."""
    needs = [Need("a", Fraction(4), Fraction(8)), Need("b", Fraction(1), Fraction(5, 2))]
    allocation = allocate(needs, Fraction(epsilon), DELTA)
    accountant = PLDAccountant()
    for mechanism in allocation.mechanisms.values():
        accountant.compose(GaussianDpEvent(mechanism.scale / mechanism.norm))
    assert 0.75 * float(epsilon) < accountant.get_epsilon(float(DELTA)) <= float(epsilon)


def test_half_the_noise_would_be_found() -> None:
    allocation = allocate([Need("a", Fraction(1), Fraction(8))], Fraction(1), DELTA)
    mechanism = allocation.mechanisms["a"]
    accountant = PLDAccountant()
    accountant.compose(GaussianDpEvent(mechanism.scale / 2 / mechanism.norm))
    assert accountant.get_epsilon(float(DELTA)) > 1


@given(epsilon=st.fractions(Fraction(1, 50), Fraction(20)))
@settings(max_examples=10)
def test_rho_is_the_largest_that_keeps_epsilon(epsilon: Fraction) -> None:
    rho = rho_for(epsilon, DELTA)
    assert epsilon_of(rho, DELTA) <= epsilon
    assert epsilon_of(rho * Fraction(1001, 1000), DELTA) > epsilon


needs = st.lists(
    st.builds(
        Need,
        name=st.uuids().map(str),
        share=st.fractions(Fraction(1, 10), Fraction(10)),
        bound=st.fractions(Fraction(1, 2), Fraction(100)),
        cells=st.sampled_from([None, 1, 3]),
    ),
    min_size=1,
    max_size=4,
)


@given(wishes=needs, epsilon=st.fractions(Fraction(1, 10), Fraction(5)))
@settings(max_examples=8)
def test_whatever_is_chosen_keeps_the_promise(wishes: list[Need], epsilon: Fraction) -> None:
    allocation = allocate(wishes, epsilon, DELTA)
    pure = sum((m.epsilon for m in allocation.mechanisms.values() if m.epsilon is not None), Fraction(0))
    gaussian = sum((m.rho for m in allocation.mechanisms.values() if m.kind == "gaussian"), Fraction(0))
    spent = pure + (Fraction(epsilon_of(gaussian, DELTA)) if gaussian else 0)
    assert spent <= epsilon * (1 + Fraction(1, 10**9))
    assert allocation.rho == sum((m.rho for m in allocation.mechanisms.values()), Fraction(0))
    assert all(type(m.rho) is Fraction for m in allocation.mechanisms.values())


def test_shares_split_rho() -> None:
    allocation = allocate(
        [Need("a", Fraction(3), Fraction(8)), Need("b", Fraction(1), Fraction(2))], Fraction(1), DELTA
    )
    assert float(allocation.mechanisms["a"].rho / allocation.mechanisms["b"].rho) == pytest.approx(3, rel=1e-3)


def test_few_keys_get_laplace_and_many_get_gaussian() -> None:
    one = allocate([Need("residents", Fraction(1), Fraction(1), cells=1)], Fraction(1), DELTA)
    many = allocate([Need("presence", Fraction(1), Fraction(8))], Fraction(1), DELTA)
    hundred = allocate([Need("x", Fraction(1), Fraction(1), cells=100)], Fraction(1), DELTA)
    assert one.mechanisms["residents"].kind == "laplace"
    assert one.mechanisms["residents"].scale == ONE  # epsilon 1, norm 1: b = 1, exactly
    assert many.mechanisms["presence"].kind == "gaussian"
    assert hundred.mechanisms["x"].kind == "gaussian"


def test_laplace_keeps_as_much_of_a_usual_row() -> None:
    """k equal entries of the L2 norm have the L1 norm sqrt(k) L2."""
    allocation = allocate([Need("x", Fraction(1), Fraction(3), cells=2)], Fraction(1), DELTA)
    mechanism = allocation.mechanisms["x"]
    assert mechanism.kind == "laplace"
    assert mechanism.norm**2 >= 2 * (3 * ONE) ** 2


def test_the_fewest_cells_come_first() -> None:
    """Of equal shares it is never the one with more cells that gets Laplace noise alone."""
    wishes = [Need(f"{k}", Fraction(1), Fraction(2), cells=k) for k in (40, 1, 7, 3, 15)]
    kinds = {int(name): m.kind for name, m in allocate(wishes, Fraction(3), DELTA).mechanisms.items()}
    in_order = [kinds[k] for k in sorted(kinds)]
    assert in_order == sorted(in_order, reverse=True), in_order


def test_what_is_otherwise_is_worse_or_hardly_better() -> None:
    """Laplace noise costs the account so much more that it must be worth it: a tenth of the error at least."""
    for k in range(1, 40, 3):
        found = allocate([Need("x", Fraction(1), Fraction(2), cells=k)], Fraction(1), DELTA)
        laplace = found.mechanisms["x"].kind == "laplace"
        assert found.otherwise["x"] >= (1 + WORTH if laplace else 1 / (1 + WORTH)) * (1 - 1e-9)


def test_bounds_round_down() -> None:
    assert fixed_bound(Fraction(1, 3)) == 341
    assert fixed_bound(Fraction(1, 10**9)) == 1


def test_laplace_costs_half_its_squared_epsilon() -> None:
    mechanism = allocate([Need("r", Fraction(1), Fraction(1), cells=1)], Fraction(1, 2), DELTA).mechanisms["r"]
    assert mechanism.epsilon == Fraction(1, 2)
    assert mechanism.rho == Fraction(1, 8)
    assert exp(float(mechanism.epsilon)) < inf


def test_what_the_account_can_never_pay_is_not_chosen() -> None:
    """Laplace noise at epsilon 3 costs rho 4.5; an account of epsilon 10 holds 1.2."""
    need = Need("residents", Fraction(1), Fraction(1), cells=1)
    cap = rho_for(Fraction(10), DELTA)
    assert allocate([need], Fraction(1), DELTA, cap).mechanisms["residents"].kind == "laplace"
    three = allocate([need], Fraction(3), DELTA, cap)
    assert three.mechanisms["residents"].kind == "gaussian"
    assert three.rho <= cap
    assert allocate([need], Fraction(3), DELTA).mechanisms["residents"].kind == "laplace"


@pytest.mark.parametrize("epsilon", [1, 10, 1000])
def test_a_plan_of_the_whole_cap_can_be_paid(epsilon: int) -> None:
    needs = [Need("a", Fraction(4), Fraction(8)), Need("b", Fraction(1), Fraction(1), cells=1)]
    cap = rho_for(Fraction(epsilon), DELTA)
    assert allocate(needs, Fraction(epsilon), DELTA, cap).rho <= cap
