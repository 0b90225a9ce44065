"""Each way in which the database can fail: one sentence, no password, no traceback of a driver."""

import os
import stat
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from shoal.errors import ShoalError, StateError, UsageError
from shoal.ledger.accounts import Accounts
from tests.ledger.conftest import Server
from tests.ledger.requests import request

SECRET = "hunter2"


def sqlite(path: Path) -> str:
    return f"sqlite:///{path}"


def shows(error: BaseException, word: str) -> bool:
    return word in "".join(traceback.format_exception(error)) + repr(error)


def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "above" / "state" / "accounts.sqlite"
    Accounts.open(sqlite(path)).charge(request())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["accounts.sqlite"]


def test_a_commit_survives_a_power_cut(tmp_path: Path) -> None:
    with Accounts.open(sqlite(tmp_path / "a.sqlite"))._database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    assert settings == {"synchronous": 3, "journal_mode": "delete", "foreign_keys": 1}


def test_a_server_that_commits_lazily_is_made_to_wait(postgresql: Server) -> None:
    url = postgresql.new_database()
    for preferred, used in (("off", "on"), ("remote_apply", "remote_apply")):
        postgresql.run(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = '{preferred}'")
        with Accounts.open(url)._database.writing() as connection:
            assert connection.execute(text("SHOW synchronous_commit")).scalar() == used


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@host/db",
        f"postgresql+asyncpg://me:{SECRET}@host/db",
        f"me:{SECRET}@host",
        f"postgresql://me:{SECRET}@host:port/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:a.sqlite?uri=true",
        "",
    ],
)
def test_another_kind_of_address(url: str) -> None:
    with pytest.raises(UsageError, match="the address of the accounts must be sqlite:///") as error:
        Accounts.open(url)
    assert error.value.exit_status == 2 and not shows(error.value, SECRET)


def test_a_password_that_is_not_escaped() -> None:
    with pytest.raises(UsageError, match="write @ in a user or password as %40") as error:
        Accounts.open(f"postgresql://me:pass@{SECRET}@host/db")
    assert not shows(error.value, SECRET)


def test_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StateError, match=r"pip install 'shoal\[postgresql\]'") as error:
        Accounts.open(f"postgresql://me:{SECRET}@localhost/db")
    assert not shows(error.value, SECRET)


@pytest.mark.parametrize("form", ["postgresql://me:{}@127.0.0.1:1/db", "postgresql://me@127.0.0.1:1/db?password={}"])
def test_server_unreachable(form: str) -> None:
    with pytest.raises(StateError, match=r"account database db on 127.0.0.1:1: the server can't be reached") as error:
        Accounts.open(form.format(SECRET))
    assert not shows(error.value, SECRET) and not shows(error.value, "psycopg")


def test_login_refused(postgresql: Server) -> None:
    for wrong in (postgresql.url(password=SECRET), postgresql.url(user="nobody", password=SECRET)):
        with pytest.raises(StateError, match="the server refused the login") as error:
            Accounts.open(wrong)
        assert not shows(error.value, SECRET)


def test_no_such_database(postgresql: Server) -> None:
    with pytest.raises(StateError, match="has no such database") as error:
        Accounts.open(postgresql.url("nowhere"))
    assert not shows(error.value, postgresql.password)


def test_user_without_rights(postgresql: Server) -> None:
    postgresql.run(f"CREATE ROLE guest LOGIN PASSWORD '{SECRET}'")
    with pytest.raises(StateError, match="this user may not use it; grant the right"):
        Accounts.open(postgresql.url(user="guest", password=SECRET))


def test_locked_too_long(url: str) -> None:
    holder, waiter = Accounts.open(url), Accounts.open(url, wait=0.2)
    holder.charge(request())
    with holder._database.writing() as connection:
        connection.execute(text("UPDATE shoal_account SET unit = unit"))
        with pytest.raises(StateError, match=r"locked for 0.2 s; try again") as error:
            waiter.charge(request())
    assert error.value.exit_status == 1
    assert waiter.charge(request()).charge


