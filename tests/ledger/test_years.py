"""The cap of a calendar year: all units that begin in it together, over all plans."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from shoal.errors import BudgetError, RefusedError
from shoal.ledger.accounts import Accounts
from tests.ledger.requests import request

DEC = date(2026, 12, 14)  # a Monday; the weeks from here begin on 14, 21, 28 December, 4 January
CAP: dict[str, Any] = {"year_rho": Fraction(3, 2), "cap_rho": Fraction(1)}


def test_spent_to_the_last_fraction(accounts: Accounts) -> None:
    for week in range(3):
        accounts.charge(request(start=DEC + timedelta(weeks=week), rho=Fraction(1, 2), **CAP))
    with pytest.raises(BudgetError) as refusal:
        accounts.charge(request(start=date(2026, 3, 2), rho=Fraction(1, 10**9), **CAP))
    assert str(refusal.value) == (
        "source ride-app: the year 2026 has rho 0 left of 1.5 for all its weeks together and this plan needs "
        "0.000000001; lower [privacy] epsilon, choose a shorter period or another year"
    )
    accounts.charge(request(start=date(2027, 1, 4), rho=Fraction(1), **CAP))  # another year


def test_a_week_belongs_to_the_year_it_begins_in(accounts: Accounts) -> None:
    accounts.charge(request(start=date(2026, 12, 28), rho=Fraction(1, 2), **CAP))  # ends in 2027
    (statement,) = accounts.statement()
    assert [(year.year, year.spent, year.left) for year in statement.years] == [(2026, Fraction(1, 2), Fraction(1))]


def test_a_plan_over_new_year_pays_in_both(accounts: Accounts) -> None:
    standing = accounts.standing(request(start=DEC, count=4, rho=Fraction(1, 2), apart=["presence"], **CAP))
    assert [(y.year, y.cost, y.left) for y in standing.years] == [
        (2026, Fraction(3, 2), Fraction(0)),
        (2027, Fraction(1, 2), Fraction(1)),
    ]
    assert standing.enough
    again = accounts.standing(request(start=DEC, count=4, rho=Fraction(6, 10), **CAP))
    assert not again.enough and min(year.left for year in again.years) < 0  # each week would do, the year not


def test_the_cap_is_fixed_at_first(accounts: Accounts) -> None:
    accounts.charge(request(year_epsilon=Fraction(20), **CAP))
    with pytest.raises(RefusedError, match=r"epsilon 20 a year and this plan says 30; set .source. year_cap = 20"):
        accounts.charge(request(year_epsilon=Fraction(30), **CAP))
    with pytest.raises(RefusedError, match=r"this plan says none; set .source. year_cap = 20"):
        accounts.charge(request(**CAP))


def test_a_cap_that_comes_late(accounts: Accounts) -> None:
    accounts.charge(request(**CAP))
    with pytest.raises(RefusedError, match=r"without a cap for a year and .* says one; remove .source. year_cap"):
        accounts.charge(request(year_epsilon=Fraction(30), **CAP))
