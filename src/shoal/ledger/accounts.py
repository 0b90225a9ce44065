"""Budget accounts: what each source has left in each unit, and the one way to be paid.

Charge first, then draw: `charge` commits before it hands out a `Paid`, so a crash may waste budget but never hides
that it was used. What is spent is summed anew from the charges each time; there is no balance that could drift.
"""

import secrets
from collections import defaultdict
from dataclasses import asdict
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, Self

from sqlalchemy import URL, Connection, Row, insert, select, update

from shoal.ledger import tables
from shoal.ledger.arithmetic import costs
from shoal.ledger.database import Database
from shoal.ledger.refusals import refuse_other_terms, refuse_overspending
from shoal.ledger.request import (
    Account,
    AccountStatement,
    ChargeStatement,
    Request,
    Standing,
    UnitStanding,
    UnitStatement,
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

    def check(self, request: Request) -> Standing:
        """What `request` would cost and leave. Charges nothing, raises what `charge` would."""
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
            account = _lock_account(connection, _new_account(request))
            standing = _standing(connection, account, request)
            row = {"charge": charge, "source": request.source}
            head = {"time": _now(), "plan_digest": request.plan_digest, "key": request.key}
            connection.execute(insert(tables.charge).values(**row, **head))
            connection.execute(
                insert(tables.paid), [{"charge": charge, "statistic": s, "rho": rho} for s, rho in request.rho.items()]
            )
            connection.execute(
                insert(tables.cost), [{**row, "start": unit.start, "rho": unit.cost} for unit in standing.units]
            )
        return mint(charge, request.rho)  # only now: the transaction above is committed

    def released(self, charge: str, release: str) -> None:
        """Note that what `charge` paid for was published as `release`. Saying the same twice is fine."""
        where = tables.charge.c.charge == charge
        with self._database.writing() as connection:
            free = where & (tables.charge.c.release.is_(None) | (tables.charge.c.release == release))
            if connection.execute(update(tables.charge).where(free).values(release=release)).rowcount != 1:
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
    """The request against the account (None: it would be opened). Raises `RefusedError` and `BudgetError`."""
    opened, account = account is not None, account or _new_account(request)
    refuse_other_terms(account, request)
    cost = costs(account.unit, request.units, request.prices())
    spent = _spent(connection, account, min(cost), max(cost))
    units = tuple(
        UnitStanding(start, next_unit(start, account.unit), spent[start], rho, account.cap_rho - spent[start] - rho)
        for start, rho in cost.items()
    )
    standing = Standing(account, opened, units)
    refuse_overspending(standing)
    return standing


def _new_account(request: Request) -> Account:
    return Account(
        source=request.source,
        timezone=request.timezone,
        unit=request.unit,
        synthetic=request.synthetic,
        cap_rho=request.cap_rho,
        cap_epsilon=request.cap_epsilon,
        cap_delta=request.cap_delta,
        created=_now(),
    )


def _lock_account(connection: Connection, new: Account) -> Account:
    """Lock the source's account until the transaction ends, opening it as `new` where there is none.

    SQLite is locked as a whole already. On PostgreSQL a second opener waits in the insert, any other in the select.
    """
    dialect: Any
    if connection.dialect.name == "postgresql":  # only the one that is used: each takes its time to load
        from sqlalchemy.dialects import postgresql as dialect
    else:
        from sqlalchemy.dialects import sqlite as dialect
    connection.execute(dialect.insert(tables.account).values(**asdict(new)).on_conflict_do_nothing())
    locked = select(tables.account).where(tables.account.c.source == new.source).with_for_update()
    return Account(**connection.execute(locked).one()._mapping)


def _account(connection: Connection, source: str) -> Account | None:
    row: Row[Any] | None = connection.execute(select(tables.account).where(tables.account.c.source == source)).first()
    return None if row is None else Account(**row._mapping)


def _spent(
    connection: Connection, account: Account, first: date = date.min, last: date = date.max
) -> defaultdict[date, Fraction]:
    """rho spent in each account unit that begins from `first` to `last`, by its first day."""
    spent: defaultdict[date, Fraction] = defaultdict(Fraction)
    chosen = (tables.cost.c.source == account.source) & tables.cost.c.start.between(first, last)
    for start, rho in connection.execute(select(tables.cost.c.start, tables.cost.c.rho).where(chosen)):
        spent[start] += rho
    return spent


def _statement(connection: Connection, account: Account) -> AccountStatement:
    paid: defaultdict[str, dict[str, Fraction]] = defaultdict(dict)
    of_source = tables.charge.c.source == account.source
    columns = (tables.paid.c.charge, tables.paid.c.statistic, tables.paid.c.rho)
    for charge, statistic, rho in connection.execute(select(*columns).join(tables.charge).where(of_source)):
        paid[charge][statistic] = rho
    charges = connection.execute(
        select(tables.charge).where(of_source).order_by(tables.charge.c.time, tables.charge.c.charge)
    )
    return AccountStatement(
        account,
        tuple(
            UnitStatement(start, next_unit(start, account.unit), spent, account.cap_rho - spent)
            for start, spent in sorted(_spent(connection, account).items())
        ),
        tuple(ChargeStatement(c.charge, c.time, c.plan_digest, paid[c.charge], c.release) for c in charges),
    )


def _now() -> datetime:
    return datetime.now(UTC)
