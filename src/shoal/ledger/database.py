"""The database under the accounts: SQLite or PostgreSQL, its transactions, and its failures in sentences.

A commit is on the disk before it returns: a charge that could be forgotten by a power cut would let its noise be drawn
for nothing. A connection to PostgreSQL costs the server and us more than a charge does, so one is kept for the next
transaction of this process; a fork never shares it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from select import POLLIN, poll
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select, text, update
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.pool import NullPool, QueuePool

from shoal.errors import StateError, UsageError
from shoal.ledger import spending, tables
from shoal.ledger._files import create_once, make_folder
from shoal.ledger.pipe import Pipe, PostgresqlPipe, SqlitePipe

_ADVISORY_LOCK = 0x73686F616C  # "shoal": held while the tables are made
_WITHOUT_TOTALS = 2  # the layout before `tables.spent`
_SQLITE = {
    "SQLITE_BUSY": "another process has kept it locked for {wait:g} s; try again when that one has ended",
    "SQLITE_FULL": "the disk is full; make room and run again",
    "SQLITE_READONLY": "it can't be written; give this user the right to write the file and its folder",
    "SQLITE_PERM": "it can't be written; give this user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "it can't be opened; give this user the right to read and write the file and its folder",
    "SQLITE_NOTADB": "it is not an account database; restore it from a backup",
    "SQLITE_CORRUPT": "it is damaged, so what is left can't be known; restore it from a backup",
    "SQLITE_IOERR": "the disk failed while it was read or written; check the disk and run again",
}
_POSTGRESQL = {
    "55P03": "another process has kept the account locked for {wait:g} s; try again when that one has ended",
    "53100": "the server's disk is full; make room and run again",
    "42501": "this user may not use it; grant the right to create, read and write Shoal's tables",
    "25006": "the server takes no writes now; use the primary server",
    "28": "the server refused the login; check user and password in the address",
    "3D000": "the server has no such database; create it first",
    "53300": "the server has no connection free; try again later",
}
_CONNECTING = {
    "pg_hba": "28",
    "authentication failed": "28",
    "no password supplied": "28",
    "too many": "53300",
    "role ": "28",
    "database ": "3D000",
}
"""While it connects, libpq gives words and no code."""


class Database:
    """A database with Shoal's tables in it."""

    def __init__(self, url: str | URL, *, wait: float = 30) -> None:
        """Open the database at `url` and make its tables if there are none; `wait` seconds for a lock, then give up.

        url  sqlite:///path/to/file, or postgresql://user:password@host/database
        """
        address = _address(url)
        self.name = _name(address)
        self._wait = wait
        # For one transaction only, and in one question: a pooler keeps nothing from one to the next.
        self._settings = (
            f"SELECT set_config('lock_timeout', '{max(1, round(wait * 1000))}', true), "
            "set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true)"
        )
        if address.get_backend_name() == "sqlite":
            path = Path(str(address.database))
            make_folder(path.parent)
            create_once(path, b"")
            self._engine = _sqlite(address, wait)
        else:
            self._engine = _postgresql(address, self._settings)
        self._process = os.getpid()
        self._driver_error: type[Exception] = self._engine.dialect.loaded_dbapi.Error
        with self.reading() as connection:
            known = self._layout(connection)
        if known != tables.VERSION:
            with self.writing() as connection:
                self._make_tables(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, and rolled back by any error; on SQLite it locks at once."""
        with self._sentences(), self._own_engine().connect() as connection:
            connection.execution_options(shoal_writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction in which every query sees the same moment."""
        with self._sentences(), self._own_engine().connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def pipe(self) -> Iterator[Pipe]:
        """As `writing`, for what is asked so often that its trips to the server are counted."""
        with self._sentences(), closing(self._own_engine().raw_connection()) as kept:
            driver, dialect = kept.driver_connection, self._engine.dialect
            sqlite = dialect.name == "sqlite"
            try:
                with SqlitePipe(driver, dialect) if sqlite else PostgresqlPipe(driver, dialect, self._settings) as pipe:
                    yield pipe
            except BaseException:
                if not sqlite and getattr(driver, "closed", False):
                    kept.invalidate()  # the server has ended it: the pool is not to ask it for a rollback
                raise

    def rest(self) -> None:
        """Close the connection that is kept, before hours in which nothing is asked: others may need its place."""
        self._own_engine().dispose()

    def _own_engine(self) -> Engine:
        """The engine without connections of a process that this one was forked from: they stay its, open."""
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._process = os.getpid()
        return self._engine

    def _layout(self, connection: Connection) -> int | None:
        """Version of the tables; None: there are none. Raises `StateError` for one that is not known."""
        if not inspect(connection).has_table(tables.schema.name):
            return None
        version: int | None = connection.execute(select(tables.schema.c.version)).scalar()
        if version not in (_WITHOUT_TOTALS, tables.VERSION):
            raise StateError(
                f"{self.name} has layout {version} and this Shoal knows {tables.VERSION}; "
                "use the version of Shoal that wrote it, or a newer one"
            )
        return version

    def _make_tables(self, connection: Connection) -> None:
        """Make the tables, or those that an older layout lacks: no charge is lost, and none is there twice."""
        if connection.dialect.name == "postgresql":  # a second one waits here; SQLite is locked already
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        known = self._layout(connection)
        tables.metadata.create_all(connection)
        if known is None:
            connection.execute(insert(tables.schema).values(version=tables.VERSION))
        elif known == _WITHOUT_TOTALS:
            spending.keep(connection)
            connection.execute(update(tables.schema).values(version=tables.VERSION))

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, self._driver_error) as error:  # `from None`: their text may hold what was in the address
            if (sentence := self._sentence(error.orig if isinstance(error, DBAPIError) else error)) is None:
                raise
            raise StateError(f"{self.name}: {sentence.format(wait=self._wait)}") from None

    def _sentence(self, cause: BaseException | None) -> str | None:
        """What went wrong and what to do; None for a bug of ours, which keeps its traceback."""
        if isinstance(cause, sqlite3.Error):
            code = getattr(cause, "sqlite_errorname", "")
            found = next((_SQLITE[known] for known in _SQLITE if code.startswith(known)), None)
            ours = code == "SQLITE_ERROR" or not isinstance(cause, sqlite3.OperationalError)
            return found if found or ours else f"SQLite failed ({code}); check the disk and run again"
        state = getattr(cause, "sqlstate", None)
        if state is None:
            words = str(cause).lower()
            state = next((code for part, code in _CONNECTING.items() if part in words and "fatal" in words), "08")
        if state.startswith(("08", "57P")):
            return "the server can't be reached; check that it runs and that host and port in the address are right"
        return next((_POSTGRESQL[known] for known in _POSTGRESQL if state.startswith(known)), None)


