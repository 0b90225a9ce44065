"""What is worked out before an account is locked is what is charged, and nothing secret is told."""

from fractions import Fraction

from shoal.ledger import tables
from shoal.ledger.arithmetic import costs
from shoal.ledger.bill import Bill
from shoal.ledger.entries import ChargeEntry, Entries
from tests.ledger.requests import request

ASKED = request(unit="day", count=9, rho={"presence": Fraction(1, 7), "flows": Fraction(1, 9)}, key="ab" * 32)


def test_tables_and_entry_say_the_same_costs_by_the_accounts_unit() -> None:
    bill = Bill.of("c" * 16, ASKED, "week")
    rows = {part.table: part.rows for part in bill.rows()}
    entry = Entries.parse(bill.told[0]["entry"].encode())
    assert isinstance(entry, ChargeEntry)
    assert len(bill.cost) == 2 and bill.cost == costs("week", ASKED.units, ASKED.prices())
    assert bill.cost != Bill.of("c" * 16, ASKED, "day").cost
    assert {row["start"]: row["rho"] for row in rows[tables.cost]} == bill.cost
    assert {cost.start: Fraction(cost.rho) for cost in entry.costs} == bill.cost
    assert {row["statistic"]: row["rho"] for row in rows[tables.paid]} == ASKED.rho
    assert {name: Fraction(drawn.rho) for name, drawn in entry.measures.items()} == ASKED.rho


def test_the_key_stands_in_the_charge_and_is_not_told() -> None:
    bill = Bill.of("c" * 16, ASKED, "week")
    assert [part.table for part in bill.rows() if ASKED.key in str(part.rows)] == [tables.charge]
    assert ASKED.key not in str(bill.told)
