"""The account against a model of it, over long random histories."""

import shutil
import tempfile
from collections.abc import Hashable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shoal.errors import BudgetError, RefusedError
from shoal.ledger.accounts import Accounts
from shoal.ledger.arithmetic import LENGTH
from shoal.ledger.request import Request
from shoal.plan import Unit
from tests.ledger import naive
from tests.ledger.requests import SHA, request

STATISTICS = ["presence", "flows"]
YEAR = Fraction(3, 2)
"""What all units of a year may cost: two of them, spent in full, are too many."""
SETTINGS = settings(max_examples=30, stateful_step_count=15)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    unit: Unit = draw(st.sampled_from(list(LENGTH)))
    start = date(2026, 12, 1) if unit == "month" else date(2026, 12, 21) + timedelta(days=draw(st.integers(0, 9)))
    return request(
        source=draw(st.sampled_from(["bus", "tram"])),
        unit=unit,
        start=start,
        count=draw(st.integers(1, 3)),
        rho=draw(
            st.dictionaries(
                st.sampled_from(STATISTICS),
                st.sampled_from([Fraction(1, 70), Fraction(1, 7), Fraction(1, 3)]),
                min_size=1,
            )
        ),
        cap=draw(st.sampled_from([Fraction(10)] * 5 + [Fraction(5)])),
        synthetic=draw(st.sampled_from([False] * 5 + [True])),
        key=draw(st.sampled_from(["aa", "bb", "cc"])),
        year_rho=YEAR,
    )


class Ledger(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.url = f"sqlite:///{self.folder}/accounts.sqlite"
        self.accounts = Accounts.open(self.url)
        self.first: dict[str, Request] = {}
        self.spent: dict[str, dict[Hashable, Fraction]] = {}
        self.charges: list[tuple[str, str]] = []  # (charge, key), unreleased
        self.releases: dict[str, str] = {}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(data=st.data(), asked=requests(), only_check=st.sampled_from([False, False, True]))
    def charge(self, data: st.DataObject, asked: Request, only_check: bool) -> None:
        names = st.sets(st.sampled_from(sorted(asked.rho)))
        laplace, apart = data.draw(names), data.draw(names)
        asked = _with(asked, laplace=frozenset(laplace), apart=frozenset(apart))
        first = self.first.get(asked.source, asked)
        cost = naive.costs(first.unit, asked.units, asked.rho, laplace, apart)
        spent = self.spent.get(asked.source, {})
        before = self.accounts.statement()
        try:
            paid = self.accounts.check(asked) if only_check else self.accounts.charge(asked)
        except BudgetError:
            over_unit = any(spent.get(unit, 0) + rho > 1 for unit, rho in cost.items())
            assert over_unit or max(_years(first.unit, spent, cost).values()) > YEAR
        except RefusedError:
            same = (asked.synthetic, asked.cap_epsilon) == (first.synthetic, first.cap_epsilon)
            assert not same or LENGTH[asked.unit] > LENGTH[first.unit]
        else:
            assert (asked.synthetic, asked.cap_epsilon) == (first.synthetic, first.cap_epsilon)
            assert LENGTH[asked.unit] <= LENGTH[first.unit]
            assert all(spent.get(unit, 0) + rho <= 1 for unit, rho in cost.items())
            assert max(_years(first.unit, spent, cost).values()) <= YEAR
            if not only_check:
                self.first[asked.source] = first
                self.spent[asked.source] = spent | {unit: spent.get(unit, Fraction(0)) + cost[unit] for unit in cost}
                self.charges.append((paid.charge, asked.key))  # type: ignore[union-attr]
                return
        assert self.accounts.statement() == before

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.charges:
            place = data.draw(st.integers(0, len(self.charges) - 1))
            charge, key = self.charges.pop(place)
            self.accounts.released(charge, f"2026-03-02-{charge}", SHA)
            self.releases[charge] = key

    @rule()
    def restart(self) -> None:
        self.accounts = Accounts.open(self.url)

    @invariant()
    def account_is_the_model(self) -> None:
        statements = {statement.account.source: statement for statement in self.accounts.statement()}
        assert statements.keys() == self.first.keys()
        for source, statement in statements.items():
            account = statement.account
            assert account.unit == self.first[source].unit
            found = {naive.label(account.unit, unit.start): unit.spent for unit in statement.units}
            assert found == self.spent[source]
            assert all(unit.spent + unit.left == 1 and unit.left >= 0 for unit in statement.units)
            of_years = {year.year: year.spent for year in statement.years}
            assert of_years == _years(account.unit, self.spent[source])
            assert all(year.spent + year.left == YEAR and year.left >= 0 for year in statement.years)

    @invariant()
    def first_release_is_found(self) -> None:
        order = [c for statement in self.accounts.statement() for c in statement.charges if c.release]
        for key in ("aa", "bb", "cc"):
            of_key = [c for c in order if self.releases[c.charge] == key]
            first = min(of_key, key=lambda c: c.time).release if of_key else None
            assert self.accounts.find(key) == first


def _years(unit: Unit, *costs: dict[Hashable, Fraction]) -> dict[int, Fraction]:
    """rho by the calendar year in which the units begin."""
    found: dict[int, Fraction] = {}
    for cost in costs:
        for name, rho in cost.items():
            found[naive.year(unit, name)] = found.get(naive.year(unit, name), Fraction(0)) + rho
    return found


def _with(asked: Request, **changes: Any) -> Request:
    return Request(**{**vars(asked), **changes})


TestLedger = Ledger.TestCase
TestLedger.settings = SETTINGS
