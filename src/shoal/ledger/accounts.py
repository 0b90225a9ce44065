"""Budget accounts: what each source has left in each unit, and the one way to be paid.

Charge first, then draw: `charge` commits before it hands out a `Paid`, so a crash may waste budget but never hides
that it was used. What is spent is summed anew from the charges each time; there is no balance that could drift. The
entry for the public log is written in the same transaction (`outbox`).
"""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, Self

from sqlalchemy import URL, Connection, Row, func, insert, select, update

from shoal.ledger import outbox, tables
from shoal.ledger.arithmetic import costs
from shoal.ledger.database import Database
from shoal.ledger.entries import AccountEntry, ChargeEntry, Cost, Drawn, ReleaseEntry
from shoal.ledger.refusals import refuse_other_terms, refuse_overspending
from shoal.ledger.request import (
    Account,
    AccountStatement,
    ChargeStatement,
    Request,
    Standing,
    UnitStanding,
    UnitStatement,
    YearStanding,
    YearStatement,
)
from shoal.plan import next_unit
from shoal.privacy._mint import mint
from shoal.privacy.budget import Paid


class Accounts:
    """The accounts in one database. Each call is one transaction; safe to share between threads and across forks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, url: str | URL, *, wait: float = 30) -> Self:
        """Open the accounts at `url`, making the tables where there are none.

        url   sqlite:///path/to/file, or postgresql://user:password@host/database (needs the extra `postgresql`)
        wait  seconds to wait for another process's lock

        Raises `UsageError` for another kind of URL, `StateError` where the database can't be used; neither shows a
        password. Every method below raises `StateError` too.
        """
        return cls(Database(url, wait=wait))

    @property
    def database(self) -> Database:
        """Where they stand."""
        return self._database

    def check(self, request: Request) -> Standing:
        """What `request` would cost and leave. Charges nothing, raises what `charge` would."""
        standing = self.standing(request)
        refuse_overspending(standing)
        return standing

    def standing(self, request: Request) -> Standing:
        """The same where the account has too little left: `left` is negative then. Raises `RefusedError` only."""
        with self._database.reading() as connection:
            return _standing(connection, _account(connection, request.source), request)

    def charge(self, request: Request) -> Paid:
        """Charge `request` in one transaction; the account is opened by its first charge.

        Raises `BudgetError` where some unit has too little left, `RefusedError` where the plan differs from what was
        fixed at first (time zone, unit, cap, synthetic). A refused or failed charge changes nothing, or, where the
        database fails at the very end, wastes budget.
        """
        if not request.key:
            raise ValueError("a request is charged only when its records are known: `key` is empty")
        charge = secrets.token_hex(8)
        with self._database.writing() as connection:
            account, is_new = _lock_account(connection, _new_account(request))
            standing = _standing(connection, account, request)
            refuse_overspending(standing)
            row = {"charge": charge, "source": request.source}
            head = {"time": _now(), "plan_digest": request.plan_digest, "key": request.key}
            connection.execute(insert(tables.charge), row | head)
            connection.execute(
                insert(tables.paid), [{"charge": charge, "statistic": s, "rho": rho} for s, rho in request.rho.items()]
            )
            connection.execute(
                insert(tables.cost), [{**row, "start": unit.start, "rho": unit.cost} for unit in standing.units]
            )
            if is_new:
                outbox.note(connection, _account_entry(account))
            outbox.note(connection, _charge_entry(charge, request, standing))
        return mint(charge, request.rho)  # only now: the transaction above is committed

    def released(self, charge: str, release: str, manifest_sha256: str) -> None:
        """Note, here and for the log, that `charge` paid for `release`. Saying the same twice is fine."""
        c = tables.charge.c
        with self._database.writing() as connection:
            free = (c.charge == charge) & c.release.is_(None)
            if connection.execute(update(tables.charge).where(free).values(release=release)).rowcount == 1:
                source, plan = connection.execute(select(c.source, c.plan_digest).where(c.charge == charge)).one()
                entry = ReleaseEntry(release=release, source=source, charge=charge, plan_sha256=plan,
                                     manifest_sha256=manifest_sha256)  # fmt: skip
                outbox.note(connection, entry)
            elif connection.execute(select(c.release).where(c.charge == charge)).scalar() != release:
                raise ValueError(f"charge {charge} does not exist or paid for another release")

    def find(self, key: str) -> str | None:
        """Id of the first finished release with this key, if there is one."""
        of_key = (tables.charge.c.key == key) & tables.charge.c.release.is_not(None)
        query = select(tables.charge.c.release).where(of_key).order_by(tables.charge.c.time, tables.charge.c.charge)
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).scalar()

    def knows(self, plan_digest: str) -> bool:
        """Was anything ever charged for the plan with this `Plan.digest`? If not, no `find` can know a key of it."""
        query = select(tables.charge.c.charge).where(tables.charge.c.plan_digest == plan_digest)
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def statement(self) -> list[AccountStatement]:
        """Every account by name of its source: what is left in each unit, and the charges that spent it."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tables.account).order_by(tables.account.c.source)).all()
            return [_statement(connection, Account(**row._mapping)) for row in rows]


