"""Every account, worked out again from the bytes of the log alone by the second accountant of examples/inspection."""

import importlib.util
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from dp_accounting import GaussianDpEvent, LaplaceDpEvent
from dp_accounting.rdp import RdpAccountant
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.errors import RefusedError
from shoal.ledger.accounts import Accounts
from shoal.ledger.journal import Journal
from shoal.ledger.request import AccountStatement, Request
from shoal.plan import Unit
from shoal.privacy.accounting import epsilon_of
from tests.conftest import ROOT
from tests.ledger.requests import request

MEASURES = ("presence", "visits", "flows")
CAP, YEAR = Fraction(1), Fraction(8, 5)
"""Small, so that some charges are refused, by a week or by a year."""


def _second() -> Any:
    """The accountant that knows nothing of Shoal."""
    spec = importlib.util.spec_from_file_location("recount", ROOT / "examples" / "inspection" / "recount.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RECOUNT = _second()


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Around the turn of a year, so that weeks, months and years are crossed."""
    unit: Unit = draw(st.sampled_from(["day", "week", "month"]))
    month = date(2026, draw(st.integers(10, 12)), 1)
    day = date(2026, 12, 14) + timedelta(days=draw(st.integers(0, 24)))
    prices = st.sampled_from([Fraction(1, 70), Fraction(1, 7), Fraction(1, 3), Fraction(22, 7 * 10**9)])
    rho = draw(st.dictionaries(st.sampled_from(MEASURES), prices, min_size=1))
    some = st.sets(st.sampled_from(sorted(rho)))
    return request(
        source=draw(st.sampled_from(["bus", "tram"])),
        unit=unit,
        start=month if unit == "month" else day,
        count=draw(st.integers(1, 3)),
        rho=rho,
        laplace=draw(some),
        apart=draw(some),
        cap_rho=CAP,
        year_rho=YEAR,
        year_epsilon=Fraction(15),
    )


def logged(asked: Sequence[Request]) -> tuple[list[AccountStatement], list[bytes]]:
    """What the accounts say after these requests, refused or not, and the entries of the log that tells of them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        accounts = Accounts.open(f"sqlite:///{folder}/accounts.sqlite")
        for one in asked:
            with suppress(RefusedError):
                accounts.charge(one)
        journal = Journal(accounts.database, folder)
        journal.publish()
        return accounts.statement(), entries(journal.folder)


def entries(log: Path) -> list[bytes]:
    """By hand, from the log's files: each entry after its length. Fewer than 256, so one bundle holds them all."""
    size = int((log / "checkpoint").read_text().split("\n")[1])
    data, found = (log / f"tile/entries/000.p/{size}").read_bytes() if size else b"", []
    while data:
        length = int.from_bytes(data[:2], "big")
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    assert len(found) == size < 256
    return found


def recounted(log: Sequence[bytes]) -> Any:
    return RECOUNT.accounts(map(json.loads, log))


def stated(statements: Sequence[AccountStatement]) -> dict[str, Any]:
    """`Accounts.statement` in the second accountant's words."""
    return {
        s.account.source: {
            "cap": s.account.cap_rho,
            "year": s.account.year_rho,
            "units": {str(unit.start): (unit.spent, unit.left) for unit in s.units},
            "years": {year.year: (year.spent, year.left) for year in s.years},
            "charges": sorted(charge.charge for charge in s.charges),
        }
        for s in statements
    }


def charge_in(log: Sequence[bytes], number: int) -> tuple[int, Any]:
    """Place and content of a charge of the log."""
    charges = [(n, json.loads(data)) for n, data in enumerate(log) if json.loads(data)["kind"] == "charge"]
    return charges[number % len(charges)]


@settings(max_examples=20)
@given(asked=st.lists(requests(), min_size=1, max_size=8))
def test_the_log_alone_comes_to_what_the_accounts_say(asked: list[Request]) -> None:
    statements, log = logged(asked)
    assert recounted(log) == stated(statements)
    assert all(RECOUNT.entry_bytes(json.loads(data)) == data for data in log)


FULL = [
    request(rho={"presence": Fraction(1, 7), "flows": Fraction(1, 70)}, laplace={"flows"}, cap_rho=CAP, year_rho=YEAR),
    request(rho=Fraction(1, 3), apart={"presence"}, start=date(2026, 3, 4), cap_rho=CAP, year_rho=YEAR),
    request(rho=Fraction(1, 2), cap_rho=CAP, year_rho=YEAR),  # too much for the week
    request(rho=Fraction(9, 10), start=date(2026, 6, 1), cap_rho=CAP, year_rho=YEAR),  # too much for the year
    request(rho=Fraction(1, 100), start=date(2026, 6, 1), cap_rho=CAP, year_rho=YEAR),
]


def test_weeks_and_years_refuse_and_the_log_agrees() -> None:
    statements, log = logged(FULL)
    (account,) = recounted(log).values()
    assert len(account["charges"]) == 3
    first = Fraction(1, 7) + Fraction(1, 70) + 2 * Fraction(1, 3)  # a week from Wednesday changes both weeks' rows
    expected = {"2026-03-02": first, "2026-03-09": 2 * Fraction(1, 3), "2026-06-01": Fraction(1, 100)}
    assert {start: spent for start, (spent, _) in account["units"].items()} == expected
    assert account["years"] == {2026: (sum(expected.values()), YEAR - sum(expected.values()))}
    assert recounted(log) == stated(statements)


@pytest.mark.parametrize("number", range(3))
def test_a_cost_that_is_missing_in_an_entry_is_found(number: int) -> None:
    """Seeded bug."""
    _, log = logged(FULL)
    place, charge = charge_in(log, number)
    charge["costs"].pop()
    log[place] = RECOUNT.entry_bytes(charge)
    with pytest.raises(RECOUNT.WrongError, match="other costs"):
        recounted(log)


@pytest.mark.parametrize("number", range(3))
def test_a_charge_that_is_missing_in_the_log_is_found(number: int) -> None:
    """Seeded bug: what the log comes to is less than what the accounts say."""
    statements, log = logged(FULL)
    del log[charge_in(log, number)[0]]
    assert recounted(log) != stated(statements)


@pytest.mark.parametrize(("term", "words"), [("cap_rho", "the unit 2026-03-02"), ("year_rho", "the year 2026")])
def test_a_charge_above_the_cap_is_found(term: str, words: str) -> None:
    """Seeded bug: accounts that do not refuse."""
    _, log = logged(FULL)
    account = json.loads(log[0])
    log[0] = RECOUNT.entry_bytes(account | {term: "1/2"})
    with pytest.raises(RECOUNT.WrongError, match=words):
        recounted(log)


def test_an_account_that_is_opened_twice_or_never_is_found() -> None:
    _, log = logged(FULL)
    with pytest.raises(RECOUNT.WrongError, match="opened twice"):
        recounted([log[0], *log])
    with pytest.raises(RECOUNT.WrongError, match="never opened"):
        recounted(log[1:])


DELTA = Fraction(1, 10**8)
ORDERS = [1 + 1.02**i / 1e4 for i in range(1200)]


@pytest.mark.parametrize("laplace", [False, True], ids=["gaussian", "and laplace"])
def test_dp_accounting_composes_the_same_loss(laplace: bool) -> None:
    """Of one week: every noise that a device of it meets, as another library composes them.

    Presence has cells of its own: seven days are seven draws. Flows share theirs: seven rows move one draw by seven.
    """
    rho, days = {"presence": Fraction(1, 5000), "flows": Fraction(1, 9000)}, 7
    kinds = {"flows"} if laplace else set[str]()
    asked = request(unit="day", count=days, rho=rho, apart={"presence"}, laplace=kinds, cap_rho=CAP)
    week = request(rho=Fraction(1, 10**4), cap_rho=CAP)
    _, log = logged([week, asked])
    (account,) = recounted(log).values()
    spent, _ = account["units"]["2026-03-02"]
    accountant = RdpAccountant(orders=ORDERS)
    accountant.compose(GaussianDpEvent(1 / math.sqrt(2 * week.rho["presence"])))
    accountant.compose(GaussianDpEvent(1 / math.sqrt(2 * rho["presence"])), days)
    if laplace:
        accountant.compose(LaplaceDpEvent(1 / (days * math.sqrt(2 * rho["flows"]))))
    else:
        accountant.compose(GaussianDpEvent(1 / (days * math.sqrt(2 * rho["flows"]))))
    theirs, ours = accountant.get_epsilon(float(DELTA)), epsilon_of(spent, DELTA)
    assert theirs <= ours * (1 + 1e-3)
    assert theirs > ours * (0.5 if laplace else 0.999)  # of Laplace noise zCDP says too much
