"""Many clients on one PostgreSQL server, and the connection that each process keeps and no fork shares."""

import os
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from shoal.ledger.accounts import Accounts
from shoal.ledger.entries import ChargeEntry, Entries
from shoal.ledger.journal import Journal
from tests.ledger.conftest import Server
from tests.ledger.requests import request

CLIENTS, EACH, SOURCES = 40, 3, 8
RHO = Fraction(1, 1000)


@pytest.fixture
def accounts(postgresql: Server) -> Accounts:
    """Open, and with a connection that is kept."""
    opened = Accounts.open(postgresql.new_schema())
    opened.charge(request(source="first"))
    return opened


def children(number: int, work: Callable[[int], list[str]]) -> list[str]:
    """What the forked children say, a word a line; each must end well."""
    pipes = []
    for n in range(number):
        reading, writing = os.pipe()
        if os.fork() == 0:
            status = 1
            try:
                os.write(writing, "".join(f"{word}\n" for word in work(n)).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        pipes.append(reading)
    said = []
    for reading in pipes:
        with os.fdopen(reading) as lines:
            said += lines.read().split()
    assert [os.waitstatus_to_exitcode(os.wait()[1]) for _ in pipes] == [0] * number
    return said


def backend(accounts: Accounts) -> str:
    """The server's process at the other end of the connection."""
    with accounts.database.reading() as connection:
        return str(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def counted(accounts: Accounts, folder: Path) -> tuple[Counter[str], Counter[str], Fraction]:
    """Charges of the account and of the log, each as often as it is there, and what is spent."""
    ours = [s for s in accounts.statement() if s.account.source.startswith("many")]
    journal = Journal(accounts.database, folder)
    logged = [
        e for e in map(Entries.parse, _published(journal)) if isinstance(e, ChargeEntry) and e.source.startswith("many")
    ]
    return (
        Counter(charge.charge for s in ours for charge in s.charges),
        Counter(entry.charge for entry in logged),
        sum((unit.spent for s in ours for unit in s.units), Fraction(0)),
    )


def _published(journal: Journal) -> list[bytes]:
    journal.publish()
    view = journal.log.view()
    return list(view.entries(0, view.size))


def test_no_charge_of_forty_clients_is_lost_or_there_twice(accounts: Accounts, tmp_path: Path) -> None:
    """Each is a fork of a process that holds a connection; they open their accounts at the same time, too."""

    def client(n: int) -> list[str]:
        asked = request(source=f"many{n % SOURCES}", rho=RHO)
        return [accounts.charge(asked).charge for _ in range(EACH)]

    paid = children(CLIENTS, client)
    assert len(set(paid)) == len(paid) == CLIENTS * EACH
    in_accounts, in_log, spent = counted(accounts, tmp_path)
    assert in_accounts == in_log == Counter(paid)
    assert spent == len(paid) * RHO


def test_a_charge_without_its_entry_would_be_seen(
    accounts: Accounts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded bug: the test above compares exactly this."""
    monkeypatch.setattr("shoal.ledger.outbox.rows", lambda *_: [])
    charge = accounts.charge(request(source="many", rho=RHO)).charge
    monkeypatch.undo()
    in_accounts, in_log, _ = counted(accounts, tmp_path)
    assert (in_accounts, in_log) == (Counter([charge]), Counter())


def test_a_connection_is_kept_and_never_shared_across_a_fork(accounts: Accounts) -> None:
    ours = backend(accounts)
    theirs = children(3, lambda _: [backend(accounts), backend(accounts)])
    assert len(set(theirs)) == 3
    assert ours not in theirs
    assert backend(accounts) == ours  # theirs ended, ours did not


def test_a_fork_that_kept_the_connection_would_be_seen(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeded bug: the process is never looked at."""
    ours = backend(accounts)
    monkeypatch.setattr(type(accounts.database), "_own_engine", lambda database: database._engine)
    assert children(1, lambda _: [backend(accounts)]) == [ours]


def test_a_kept_connection_that_the_server_ended_is_made_anew(accounts: Accounts, postgresql: Server) -> None:
    ours = backend(accounts)
    postgresql.run(f"SELECT pg_terminate_backend({ours}, 5000)")
    accounts.charge(request(source="again"))
    assert backend(accounts) != ours


def test_rest_gives_the_connection_back(accounts: Accounts, postgresql: Server) -> None:
    ours = backend(accounts)
    accounts.database.rest()
    assert _alive(postgresql, ours) == 0
    assert backend(accounts) != ours


def _alive(postgresql: Server, process: str) -> Any:
    """Is there such a process of the server's still? It may take a moment to end, on a busy machine a long one."""
    other, until = Accounts.open(postgresql.new_schema()), time.monotonic() + 60
    while True:
        with other.database.reading() as connection:
            found = connection.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {process}")).scalar()
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.01)