def _standing(connection: Connection, account: Account | None, request: Request) -> Standing:
    """The request against the account (None: it would be opened). Raises `RefusedError` for other terms."""
    opened, account = account is not None, account or _new_account(request)
    refuse_other_terms(account, request)
    cost = costs(account.unit, request.units, request.prices())
    years: defaultdict[int, Fraction] = defaultdict(Fraction)
    for start, rho in cost.items():
        years[start.year] += rho
    spent = _spent(connection, account, date(min(years), 1, 1), date(max(years), 12, 31))
    units = tuple(
        UnitStanding(start, next_unit(start, account.unit), spent[start], rho, account.cap_rho - spent[start] - rho)
        for start, rho in cost.items()
    )
    of_years = _by_year(spent)
    standings = (YearStanding(year, of_years[year], rho, account.year_rho - of_years[year] - rho)
                 for year, rho in sorted(years.items()))  # fmt: skip
    return Standing(account, opened, units, tuple(standings))


def _new_account(request: Request) -> Account:
    return Account(
        source=request.source,
        timezone=request.timezone,
        unit=request.unit,
        synthetic=request.synthetic,
        cap_rho=request.cap_rho,
        cap_epsilon=request.cap_epsilon,
        cap_delta=request.cap_delta,
        year_rho=request.year_rho,
        year_epsilon=request.year_epsilon,
        created=_now(),
    )


def _account_entry(account: Account) -> AccountEntry:
    return AccountEntry(
        source=account.source,
        timezone=account.timezone,
        unit=account.unit,
        synthetic=account.synthetic,
        cap_epsilon=str(account.cap_epsilon),
        cap_delta=str(account.cap_delta),
        cap_rho=str(account.cap_rho),
        year_rho=str(account.year_rho),
    )


def _charge_entry(charge: str, request: Request, standing: Standing) -> ChargeEntry:
    drawn = {
        name: Drawn(
            rho=str(rho), noise="laplace" if name in request.laplace else "gaussian", apart=name in request.apart
        )
        for name, rho in request.rho.items()
    }
    return ChargeEntry(
        charge=charge,
        source=request.source,
        plan_sha256=request.plan_digest,
        unit=request.unit,
        units=request.units,
        measures=drawn,
        costs=tuple(Cost(start=unit.start, rho=str(unit.cost)) for unit in standing.units),
    )


def _lock_account(connection: Connection, new: Account) -> tuple[Account, bool]:
    """Lock the source's account until the transaction ends, opening it as `new` where there is none; was there none?

    SQLite is locked as a whole already. On PostgreSQL a second opener waits in the insert, any other in the select.
    """
    locked = select(tables.account).where(tables.account.c.source == new.source).with_for_update()
    if (row := connection.execute(locked).first()) is not None:
        return Account(**row._mapping), False
    dialect: Any
    if connection.dialect.name == "postgresql":  # only the one that is used: each takes its time to load
        from sqlalchemy.dialects import postgresql as dialect
    else:
        from sqlalchemy.dialects import sqlite as dialect
    opening = dialect.insert(tables.account).values(**asdict(new)).on_conflict_do_nothing()
    is_new = connection.execute(opening.returning(tables.account.c.source)).first() is not None
    return Account(**connection.execute(locked).one()._mapping), is_new


def _account(connection: Connection, source: str) -> Account | None:
    row: Row[Any] | None = connection.execute(select(tables.account).where(tables.account.c.source == source)).first()
    return None if row is None else Account(**row._mapping)


def _spent(
    connection: Connection, account: Account, first: date = date.min, last: date = date.max
) -> defaultdict[date, Fraction]:
    """rho spent in each account unit that begins from `first` to `last`, by its first day."""
    spent: defaultdict[date, Fraction] = defaultdict(Fraction)
    c = tables.cost.c
    chosen = (c.source == account.source) & c.start.between(first, last)
    # One row for costs that are equal, as they often are: this is asked again for every charge.
    equal = select(c.start, c.rho, func.count()).where(chosen).group_by(c.start, c.rho)
    for start, rho, times in connection.execute(equal):
        spent[start] += rho * times
    return spent


def _by_year(spent: Mapping[date, Fraction]) -> defaultdict[int, Fraction]:
    years: defaultdict[int, Fraction] = defaultdict(Fraction)
    for start, rho in spent.items():
        years[start.year] += rho
    return years


def _statement(connection: Connection, account: Account) -> AccountStatement:
    paid: defaultdict[str, dict[str, Fraction]] = defaultdict(dict)
    of_source = tables.charge.c.source == account.source
    columns = (tables.paid.c.charge, tables.paid.c.statistic, tables.paid.c.rho)
    for charge, statistic, rho in connection.execute(select(*columns).join(tables.charge).where(of_source)):
        paid[charge][statistic] = rho
    charges = connection.execute(
        select(tables.charge).where(of_source).order_by(tables.charge.c.time, tables.charge.c.charge)
    )
    spent = _spent(connection, account)
    return AccountStatement(
        account,
        tuple(
            UnitStatement(start, next_unit(start, account.unit), rho, account.cap_rho - rho)
            for start, rho in sorted(spent.items())
        ),
        tuple(YearStatement(year, rho, account.year_rho - rho) for year, rho in sorted(_by_year(spent).items())),
        tuple(ChargeStatement(c.charge, c.time, c.plan_digest, paid[c.charge], c.release) for c in charges),
    )


def _now() -> datetime:
    return datetime.now(UTC)
