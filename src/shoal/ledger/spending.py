"""What an account has spent: the sum of its charges, and the same as totals that are kept.

A charge would have to add up all that were before it while its account is locked. So it reads the totals of the few
periods that it touches, and writes the new ones in the statement that writes itself. They are no second truth: `summed`
adds up the charges, as every look at an account does, also the one that each release begins with; and where a total
says otherwise, nothing is answered.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select

from shoal.errors import StateError
from shoal.ledger import tables
from shoal.ledger.arithmetic import by_year, reach
from shoal.ledger.pipe import Rows
from shoal.ledger.request import Request, Standing

Spent = Mapping[date | int, Fraction]
"""rho spent, by account unit (its first day) and by calendar year; of others nothing."""

_t = tables.spent.c
_TOUCHED = {name: bindparam(name, type_=_t.period.type) for name in ("first", "last", "first_year", "last_year")}
KEPT = select(_t.period, _t.rho).where(
    _t.source == bindparam("source"),
    or_(
        _t.period.between(_TOUCHED["first"], _TOUCHED["last"]),
        _t.period.in_([_TOUCHED["first_year"], _TOUCHED["last_year"]]),
    ),
)
"""The totals of all periods that a request may touch, whatever unit its account has; years between come with them."""


def touched(request: Request) -> dict[str, object]:
    """The parameters of `KEPT`."""
    first, last = reach(request.units)
    return {"source": request.source, "first": first, "last": last, "first_year": first.year, "last_year": last.year}


def kept(rows: Iterable[Mapping[str, Any]]) -> Spent:
    """What the rows of `KEPT` say."""
    return {row["period"]: row["rho"] for row in rows}


def after(standing: Standing) -> Rows:
    """The totals of the periods that a charge touches, once it is charged."""
    units = [(unit.start, unit.spent + unit.cost) for unit in standing.units]
    years = [(year.year, year.spent + year.cost) for year in standing.years]
    source = standing.account.source
    rows = [{"source": source, "period": period, "rho": rho} for period, rho in (*units, *years)]
    return Rows(tables.spent, rows, replacing=True)


def summed(connection: Connection, source: str) -> dict[date, Fraction]:
    """What all charges of the account come to, by account unit. Raises `StateError` where a total says otherwise."""
    units = _sums(connection, source)
    stated = connection.execute(select(_t.period, _t.rho).where(_t.source == source))
    if {row.period: row.rho for row in stated} != totals(units):
        raise StateError(
            f"source {source}: the totals that its account keeps are not what its charges come to, so what is left "
            "can't be known; restore the account database from a backup"
        )
    return units


def keep(connection: Connection) -> None:
    """Write the totals of every account, where a layout kept none. Charges that are under way are waited for."""
    sources = connection.execute(select(tables.account.c.source).with_for_update()).scalars().all()
    for source in sources:
        for period, rho in totals(_sums(connection, source)).items():
            connection.execute(insert(tables.spent).values(source=source, period=period, rho=rho))


def totals(units: Mapping[date, Fraction]) -> Spent:
    """With the years in which they begin."""
    return dict([*units.items(), *by_year(units).items()])


def _sums(connection: Connection, source: str) -> dict[date, Fraction]:
    c = tables.cost.c
    units: defaultdict[date, Fraction] = defaultdict(Fraction)
    equal = select(c.start, c.rho, func.count()).where(c.source == source).group_by(c.start, c.rho)
    for start, rho, times in connection.execute(equal):
        units[start] += rho * times
    return dict(units)
