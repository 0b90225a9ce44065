"""The totals that are kept: they are the sum of the charges, or nothing is answered."""

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text

from shoal.errors import BudgetError, StateError
from shoal.ledger import spending
from shoal.ledger.accounts import Accounts
from tests.ledger.requests import MONDAY, request

OLD = ("DROP TABLE shoal_spent", "UPDATE shoal_schema SET version = 2")
"""Makes of a database what the layout before the totals was."""


def run(accounts: Accounts, *statements: str) -> None:
    with accounts.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))


def kept(accounts: Accounts, source: str = "ride-app") -> dict[str, str]:
    with accounts.database.reading() as connection:
        rows = connection.execute(text(f"SELECT period, rho FROM shoal_spent WHERE source = '{source}'"))
        return {row.period: row.rho for row in rows}


def test_totals_are_exact_by_unit_and_by_year(accounts: Accounts) -> None:
    """Weeks around the turn of a year: the one that begins in 2026 is 2026's, whole."""
    for rho in (Fraction(1, 3), Fraction(1, 7)):
        accounts.charge(request(start=date(2026, 12, 28), count=2, rho=rho))
    accounts.charge(request(source="other"))
    assert kept(accounts) == {"2026-12-28": "10/21", "2027-01-04": "10/21", "2026": "10/21", "2027": "10/21"}


def test_a_refused_charge_changes_no_total(accounts: Accounts) -> None:
    accounts.charge(request(rho=Fraction(2, 3)))
    before = kept(accounts)
    with pytest.raises(BudgetError):
        accounts.charge(request(start=MONDAY - timedelta(weeks=1), count=2, rho=Fraction(2, 3)))
    assert kept(accounts) == before


@pytest.mark.parametrize("ask", [Accounts.check, Accounts.standing, lambda a, _: a.statement()])
@pytest.mark.parametrize(
    "drift",
    [
        "UPDATE shoal_spent SET rho = '1/11' WHERE period = '2026-03-02'",
        "UPDATE shoal_spent SET rho = '2/10' WHERE period = '2026'",
        "DELETE FROM shoal_spent WHERE period = '2026-03-02'",
        "DELETE FROM shoal_spent",
        "INSERT INTO shoal_spent VALUES ('ride-app', '2025', '1/10')",
        "UPDATE shoal_cost SET rho = '2/10'",
        "DELETE FROM shoal_cost",
    ],
)
def test_a_total_that_is_not_the_sum_answers_nothing(
    accounts: Accounts, drift: str, ask: Callable[[Accounts, object], object]
) -> None:
    accounts.charge(request())
    ask(accounts, request())
    run(accounts, drift)
    with pytest.raises(StateError, match="not what its charges come to, so what is left can't be known; restore"):
        ask(accounts, request())


def test_another_account_is_not_touched_by_it(accounts: Accounts) -> None:
    accounts.charge(request())
    accounts.charge(request(source="other"))
    run(accounts, "DELETE FROM shoal_spent WHERE source = 'other'")
    assert accounts.check(request()).opened


def test_the_layout_without_totals_is_taken_over(url: str) -> None:
    old = Accounts.open(url)
    for rho in (Fraction(1, 3), Fraction(1, 7)):
        old.charge(request(rho=rho))
    old.charge(request(start=date(2026, 12, 28), count=2))
    old.charge(request(source="other"))
    before, totals = old.statement(), kept(old)
    run(old, *OLD)
    new = Accounts.open(url)
    assert new.statement() == before
    assert kept(new) == totals
    with pytest.raises(BudgetError):
        new.charge(request(rho=Fraction(12, 21)))
    new.charge(request(rho=Fraction(11, 21)))
    assert Accounts.open(url).statement()[1].units[0].left == 0


def test_a_layout_that_is_taken_over_without_its_totals_would_be_seen(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded bug."""
    old = Accounts.open(url)
    old.charge(request())
    run(old, *OLD)
    monkeypatch.setattr(spending, "keep", lambda _: None)
    with pytest.raises(StateError, match="not what its charges come to"):
        Accounts.open(url).statement()