def test_a_short_lock_is_waited_for(url: str) -> None:
    holder = Accounts.open(url)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with holder._database.writing() as connection:
            connection.execute(text("UPDATE shoal_account SET unit = unit"))
            held.set()
            release.wait(20)

    holder.charge(request())
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(20)
    threading.Timer(0.2, release.set).start()
    assert Accounts.open(url).charge(request()).charge
    assert release.is_set()
    thread.join()


def test_disk_full(tmp_path: Path) -> None:
    accounts = Accounts.open(sqlite(tmp_path / "a.sqlite"))
    accounts.charge(request(source="before"))

    def keep_small(connection: object, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]

    event.listen(accounts._database._engine, "connect", keep_small)
    large = request(rho={f"s{n}": Fraction(1, 10**6) for n in range(1000)})
    with pytest.raises(StateError, match="the disk is full; make room"):
        accounts.charge(large)
    event.remove(accounts._database._engine, "connect", keep_small)
    assert [statement.account.source for statement in accounts.statement()] == ["before"]
    assert accounts.charge(large).charge


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be looked at" * 40, b"SQLite format 3\x00" * 80]
)
def test_file_is_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(content)
    with pytest.raises(StateError, match=r"a\.sqlite: .*; restore it from a backup"):
        Accounts.open(sqlite(path))
    assert path.read_bytes() == content


def test_database_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="it can't be opened"):
        Accounts.open(sqlite(tmp_path))


def test_folder_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StateError, match="can't be the state folder, as a file is in its place"):
        Accounts.open(sqlite(tmp_path / "state" / "a.sqlite"))


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """As a user who owns nothing here, but may pass through the folders of pytest."""
    if os.geteuid() != 0:
        yield
        return
    above = [path for path in folder.parents if path.stat().st_uid == 0 and path.stat().st_mode & 0o055 != 0o055]
    for path in above:
        path.chmod(path.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for path in above:
            path.chmod(path.stat().st_mode & ~0o055)


def test_folder_not_writable(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o555)
    with as_nobody(state), pytest.raises(StateError, match="can't be read and written by this user; grant the right"):
        Accounts.open(sqlite(state / "a.sqlite"))


def test_file_not_writable(tmp_path: Path) -> None:
    state = tmp_path / "state"
    Accounts.open(sqlite(state / "a.sqlite"))
    (state / "a.sqlite").chmod(0o444)
    state.chmod(0o555)
    with as_nobody(state):
        accounts = Accounts.open(sqlite(state / "a.sqlite"))
        with pytest.raises(StateError, match="it can't be written; give this user the right"):
            accounts.charge(request())
    state.chmod(0o755)


def test_another_layout_is_not_touched(url: str) -> None:
    with Accounts.open(url)._database.writing() as connection:
        connection.execute(text("UPDATE shoal_schema SET version = 4"))
    with pytest.raises(StateError, match="has layout 4 and this Shoal knows 3; use the version"):
        Accounts.open(url)


def test_a_bug_of_ours_keeps_its_traceback(url: str) -> None:
    with pytest.raises(Exception, match=r"(?i)syntax") as error, Accounts.open(url)._database.writing() as connection:
        connection.execute(text("SELEKT 1"))
    assert not isinstance(error.value, ShoalError)


def test_nothing_but_our_tables_and_columns(url: str) -> None:
    """A new column must be thought about: nothing may name a record, a file or a device."""
    Accounts.open(url)
    address = url.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(address, poolclass=NullPool)
    with engine.connect() as connection:
        seen = inspect(connection)
        found = {table: [column["name"] for column in seen.get_columns(table)] for table in seen.get_table_names()}
    assert found == {
        "shoal_schema": ["version"],
        "shoal_account": [
            "source", "timezone", "unit", "synthetic", "cap_rho", "cap_epsilon", "cap_delta", "year_rho",
            "year_epsilon", "created",
        ],
        "shoal_charge": ["charge", "source", "time", "plan_digest", "key", "release"],
        "shoal_paid": ["charge", "statistic", "rho"],
        "shoal_cost": ["charge", "start", "source", "rho"],
        "shoal_spent": ["source", "period", "rho"],
        "shoal_event": ["number", "id", "kind", "about", "entry", "position"],
        "shoal_log": ["key"],
        "shoal_opt_out": ["hash"],
        "shoal_opt_out_version": ["version", "added", "removed", "key_check", "named"],
    }  # fmt: skip
