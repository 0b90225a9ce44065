"""Budget accounts: what each source has left in each unit, and the one way to be paid.

Charge first, then draw: `charge` commits before it hands out a `Paid`, so a crash may waste budget but never hides
that it was used. What is spent is the sum of the charges; totals of it are kept and may not differ (`spending`). The
entry for the public log is written in the same transaction (`outbox`).
"""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Self

from sqlalchemy import URL, Connection, bindparam, select, update

from shoal.ledger import outbox, spending, tables
from shoal.ledger.arithmetic import by_year, costs
from shoal.ledger.bill import Bill
from shoal.ledger.database import Database
from shoal.ledger.entries import AccountEntry, ReleaseEntry
from shoal.ledger.pipe import Pipe, Rows
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
from shoal.ledger.spending import Spent
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
            account = _account(connection, request.source)
            spent = spending.totals(spending.summed(connection, request.source))
        opened, account = account is not None, account or _new_account(request)
        cost = costs(account.unit, request.units, request.prices())
        return _standing(account, spent, request, cost, opened=opened)

    def charge(self, request: Request) -> Paid:
        """Charge `request` in one transaction; the account is opened by its first charge.

        Raises `BudgetError` where some unit has too little left, `RefusedError` where the plan differs from what was
        fixed at first (time zone, unit, cap, synthetic). A refused or failed charge changes nothing, or, where the
        database fails at the very end, wastes budget.
        """
        if not request.key:
            raise ValueError("a request is charged only when its records are known: `key` is empty")
        charge = secrets.token_hex(8)
        bill = Bill.of(charge, request, request.unit)  # before others have to wait for us
        with self._database.pipe() as pipe:
            account, spent, is_new = _lock_account(pipe, request)
            if is_new or account.unit != bill.unit:
                bill = Bill.of(charge, request, account.unit)
            standing = _standing(account, spent, request, bill.cost, opened=not is_new)
            refuse_overspending(standing)
            opening = outbox.rows(_account_entry(account)) if is_new else []
            pipe.write(*bill.rows(), spending.after(standing), Rows(tables.event, [*opening, *bill.told]))
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


def _standing(
    account: Account, spent: Spent, request: Request, cost: Mapping[date, Fraction], *, opened: bool
) -> Standing:
    """The request, and what it costs, against the account and what is spent. Raises `RefusedError` for other terms."""
    refuse_other_terms(account, request)
    nothing = Fraction(0)
    units = (
        UnitStanding(start, next_unit(start, account.unit), before, rho, account.cap_rho - before - rho)
        for start, rho in cost.items()
        for before in [spent.get(start, nothing)]
    )
    years = (
        YearStanding(year, before, rho, account.year_rho - before - rho)
        for year, rho in by_year(cost).items()
        for before in [spent.get(year, nothing)]
    )
    return Standing(account, opened, tuple(units), tuple(years))


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


_ACCOUNT = select(tables.account).where(tables.account.c.source == bindparam("source"))
_LOCKED = _ACCOUNT.with_for_update()


def _lock_account(pipe: Pipe, request: Request) -> tuple[Account, Spent, bool]:
    """Lock the source's account until the transaction ends; it, what is spent of it, and was it opened by this?

    SQLite is locked as a whole already. On PostgreSQL a second opener waits in `claim`, any other in the first
    question. The server takes up the next one after that, so its answer knows what those before us have spent.
    """
    is_new = False
    while True:
        account = pipe.ask(_LOCKED, source=request.source)
        spent = pipe.ask(spending.KEPT, **spending.touched(request))
        for row in account():
            return Account(**row), spending.kept(spent()), is_new
        is_new = pipe.claim(tables.account, asdict(_new_account(request)))


def _account(connection: Connection, source: str) -> Account | None:
    row = connection.execute(_ACCOUNT, {"source": source}).first()
    return None if row is None else Account(**row._mapping)


def _statement(connection: Connection, account: Account) -> AccountStatement:
    paid: defaultdict[str, dict[str, Fraction]] = defaultdict(dict)
    of_source = tables.charge.c.source == account.source
    columns = (tables.paid.c.charge, tables.paid.c.statistic, tables.paid.c.rho)
    for charge, statistic, rho in connection.execute(select(*columns).join(tables.charge).where(of_source)):
        paid[charge][statistic] = rho
    charges = connection.execute(
        select(tables.charge).where(of_source).order_by(tables.charge.c.time, tables.charge.c.charge)
    )
    units = spending.summed(connection, account.source)
    return AccountStatement(
        account,
        tuple(
            UnitStatement(start, next_unit(start, account.unit), rho, account.cap_rho - rho)
            for start, rho in sorted(units.items())
        ),
        tuple(YearStatement(year, rho, account.year_rho - rho) for year, rho in by_year(units).items()),
        tuple(ChargeStatement(c.charge, c.time, c.plan_digest, paid[c.charge], c.release) for c in charges),
    )


def _now() -> datetime:
    return datetime.now(UTC)