def _address(url: str | URL) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        address = URL.create("unknown")
    kind = address.drivername
    if "@" in f"{address.host}{address.database}" and kind != "sqlite":  # a piece of the password: messages show these
        raise UsageError("the address of the accounts has an @ too many; write @ in a user or password as %40")
    if kind == "sqlite" and address.database not in (None, "", ":memory:") and not address.query:
        return address
    if kind in ("postgresql", "postgresql+psycopg"):
        if isinstance(password := address.query.get("password"), str):  # where SQLAlchemy would show it
            address = address.difference_update_query(["password"]).set(password=password)
        return address.set(drivername="postgresql+psycopg")
    raise UsageError(
        "the address of the accounts must be sqlite:///path/to/file or postgresql://user:password@host/database"
    )


def _name(address: URL) -> str:
    """What messages call the database: never with user or password."""
    if address.get_backend_name() == "sqlite":
        return f"the account database {address.database}"
    host = address.host or address.query.get("host", "localhost")
    port = f":{address.port}" if address.port else ""
    return f"the account database {address.database} on {host}{port}"


def _sqlite(address: URL, wait: float) -> Engine:
    engine = create_engine(
        address, poolclass=NullPool, hide_parameters=True, paramstyle="named", connect_args={"timeout": wait}
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        # With a rollback journal, FULL may undo the last commit after a power cut; EXTRA syncs the folder too.
        # fullfsync: on macOS a plain fsync leaves data in the drive's cache. No effect elsewhere.
        for pragma in ("foreign_keys = ON", "synchronous = EXTRA", "fullfsync = ON", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("shoal_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(address: URL, settings: str) -> Engine:
    options: dict[str, Any] = {"prepare_threshold": None}  # a pooler between us and the server keeps no statements
    if "connect_timeout" not in address.query:
        options["connect_timeout"] = 10
    try:
        # READ COMMITTED whatever the server's default: after waiting for the account's lock, the sum must see what
        # the process before us committed. Under REPEATABLE READ it would not, and both would spend the same budget.
        # One connection is kept, more are closed after use.
        engine = create_engine(
            address,
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=-1,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args=options,
        )
    except ImportError:
        raise StateError(
            "accounts on PostgreSQL need its driver; install it with: pip install 'shoal[postgresql]'"
        ) from None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(settings)

    @event.listens_for(engine, "checkout")
    def look(driver: Any, *_: object) -> None:
        """The server has nothing to say on a connection that is kept, but that it ends: then another is made."""
        looking = poll()
        looking.register(driver, POLLIN)
        if looking.poll(0):
            raise DisconnectionError

    return engine
