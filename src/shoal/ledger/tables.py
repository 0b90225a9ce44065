"""The tables of the account database. Nothing in them names a record, a file or a device.

Budgets are text, "numerator/denominator": no float and no rounding, on either database. Dates and times are ISO 8601
text, times in UTC, so that both databases sort and show them alike.
"""

import re
from datetime import UTC, date, datetime
from fractions import Fraction

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

from shoal.errors import StateError

VERSION = 3
"""Of this layout; a database with another is not touched."""


class Exact(TypeDecorator[Fraction]):
    """A Fraction as text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, _: Dialect) -> str | None:
        if value is None:
            return None
        if type(value) is not Fraction:
            raise TypeError(f"the account keeps exact fractions, got {type(value).__name__}")
        return f"{value.numerator}/{value.denominator}"

    def process_result_value(self, value: str | None, _: Dialect) -> Fraction | None:
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,2000}/[1-9][0-9]{0,2000}", value):
            raise damaged()
        return Fraction(value)


class Day(TypeDecorator[date]):
    """A local date as text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: date | None, _: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, _: Dialect) -> date | None:
        try:
            return None if value is None else date.fromisoformat(value)
        except ValueError:
            raise damaged() from None


class Period(TypeDecorator[date | int]):
    """An account unit, by its first day, or a calendar year: "2026-03-02", "2026"."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: date | int | None, _: Dialect) -> str | None:
        if value is None:
            return None
        return f"{value:04}" if isinstance(value, int) else value.isoformat()

    def process_result_value(self, value: str | None, _: Dialect) -> date | int | None:
        try:
            if value is None:
                return None
            return int(value) if re.fullmatch(r"[0-9]{4}", value) else date.fromisoformat(value)
        except ValueError:
            raise damaged() from None


class Instant(TypeDecorator[datetime]):
    """An aware time as text, in UTC with microseconds."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, _: Dialect) -> datetime | None:
        try:
            return None if value is None else datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:
            raise damaged() from None


def damaged() -> StateError:
    return StateError(
        "the account database holds an entry that Shoal did not write, so what is left can't be known; "
        "restore it from a backup"
    )


metadata = MetaData()

schema = Table("shoal_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

account = Table(
    "shoal_account",
    metadata,
    Column("source", String, primary_key=True),
    Column("timezone", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("synthetic", Boolean, nullable=False),
    Column("cap_rho", Exact, nullable=False),
    Column("cap_epsilon", Exact, nullable=False),
    Column("cap_delta", Exact, nullable=False),
    Column("year_rho", Exact, nullable=False),
    Column("year_epsilon", Exact),
    Column("created", Instant, nullable=False),
)

charge = Table(
    "shoal_charge",
    metadata,
    Column("charge", String, primary_key=True),
    Column("source", ForeignKey(account.c.source), nullable=False, index=True),
    Column("time", Instant, nullable=False),
    Column("plan_digest", String, nullable=False),
    Column("key", String, nullable=False, index=True),
    Column("release", String),
)

paid = Table(
    "shoal_paid",
    metadata,
    Column("charge", ForeignKey(charge.c.charge), primary_key=True),
    Column("statistic", String, primary_key=True),
    Column("rho", Exact, nullable=False),
)
"""What one row of each statistic was charged: what noise may be drawn for."""

cost = Table(
    "shoal_cost",
    metadata,
    Column("charge", ForeignKey(charge.c.charge), primary_key=True),
    Column("start", Day, primary_key=True),
    Column("source", ForeignKey(account.c.source), nullable=False),
    Column("rho", Exact, nullable=False),
    Index("shoal_cost_of", "source", "start"),
)
"""What each charge takes from each account unit, named by its first day."""

spent = Table(
    "shoal_spent",
    metadata,
    Column("source", ForeignKey(account.c.source), primary_key=True),
    Column("period", Period, primary_key=True),
    Column("rho", Exact, nullable=False),
)
"""What all charges together took from each account unit, and from all that begin in a calendar year. These sums of
`cost` are kept so that a charge need not add up all others (`spending`)."""

event = Table(
    "shoal_event",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("about", String),
    Column("entry", Text, nullable=False),
    Column("position", Integer, unique=True),
    Index("shoal_event_of", "kind", "about"),
)
"""Entries of the public log, written in the transaction of what they tell. `position` is their place in the log, given
when they are handed on to it (`journal`); an entry without one is on its way."""

log = Table("shoal_log", metadata, Column("key", String, primary_key=True))
"""One row: the public key of the log that these accounts are told in."""

opt_out = Table(
    "shoal_opt_out",
    metadata,
    Column("hash", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Devices that are never counted: of each a keyed hash, 64 bits read as a signed number (`optouts`). The rows stand in
the order of their hashes: nothing says which came first, or with which."""

opt_out_version = Table(
    "shoal_opt_out_version",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("key_check", String, nullable=False),
    Column("named", String),
)
"""Every version of that list, from 1: how many devices were named, known or not, and which key hashed them. `named` is
a keyed digest of those that were added, by which the same change is known again; none where devices were removed."""
